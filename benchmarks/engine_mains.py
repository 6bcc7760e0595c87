"""Mains found, cut, and the QRS complex left: measured with the functions that the tests of `condition` judge by."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from edgeecg.data import load_beats, load_excerpt
from edgeecg.io.wfdb import read_annotations, read_record
from edgeecg_kernels.state import FLAG_MAINS, GRID_HZ
from tests.kernels.test_condition import MAINS_HZ, QUIET_RECORDS, cut_db, qrs_heights, run, tone
from tests.laws.signals import heart

LEVELS_MV = (0.1, 0.3, 1.0)
FOUND_WITHIN_S = 2.0
LENGTH_S = 60

ITS_OWN_HZ = (60.0,)
"""The bundled recording has mains already: what is added must be the same, or there would be two.

Its own, a hundredth of a millivolt, is lost now and then for some seconds and left in, while with more of it added it never is.
So what is left of the added is measured where its own is taken off in both; elsewhere the difference is its own.
"""

Heart = tuple[NDArray[np.float64], NDArray[np.int64]]
"""A lead in mV on the grid, and its R peaks."""
Hearts = dict[str, tuple[Heart, tuple[float, ...]]]
"""Hearts, and the mains for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mains:
    """The worst of all mains frequencies, for one heart under one level of mains."""

    heart: str
    mv: float
    found_s: float
    """From when on every sample is marked."""
    cut_db: float
    qrs_changed_percent: float


def hearts(data: Path | None) -> Hearts:
    """Synthetic hearts of three rates, the bundled recording, and records that have no mains of their own; and the mains for each."""
    found: Hearts = {
        f"synthetic, {bpm:g}/min": (heart(GRID_HZ, LENGTH_S, bpm=bpm, noise_mv=0.005), MAINS_HZ) for bpm in (55.0, 100.0, 170.0)
    }
    excerpt = load_excerpt()
    found["bundled, upon its own 60 Hz"] = _on_grid(excerpt.samples_mv, load_beats()[0], excerpt.rate_hz), ITS_OWN_HZ
    for record in QUIET_RECORDS if data else ():
        path = Path(data or "") / "mitdb" / record
        marks = read_annotations(path.with_suffix(".atr"))
        beats = marks.samples[np.isin(marks.symbols, list("NLRVAJFE"))]
        found[f"mitdb {record}"] = _on_grid(read_record(path).lead(0).millivolts(), beats, 360.0), MAINS_HZ
    return found


def _on_grid(lead: NDArray[np.float64], beats: NDArray[np.int64], rate_hz: float) -> Heart:
    n = int(LENGTH_S * rate_hz)
    return resample_poly(lead[:n], GRID_HZ, int(rate_hz)), beats[beats < n] * GRID_HZ // int(rate_hz)


def measure(name: str, of: Heart, mains_hz: tuple[float, ...], mv: float) -> Mains:
    """Add mains of every frequency, one at a time."""
    x, peaks = of
    plain, own = run(x)
    compared = own & FLAG_MAINS > 0 if mains_hz == ITS_OWN_HZ else np.ones(len(x), np.bool_)
    compared[: int(FOUND_WITHIN_S * GRID_HZ)] = False
    heights = qrs_heights(plain, peaks)
    found_s, cut, changed = [], [], []
    for hz in mains_hz:
        y, flags = run(x + tone(hz, mv, len(x)))
        unmarked = np.flatnonzero(flags & FLAG_MAINS == 0)
        found_s.append((unmarked[-1] + 1) / GRID_HZ if len(unmarked) else 0.0)
        cut.append(cut_db(y[compared], plain[compared], mv))
        changed.append(100 * float(np.abs(qrs_heights(y, peaks) / heights - 1).max()))
    return Mains(heart=name, mv=mv, found_s=max(found_s), cut_db=min(cut), qrs_changed_percent=max(changed))


def measure_all(data: Path | None) -> list[Mains]:
    """Measure every heart at every level."""
    return [measure(name, of, mains_hz, mv) for name, (of, mains_hz) in hearts(data).items() for mv in LEVELS_MV]
