"""What kind of beat it is: one as this heart usually makes them, or a wide one, as a ventricular focus makes them.

After Hamilton (2002, "Open source ECG analysis") and de Chazal, O'Dwyer & Reilly (2004, IEEE TBME 51:1196-1206): width, shape and
prematurity against what is usual tell an ectopic beat. Differences: nothing of the beat to come is waited for; the usual widths
are those of beats that were not wide themselves, and each template remembers the kind of its beats, so that a long run of
wide beats does not become what is usual; all is judged by one small taught network, apart from the one that finds beats.
"""

from typing import Any

from edgeecg_kernels._jit import kernel, part
from edgeecg_kernels.four import four, put, spread
from edgeecg_kernels.qrs_judge import clamp, share
from edgeecg_kernels.qrs_state import (
    EARLY,
    INPUTS,
    KIND_HIDDEN,
    KIND_INPUTS,
    M_FULLNESS,
    M_HEIGHT,
    M_NORM,
    M_RANGE,
    M_SLOPE,
    M_STRENGTH,
    QUEUE,
)

TINY = 1e-9
AT_EASE = 16.0
"""Usual beats after which their widths are well known."""
RESTING = 150.0
"""Beats no closer than this are at rest: 100 a minute."""
AT_REST = 0.25
TOLD = (5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 34, 43)
"""What the network that finds beats was told and this one is told too."""
assert max(TOLD) < INPUTS


@kernel
def widths(m: Any) -> tuple[float, float, float]:
    """Return three measures of how wide a complex is: what it rises over, how much of its frame it fills, how slow its power is."""
    rise = m[M_RANGE] / (m[M_SLOPE] + TINY)
    slow = m[M_NORM] / (m[M_STRENGTH] + TINY)
    return rise, m[M_FULLNESS] / (m[M_RANGE] + TINY), slow


@part
def _weighed(x: Any, k: int, rows: Any, j: int, h: int) -> Any:
    """Return what inputs k + j and the next give to four hidden units from the h-th on."""
    return spread(x[k + j]) * four(rows[j], h) + spread(x[k + j + 1]) * four(rows[j + 1], h)


@kernel
def wideness(s: Any, p: Any, index: int) -> float:
    """Return the log-odds that an accepted beat, described in s["x"], is a wide one."""
    told, x = s["x"], s["kind_x"]
    m = s["measure"][index & (QUEUE - 1)]
    rise, full, slow = widths(m)
    known = s["normals"] > 0.0
    x[0] = share(rise, 8.0)
    x[1] = share(rise, s["usual_rise"] if known else rise)
    x[2] = full
    x[3] = share(full, s["usual_full"] if known else full)
    x[4] = share(slow, 2.0)
    x[5] = share(slow, s["usual_slow"] if known else slow)
    x[6] = s["usual_side"] * m[M_HEIGHT] / (m[M_RANGE] + TINY)
    x[7] = min(s["normals"], AT_EASE) / AT_EASE
    x[8] = s["template_kind"]
    x[9] = s["other_kind"]
    x[10] = s["last_kind"]
    x[11] = s["last_but_one_kind"]
    x[12] = share(float(s["place"][index & (QUEUE - 1)] - s["last_place"]), 100.0)
    for k in range(len(TOLD)):
        x[13 + k] = told[TOLD[k]]
    hidden = s["kind_hidden"]
    w1, b1, w2 = p["kind_w1"], p["kind_b1"], p["kind_w2"]
    for h in range(0, KIND_HIDDEN, 4):
        v = four(b1, h)
        for k in range(0, KIND_INPUTS, 8):
            r = w1[k : k + 8]
            a, b = _weighed(x, k, r, 0, h), _weighed(x, k, r, 2, h)
            v = v + (a + b)
            c, d = _weighed(x, k, r, 4, h), _weighed(x, k, r, 6, h)
            v = v + (c + d)
        put(hidden, h, v)
    logit = p["kind_b2"]
    for h in range(KIND_HIDDEN):
        logit += max(0.0, hidden[h]) * w2[h]
    return logit  # type: ignore[no-any-return]


@kernel
def learn_kind(s: Any, index: int, logit: float) -> float:
    """Let what is usual follow a beat that is not wide; return its kind, from -1, surely usual, to 1, surely wide.

    A wide beat in its time at a resting rate counts a little too: a heart may have a block, or a pacemaker.
    """
    kind = 0.25 * clamp(logit, -4.0, 4.0)
    slot = index & (QUEUE - 1)
    gap = float(s["place"][slot] - s["last_place"])
    weight = 1.0 if logit <= 0.0 else AT_REST if gap >= RESTING and gap >= EARLY * s["rr"] else 0.0
    if weight > 0.0:
        m = s["measure"][slot]
        rise, full, slow = widths(m)
        s["normals"] += weight
        pace = weight * max(1.0 / s["normals"], 0.1)
        s["usual_rise"] += pace * (rise - s["usual_rise"])
        s["usual_full"] += pace * (full - s["usual_full"])
        s["usual_slow"] += pace * (slow - s["usual_slow"])
        s["usual_side"] += pace * (m[M_HEIGHT] / (m[M_RANGE] + TINY) - s["usual_side"])
    s["last_but_one_kind"] = s["last_kind"]
    s["last_kind"] = kind
    return kind
