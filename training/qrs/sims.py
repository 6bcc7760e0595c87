"""Simulated hearts to learn from what recordings are short of: tachycardias, runs, pacemakers, pauses. A person is a seed."""

from collections.abc import Iterator

import numpy as np

from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation
from qrs.recordings import GRID_HZ, Recording, wideness

LEN_S = 150.0
Rng = np.random.Generator


def _settings(kind: str, rng: Rng) -> dict[str, float]:
    draw = rng.uniform
    return {
        "normal": lambda: {"bpm": draw(45.0, 130.0)},
        "vt": lambda: {"bpm": draw(110.0, 250.0), "irregularity": draw(0.0, 0.08)},
        "run": lambda: {"beats": float(rng.integers(2, 13)), "run_bpm": draw(110.0, 230.0), "every_s": draw(6.0, 15.0)},
        "pvc": lambda: {"share": draw(0.05, 0.3), "coupling": draw(0.4, 0.8)},
        "pac": lambda: {"share": draw(0.05, 0.3)},
        "bigeminy": lambda: {"coupling": draw(0.45, 0.7)},
        "paced": lambda: {"bpm": draw(50.0, 100.0)},
        "af": lambda: {"bpm": draw(60.0, 160.0)},
        "asystole": dict,
        "pause": lambda: {"pause_s": draw(2.0, 5.0)},
    }[kind]()


LASTS_S = {"vt": (5.0, 40.0), "asystole": (4.0, 8.0)}
OFTEN = {"normal": 3, "vt": 4, "run": 3, "pvc": 1, "pac": 1, "bigeminy": 1, "paced": 1, "af": 1, "asystole": 1, "pause": 1}


def _scenario(rng: Rng) -> Scenario:
    """Draw a timeline; one heart in five begins with a tachycardia."""
    kinds = [kind for kind, times in OFTEN.items() for _ in range(times)]
    episodes, at = [], 0.0
    while at < LEN_S:
        kind = str(rng.choice(kinds)) if at else str(rng.choice(["normal", "normal", "af", "paced", "vt"]))
        episodes.append(Episode(at, kind, _settings(kind, rng)))
        at += rng.uniform(*LASTS_S.get(kind, (10.0, 30.0)))
    return Scenario(name="taught", episodes=tuple(episodes), bpm=rng.uniform(50.0, 110.0))


def _noise(rng: Rng) -> tuple[Noise, ...]:
    kind = rng.choice(["none", "muscle20", "muscle12", "motion", "white"])
    if kind == "none":
        return ()
    if kind.startswith("muscle"):
        return (Noise("muscle", float(kind[-2:])),)
    return (Noise(str(kind), float(rng.uniform(6.0, 20.0) if kind == "motion" else rng.uniform(16.0, 30.0))),)


def simulated(seed: int) -> Recording:
    """Simulate one heart; half of them upside down."""
    rng = np.random.default_rng([seed, 20250])
    setup = Setup(scenario=_scenario(rng), noise=_noise(rng), seed=1000 + seed)
    n = int(LEN_S * GRID_HZ)
    block = next(Simulation(setup).blocks(n, n_samples=n))
    beats = np.array([b.sample for b in block.beats if b.visible], np.float64)
    wide = wideness([b.beat.form.symbol for b in block.beats if b.visible])
    raw = block.ecg_mv * rng.choice([-1.0, 1.0])
    return Recording(f"sim{seed}", f"sim{seed}", "sim", 0, raw, beats, wide, (), float(GRID_HZ))


def sims(count: int) -> Iterator[Recording]:
    """Yield so many hearts."""
    for seed in range(count):
        yield simulated(seed)
