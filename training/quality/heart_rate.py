"""Judge heart rate on mitdb: `PYTHONPATH=training python -m quality.heart_rate [--folds DIR] [--json PATH]`, EDGEECG_DATA set.

The annotated rate is the same mean of the last ten intervals, of the annotators' beats, all known at once and trusted.
That ten was chosen among seven windows on these same records, by a difference of 0.2 %. Two other definitions stand beside it: the mean of the
intervals that ended in the last ten seconds, and of the last four. With `--folds` each record is heard by a detector that was not
taught on its person; quality is as shipped, and `quality.calibrate --folds` judges it out of fold as well.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgeecg_kernels.quality import QUALITY_BOUND
from edgeecg_kernels.quality_tables import GOOD
from edgeecg_kernels.state import EVENT, GRID_HZ, KIND_QUALITY
from edgeecg_kernels.vitals import vitals, vitals_reset
from edgeecg_kernels.vitals_state import RECENT, RECENT_AGE, VITALS_STATE
from quality.hearing import add_folds, ears
from quality.seconds import Bools, Floats, Seconds, clean_seconds, mitdb, person_of

TOLERANCE = 1.0
WINDOW, LAST_FOUR = 10 * GRID_HZ, 4
LEAST = 3
"""Fewer intervals give no rate."""


class Agreement(NamedTuple):
    """In how many good seconds a rate is known, and within one a minute of the annotated one by each definition of that."""

    good: int
    known: int
    within: int
    within_of_window: int
    within_of_four: int

    def __add__(self, other: "Agreement") -> "Agreement":  # type: ignore[override]
        return Agreement(*(a + b for a, b in zip(self, other, strict=True)))

    def figures(self) -> dict[str, float]:
        """Give percent of all good seconds, and of those whose rate is known."""
        return {
            "heart_rate_within": round(100 * self.within / self.good, 4),
            "heart_rate_within_where_known": round(100 * self.within / self.known, 4),
            "heart_rate_within_of_ten_seconds": round(100 * self.within_of_window / self.good, 4),
            "heart_rate_within_of_four": round(100 * self.within_of_four / self.good, 4),
        }


def told_rate(case: Seconds, sound: Bools) -> Floats:
    """Return the rate that `vitals` tells in each second, if those are the ones whose own beats can be trusted; -1 where unknown."""
    n_beats, n_rows = len(case.beats), len(case.beats) + len(sound)
    rows, state = np.zeros(n_rows + len(sound), EVENT), np.zeros(1, VITALS_STATE)
    vitals_reset(state[0])
    rows[:n_beats] = case.beats
    rated = rows[n_beats:n_rows]
    rated["kind"], rated["sample"], rated["known_at"] = KIND_QUALITY, case.starts, case.starts + QUALITY_BOUND
    rated["value"][:, 6] = sound
    rows[:n_rows] = rows[:n_rows][np.argsort(rows["known_at"][:n_rows], kind="stable")]
    return np.asarray(rows["value"][n_rows : vitals(state, rows, n_rows), 0])


def annotated_rates(case: Seconds) -> tuple[Floats, Floats, Floats]:
    """Return the rate of the annotated beats as of each second's end: of ten intervals, of ten seconds, of four; NaN where unknown."""
    assert case.truth is not None
    beats = np.round(case.truth.beats * GRID_HZ / case.rate_hz).astype(np.int64)
    result = np.full((3, len(case.starts)), np.nan)
    for k, end in enumerate((case.starts + GRID_HZ).tolist()):
        ends = beats[: np.searchsorted(beats, end)]
        lengths = np.diff(ends[-10 * RECENT :])
        ends = ends[len(ends) - len(lengths) :]
        fresh = lengths[ends >= end - RECENT_AGE]
        for row, chosen in enumerate((fresh[-RECENT:], lengths[ends >= end - WINDOW], fresh[-LAST_FOUR:])):
            if len(chosen) >= LEAST:
                result[row, k] = 60.0 * GRID_HZ / chosen.mean()
    return result[0], result[1], result[2]


def agreement(case: Seconds, index: Floats) -> Agreement:
    """Judge one record, its seconds rated by `index`."""
    assert case.truth is not None
    sound = index >= GOOD
    rate = told_rate(case, sound)
    outside = case.truth.outside_vf(((case.starts + GRID_HZ) * case.rate_hz / GRID_HZ).astype(np.int64))
    good = sound & case.settled & outside
    annotated = annotated_rates(case)
    known = good & (rate > 0)
    within = [int((known & (np.abs(rate - true) <= TOLERANCE)).sum()) for true in annotated]
    return Agreement(int(good.sum()), int((known & ~np.isnan(annotated[0])).sum()), *within)


def main() -> None:
    """Print, by record and in all, the share of good seconds whose rate is within one a minute."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_folds(parser)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    heard_by = ears(options.folds)
    records: dict[str, Agreement] = {}
    for header in mitdb():
        case = clean_seconds(header, heard_by.hears(person_of(header)))
        of = records[header.stem] = agreement(case, case.index)
        print(f"{header.stem}  good {of.good:5}  rate known {of.known:5}  within 1/min {100 * of.within / of.good:6.2f} %", flush=True)
    gross = sum(records.values(), Agreement(0, 0, 0, 0, 0))
    figures = gross.figures()
    print(f"all  good {gross.good}  rate known {gross.known}  " + "  ".join(f"{name} {figure:.2f} %" for name, figure in figures.items()))
    if options.json:
        by_record = {name: of._asdict() for name, of in records.items()}
        options.json.write_text(json.dumps(figures | {"records": by_record}, indent=1) + "\n")


if __name__ == "__main__":
    main()
