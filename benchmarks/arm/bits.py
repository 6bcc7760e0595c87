"""Do the kernels, and the engine around them, give the same bits on another machine? `python -m benchmarks.arm.bits make FOLDER` here, `... check FOLDER` there.

`make` writes seeded inputs and what the kernels made of them; `check` runs the same kernels on the same inputs and compares bit for bit.
Inputs travel, so that only these are compared. `check --model` does a classifier's golden window too, within its card's tolerance.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.encoding import events_crc
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.rulefacts import default_rules
from edgeecg.types import Chunk, Record, SourceChange, SourceState
from edgeecg_kernels.condition import condition, condition_reset
from edgeecg_kernels.condition_qrs import condition_qrs, condition_qrs_lead
from edgeecg_kernels.condition_state import CONDITION_STATE, condition_params
from edgeecg_kernels.quality import quality, quality_reset
from edgeecg_kernels.quality_state import QUALITY_STATE, quality_params
from edgeecg_kernels.resample import resample, resample_reset
from edgeecg_kernels.resample_state import RESAMPLE_STATE, design
from edgeecg_kernels.state import EVENT, GRID_HZ

CHUNK = 64
SECONDS = 40.0
Signal = NDArray[np.float64]


def inputs() -> dict[str, Signal]:
    """Return hearts in mV on the grid: at rest, and all that can go wrong."""
    from edgeecg.bench.workloads import MV_PER_COUNT, QUIET, WORKLOADS, WORST, hearts_of

    return {name: hearts_of(WORKLOADS[name], SECONDS)[0].astype(np.float64) * MV_PER_COUNT for name in (QUIET, WORST)}


def _chunks(x: Signal) -> Iterator[tuple[int, Signal]]:
    for first in range(0, len(x) - CHUNK + 1, CHUNK):
        yield first, x[first : first + CHUNK]


def resampled(x: Signal) -> list[NDArray[Any]]:
    """From 360 Hz to the grid."""
    params, taps = design(360.0)
    state, y, made = np.zeros(1, RESAMPLE_STATE), np.zeros(4 * CHUNK), []
    resample_reset(state[0], params[0], 0)
    for _, chunk in _chunks(x):
        made.append(y[: resample(state, params, taps, chunk, y)].copy())
    return [np.concatenate(made), state.view(np.uint8)]


def conditioned(x: Signal) -> list[NDArray[Any]]:
    """Filters, mains, flags."""
    state, params = np.zeros(1, CONDITION_STATE), condition_params()
    condition_reset(state[0])
    y, flags = np.zeros(len(x)), np.zeros(len(x), np.uint8)
    for first, chunk in _chunks(x):
        condition(state, params, chunk, first, y[first : first + CHUNK], flags[first : first + CHUNK])
    return [y, flags, state.view(np.uint8)]


def rated(x: Signal) -> list[NDArray[Any]]:
    """Quality of what is told to have no beats: logarithms and exponentials."""
    state, out, rows = np.zeros(1, QUALITY_STATE), np.zeros(64, EVENT), []
    quality_reset(state[0])
    params, mains, flags = quality_params(), np.zeros(8), np.zeros(CHUNK, np.uint8)
    for first, chunk in _chunks(x):
        rows.append(out[: quality(state, params, chunk, flags, first, mains, out, 0)].copy())
    return [np.concatenate(rows).view(np.uint8), state.view(np.uint8)]


def detected(x: Signal) -> list[NDArray[Any]]:
    """Beats: conditioning and detector, both networks included."""
    lead, out, rows = condition_qrs_lead(), np.zeros(64, EVENT), []
    for _, chunk in _chunks(x):
        rows.append(out[: condition_qrs(lead, chunk, out)].copy())
    return [np.concatenate(rows).view(np.uint8), lead.view(np.uint8)]


def engine(x: Signal) -> list[NDArray[Any]]:
    """All events, alerts among them, and all state: rules are Python's, and ask the C library too."""
    whole = Engine(EngineConfig(streams=(StreamFacts(name="bits", rate_hz=float(GRID_HZ), mv_per_unit=1.0),), rules=default_rules()))
    records: list[Record] = [
        SourceState("bits", SourceChange.OPENED, 0, 1),
        *(Chunk("bits", y, (first + CHUNK) * 4_000_000) for first, y in _chunks(x)),
    ]
    told = np.array([events_crc(given) for given in whole.feed_many(records)])
    return [told, np.frombuffer(whole.snapshot(), np.uint8)]


KERNELS: dict[str, Callable[[Signal], list[NDArray[Any]]]] = {
    "resample": resampled, "condition": conditioned, "quality": rated, "condition + detect": detected, "whole engine": engine,
}  # fmt: skip


def _file(kernel: str) -> str:
    return kernel.replace(" ", "")


def make(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for name, x in inputs().items():
        np.save(folder / f"{name}.npy", x)
        for kernel, run in KERNELS.items():
            np.savez(folder / f"{name}.{_file(kernel)}.npz", *run(x))
    print(f"{folder}: {SECONDS:g} s of each heart at {GRID_HZ} Hz, and what {', '.join(KERNELS)} made of it")
    return 0


def check(folder: Path) -> int:
    differing = 0
    for kernel, run in KERNELS.items():
        for path in sorted(folder.glob("*.npy")):
            begun_s = time.monotonic()
            made = run(np.load(path))
            with np.load(folder / f"{path.stem}.{_file(kernel)}.npz") as given:
                expected = [given[name] for name in given.files]
            n = sum(_bits_apart(a, b) for a, b in zip(made, expected, strict=True))
            differing += n
            verdict = "the same, bit for bit" if not n else f"{n} bytes differ"
            print(f"{kernel:20} {path.stem:8} {verdict}   ({time.monotonic() - begun_s:.0f} s)", flush=True)
    return int(differing > 0)


def _bits_apart(a: NDArray[Any], b: NDArray[Any]) -> int:
    if a.dtype != b.dtype or a.shape != b.shape:
        return max(a.nbytes, b.nbytes)
    return int(np.count_nonzero(a.reshape(-1).view(np.uint8) != b.reshape(-1).view(np.uint8)))


def answered(name: str) -> int:
    """Compare what a model says to its golden window with its card."""
    from edgeecg.models import card as cards
    from edgeecg.models.registry import Registry
    from edgeecg.models.verify import Verdict, check_file

    entry = Registry().entry(name)
    card = cards.read(entry.path)
    wrong = 0
    for key in card.nets:
        found = check_file(card, entry.path.parent, key)
        wrong += found.verdict not in {Verdict.SOUND, Verdict.NOT_RUN}
        print(f"{card.id} {key}: {found.verdict} {found.detail}", flush=True)
    return int(wrong > 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", metavar="NAME", help="with `check`: this model's golden window too")
    options = parser.parse_args()
    if options.what == "make":
        return make(options.folder)
    return check(options.folder) or (answered(options.model) if options.model else 0)


if __name__ == "__main__":
    sys.exit(main())
