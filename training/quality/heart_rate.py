"""Judge heart rate on mitdb: `PYTHONPATH=training python -m quality.heart_rate`, EDGEECG_DATA set.

The annotated rate is the same mean of the last ten intervals, of the annotators' beats, all known at once and trusted.
That ten was chosen among seven windows on these same records, by a difference of 0.2 %.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from edgeecg.evals.ec57 import truth_of
from edgeecg.io.wfdb import read_annotations, read_record
from edgeecg_kernels.condition import condition, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, condition_params
from edgeecg_kernels.qrs import qrs, qrs_reset
from edgeecg_kernels.qrs_state import QRS_STATE, qrs_params
from edgeecg_kernels.quality import QUALITY_BOUND, quality, quality_reset
from edgeecg_kernels.quality_state import QUALITY_STATE, quality_params
from edgeecg_kernels.state import EVENT, GRID_HZ, KIND_BEAT, KIND_QUALITY, KIND_VITALS
from edgeecg_kernels.vitals import vitals, vitals_reset
from edgeecg_kernels.vitals_state import VITALS_STATE
from quality.seconds import BLOCK, Floats, data_root

TOLERANCE = 1.0


def run(x: Floats) -> NDArray[np.void]:
    """Send grid samples through the live kernels; return all rows."""
    states = [np.zeros(1, dtype) for dtype in (CONDITION_STATE, QRS_STATE, QUALITY_STATE, VITALS_STATE)]
    for state, reset in zip(states, (condition_reset, qrs_reset, quality_reset, vitals_reset), strict=True):
        reset(state[0])
    limits, taught, calibrated = condition_params(), qrs_params(), quality_params()
    y, flags, out, rows = np.empty(BLOCK), np.empty(BLOCK, np.uint8), np.zeros(64, EVENT), []
    for first in range(0, len(x) - BLOCK + 1, BLOCK):
        condition(states[0], limits, x[first : first + BLOCK], first, y, flags)
        n = qrs(states[1], taught, y, flags, first, out)
        n = quality(states[2], calibrated, y, flags, first, states[0]["mains_mv"][0], out, n)
        rows.append(out[: vitals(states[3], out, n)].copy())
    return np.concatenate(rows)


def annotated_rate(beats: Floats, starts: NDArray[np.int64]) -> Floats:
    """Return the rate of annotated beats as of each second's end, as `vitals` takes it; NaN where unknown."""
    n_beats, n_rows = len(beats), len(beats) + len(starts)
    state, rows = np.zeros(1, VITALS_STATE), np.zeros(n_rows + len(starts), EVENT)
    vitals_reset(state[0])
    marks, seconds = rows[:n_beats], rows[n_beats:n_rows]
    marks["kind"], seconds["kind"] = KIND_BEAT, KIND_QUALITY
    marks["sample"] = marks["known_at"] = np.round(beats)
    seconds["sample"], seconds["known_at"] = starts, starts + QUALITY_BOUND
    seconds["value"][:, 1] = 1.0
    rate = rows["value"][n_rows : vitals(state, rows, n_rows), 0]
    return np.where(rate > 0, rate, np.nan)


def main() -> None:
    """Print, by record and in all, the share of good seconds whose rate is within one a minute."""
    pooled: list[NDArray[np.float64]] = []
    n_good = n_known = 0
    for header in sorted((data_root() / "mitdb").glob("*.hea")):
        record, truth = read_record(header.with_suffix("")), truth_of(read_annotations(header.with_suffix(".atr")))
        rate_hz = record.rate_hz
        rows = run(np.asarray(signal.resample_poly(record.lead(0).millivolts(), GRID_HZ, int(rate_hz))))
        rated, reported = rows[rows["kind"] == KIND_QUALITY], rows[rows["kind"] == KIND_VITALS]
        ends = rated["sample"] + GRID_HZ
        good = (rated["value"][:, 1] > 0) & truth.outside_vf((ends * rate_hz / GRID_HZ).astype(np.int64))
        rate, annotated = reported["value"][:, 0], annotated_rate(truth.beats * GRID_HZ / rate_hz, rated["sample"])
        known = good & (rate > 0) & ~np.isnan(annotated)
        off = np.abs(rate - annotated)[known]
        n_good, n_known = n_good + int(good.sum()), n_known + int(known.sum())
        pooled.append(off)
        print(f"{header.stem}  good {good.sum():5}  rate known {known.sum():5}  within 1/min {100 * np.mean(off <= TOLERANCE):6.2f} %")
    off = np.concatenate(pooled)
    print(
        f"all  good {n_good}  rate known {n_known}  within 1/min {100 * np.mean(off <= TOLERANCE):.2f} %, "
        f"of all good ones {100 * np.sum(off <= TOLERANCE) / n_good:.2f} %  mean error {off.mean():.3f}/min"
    )


if __name__ == "__main__":
    main()
