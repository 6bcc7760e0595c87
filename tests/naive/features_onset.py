"""Where the intervals that are like the last one began, in plain numpy: what the kernel is compared with."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

N_ONSET, LIKE = 12, 0.12


def onset_of(rr: Floats) -> Floats:
    """Return what is said of the run that the last interval ends, and of that interval beside all."""
    said, n = np.full(N_ONSET, np.nan), len(rr)
    if n < 3:
        return said
    begin = n - 1
    while begin and abs(rr[begin - 1] - rr[begin:].mean()) <= LIKE * rr[begin:].mean():
        begin -= 1
    run, before = rr[begin:], rr[max(0, begin - 8) : begin]
    said[:3] = len(run), run.sum(), _ratio(run.std(), run.mean())
    if begin:
        usual = np.median(before)
        said[3:6] = _ratio(run.mean(), usual), _ratio(rr[begin], rr[begin - 1]), _ratio(rr[begin - 1], usual)
    if n // 2 >= 3:
        said[6] = _ratio(np.median(rr[n // 2 :]), np.median(rr[: n // 2]))
    said[7:11] = [_ratio(rr[-1], np.sort(rr)[share * (n - 1) // 20]) for share in (18, 15, 5, 2)]
    said[11] = (np.abs(np.diff(rr)) > LIKE * rr[:-1]).sum() / n
    return said


def _ratio(a: float, b: float) -> float:
    return a / b if b else np.nan
