"""What a simulated heart costs: `python benchmarks/heart_speed.py [--minutes 60]`, in processor time on one core."""

import argparse
import time

import numpy as np

from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.shapes import SHAPES, events
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg_kernels.heart import HEART_STATE, heart

SETUPS = {
    "ECG, 250 Hz": Setup(scenario=NAMED["pvc"]),
    "ECG, noise of three kinds": Setup(scenario=NAMED["pvc"], noise=(Noise("muscle", 12), Noise("wander", 6), Noise("mains50", 15))),
    "ECG and PCG, 1 kHz": Setup(scenario=NAMED["pvc"], pcg_rate_hz=1000.0),
    "ECG and PCG, murmur and a ward": Setup(
        scenario=NAMED["pvc"], pcg_rate_hz=1000.0, murmur=0.3, noise=(Noise("muscle", 12),), pcg_noise=(Noise("hospital", 5),)
    ),
}


def kernel_ns(n: int = 500_000) -> float:
    """Return nanoseconds for a step of the integration, in a steady rhythm."""
    waves = np.stack([events(SHAPES["normal"], 0.9)] * 2)
    phase = (0.5 + np.arange(1, n + 1, dtype=np.float64) * 0.002 / 0.9) % 1 * 2 * np.pi
    row, rest, out = np.zeros(n, np.int64), np.zeros(2 * n + 1), np.empty(n)
    state = np.array([(-1.0, 0.0, 0.0)], HEART_STATE)
    heart(state, waves, row[:1], phase[:1], rest[:3], 0.002, out)
    begin = time.process_time()
    heart(state, waves, row, phase, rest, 0.002, out)
    return (time.process_time() - begin) / n * 1e9


def times_real(setup: Setup, minutes: float) -> float:
    """Return how many seconds of signal a second of computing makes."""
    blocks = Simulation(setup).blocks(2500, n_samples=round(minutes * 60 * setup.rate_hz))
    next(blocks)
    begin = time.process_time()
    n = sum(len(block.ecg_mv) for block in blocks)
    return n / setup.rate_hz / (time.process_time() - begin)


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    minutes = parser.parse_args().minutes
    print(f"a step of the model: {np.median([kernel_ns() for _ in range(5)]):.0f} ns")
    for name, setup in SETUPS.items():
        speed = times_real(setup, minutes)
        print(f"{name:32} {speed:8.0f} x real time, a day in {86400 / speed:.0f} s")


if __name__ == "__main__":
    main()
