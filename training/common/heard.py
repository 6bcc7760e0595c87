"""A recording as the engine hears it: its samples on the grid, its own beats, and when each was known.

The windows a model learns from are the ones the engine announces, so what is learned and what is asked cannot differ.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.models.windows import run
from edgeecg.types import BEAT_FIELDS, Beat, WindowReady
from edgeecg_kernels._jit import source_digest
from edgeecg_kernels.state import GRID_HZ

WINDOW_S = 10.0
WINDOW_LEN = int(WINDOW_S * GRID_HZ)
STEP_LEN = GRID_HZ
"""Windows are kept a second apart."""
HEARD_BEAT = np.dtype([("sample", "i8"), ("known_at", "i8"), *((name, "f4") for name in BEAT_FIELDS[1:])])
ASKER = ModelFacts(name="training", sha256="0" * 64, labels=("none",), window_s=WINDOW_S, hop_s=STEP_LEN / GRID_HZ, deadline_s=0.5)


_older: list[str] = []


def detector() -> str:
    """Return whose beats are learned from: the digest of the detector's sources. What it heard is kept under it, and cards name it."""
    return _older[-1] if _older else source_digest("qrs")


def learn_of(work: Path, older: str, *made: str) -> None:
    """From here on, learn from what was `made` of an older detector's beats, which only lies in the folder: it cannot hear anything more."""
    if not all((work / f"{one}-{older}.pickle").exists() for one in made or ("heard",)):
        raise RuntimeError(f"{work}: nothing heard by detector {older}")
    _older.append(older)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One lead: grid samples in mV (missing: NaN), and the engine's beats in the order they were known."""

    name: str
    rate_hz: float
    mv: NDArray[np.float32]
    first_sample: int
    """The input sample of the first window's beginning."""
    beats: NDArray[Any]
    announced_at: NDArray[np.int64]
    """For the window that begins k seconds in: the input sample whose arrival announced it."""

    @property
    def n_windows(self) -> int:
        """How many windows of ten seconds there are, a second apart."""
        return len(self.announced_at)

    def window(self, step: int) -> NDArray[np.float32]:
        """Return the samples of the window that begins `step` seconds in."""
        return self.mv[step * STEP_LEN : step * STEP_LEN + WINDOW_LEN]

    def beats_of(self, step: int, beats_s: float = WINDOW_S) -> NDArray[np.float32]:
        """Return the rows of BEAT_FIELDS that the engine gives with a window, oldest first."""
        start_s = self.first_sample / self.rate_hz + step
        at_s = self.beats["sample"] / self.rate_hz - start_s
        told = (self.beats["known_at"] <= self.announced_at[step]) & (at_s >= WINDOW_S - beats_s) & (at_s < WINDOW_S)
        rows = np.stack([at_s, *(self.beats[name] for name in BEAT_FIELDS[1:])], axis=1)[told]
        return rows[np.argsort(rows[:, 0], kind="stable")].astype(np.float32)


def hear(name: str, samples_mv: NDArray[np.float64], rate_hz: float) -> Heard:
    """Run a lead through an engine of its own, as `edgeecg.models.windows` does for `classify`."""
    windows: list[WindowReady] = []
    beats = []
    for event in run(samples_mv, StreamFacts(name="samples", rate_hz=rate_hz), ASKER):
        if isinstance(event, WindowReady):
            windows.append(event)
        elif isinstance(event, Beat):
            beats.append((event.sample, event.reported_at, *(float(getattr(event, field)) for field in BEAT_FIELDS[1:])))
    pieces = [np.frombuffer(window.samples_mv, "<f4") for window in windows]
    mv = np.concatenate([pieces[0], *(piece[-STEP_LEN:] for piece in pieces[1:])])
    announced = np.array([window.reported_at for window in windows], np.int64)
    return Heard(name, rate_hz, mv, windows[0].start_sample, np.array(beats, HEARD_BEAT), announced)
