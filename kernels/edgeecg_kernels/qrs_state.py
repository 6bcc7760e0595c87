"""The R-peak detector's state and parameters: everything it remembers and everything it was taught.

Lengths are samples of the 250 Hz grid. `line`, `smooth` and `energy` are three views of the same stretch of signal: the
samples, their five-sample sum, and the QRS energy of both.
"""

import numpy as np
import numpy.typing as npt

from edgeecg_kernels import qrs_tables
from edgeecg_kernels.state import EVENT

HISTORY = 160
"""Samples kept when the line is full and moves back: enough to measure the oldest undecided candidate."""
LINE = 640
ENERGY_DELAY = 10
"""energy[j] is centred on line[j - ENERGY_DELAY]."""

LOOK = 46
"""A candidate is judged when this many samples have followed it: the T wave's rise and any stronger rival are seen."""
LOOK_AGAIN = 66
"""A doubtful beat waits this long: what it took for a QRS complex may have been a P wave before one."""
APART = 24
"""Of two peaks of energy closer than this only the stronger is a candidate."""
START = 320
"""After a restart candidates are gathered this long before levels exist and the first one is judged."""

QUEUE = 32
VOTES = 64
"""Beats of a second lead that are remembered: more than one block decides."""
EARLY = 0.85
"""What comes before this share of a cycle is not at rest."""
OVERDUE = 100
"""Between two looks for an overdue beat."""
RECENT = 8
"""Beats whose places are remembered, to ask whether one lies a cycle or two back."""
SNIPPET = 32
"""Points of a beat's shape, one every second sample."""
EDGE = 1
"""A point at either end that only a shifted comparison sees."""
MEASURES = 17
INPUTS = 48
HIDDEN = 16
JUDGES = 2
"""Networks taught apart: where the first is in doubt the other is asked too."""
KIND_INPUTS = 32
KIND_HIDDEN = 8

(
    M_STRENGTH,
    M_PRE,
    M_POST,
    M_PRE_MEAN,
    M_POST_MEAN,
    M_SLOPE,
    M_ROUGH,
    M_HEIGHT,
    M_WIDTH,
    M_STEP,
    M_RANGE,
    M_PRE_RANGE,
    M_POST_RANGE,
    M_BULGE,
    M_PEAK,
    M_NORM,
    M_FULLNESS,
) = range(MEASURES)

QRS_STATE = np.dtype(
    [
        ("line", "f8", (LINE,)),
        ("smooth", "f8", (LINE,)),
        ("energy", "f8", (LINE,)),
        ("fill", "i8"),  # samples in the line
        ("base", "i8"),  # grid index of line[0]
        ("start", "i8"),  # grid index of the first sample after the restart
        ("fresh", "i8"),  # 1: no sample has come since the restart
        ("held", "f8", (1,)),  # last good value, standing in for bad ones
        ("bad_run", "i8"),
        # Candidates in order of time: [judged, measured) wait for a verdict, [measured, found) for their LOOK samples.
        ("found", "i8"),
        ("measured", "i8"),
        ("judged", "i8"),
        ("place", "i8", (QUEUE,)),
        ("measure", "f8", (QUEUE, MEASURES)),
        ("snippet", "f8", (QUEUE, SNIPPET)),
        ("waiting", "i8"),  # 1: the oldest measured candidate waits for its second look
        ("inherits", "f8"),  # log-odds of the candidate that the next one outdid; they may be two humps of one beat ...
        ("outdone_peak", "i8"),  # ... if they have one R peak
        # Running levels, learned anew after a restart.
        ("levelled", "i8"),
        ("strength", "f8"),
        ("weakest", "f8"),
        ("noise", "f8"),
        ("slope", "f8"),
        ("range", "f8"),
        ("doubt", "f8"),
        ("unrest", "f8"),  # doubt in the long run; kept over a short gap
        ("norm", "f8"),
        ("rr", "f8"),
        ("rr_last", "f8"),
        ("rr_spread", "f8"),
        ("swing", "f8"),
        ("recent", "i8", (RECENT,)),
        ("beats", "i8"),
        ("last_place", "i8"),
        ("last_peak", "i8"),
        ("last_strength", "f8"),
        ("last_slope", "f8"),
        ("last_surety", "f8"),
        ("alarm", "i8"),  # grid index at which a beat is overdue
        ("refused", "i8"),  # candidate most like a beat since the last beat
        ("refused_place", "i8"),
        ("refused_strength", "f8"),
        ("refused_logit", "f8"),
        # The heart, kept over a short gap.
        ("known_beats", "i8"),
        ("template", "f8", (SNIPPET,)),
        ("template_weight", "f8"),
        ("other", "f8", (SNIPPET,)),
        ("other_weight", "f8"),
        # Kinds run from -1, surely usual, to 1, surely wide; 0 is not known.
        ("template_kind", "f8"),
        ("other_kind", "f8"),
        ("last_kind", "f8"),
        ("last_but_one_kind", "f8"),
        ("normals", "f8"),  # beats that were not wide, and what is usual among them
        ("usual_rise", "f8"),
        ("usual_full", "f8"),
        ("usual_slow", "f8"),
        ("usual_side", "f8"),
        # What the second lead of the stream told; none: there is no such lead.
        ("votes", "i8"),
        ("vote", EVENT, (VOTES,)),
        ("heard_from", "i8"),  # grid index at which the first was known
        ("heeded", "i8"),  # those before have been passed on, or need not be
        ("told_until", "i8"),  # beats before this grid index have been reported, by whichever lead
        ("stood_in_until", "i8"),  # ditto by the second lead in place of this one
        ("x", "f8", (INPUTS,)),
        ("hidden", "f8", (HIDDEN,)),
        ("kind_x", "f8", (KIND_INPUTS,)),
        ("kind_hidden", "f8", (KIND_HIDDEN,)),
    ],
    align=True,
)

QRS_PARAMS = np.dtype(
    [
        ("w1", "f8", (JUDGES, INPUTS, HIDDEN)),
        ("b1", "f8", (JUDGES, HIDDEN)),
        ("w2", "f8", (JUDGES, HIDDEN)),
        ("b2", "f8", (JUDGES,)),
        ("share", "f8", (JUDGES,)),  # what each one's log-odds count; 1 in all
        ("sure", "f8"),  # log-odds, either way, from which the first is believed alone
        ("calm", "f8"),  # doubt, or unrest, from which nothing is added to the log-odds ...
        ("credit", "f8"),  # ... and what is where there is none at all
        ("kind_w1", "f8", (KIND_INPUTS, KIND_HIDDEN)),  # the same for the question whether a beat is a wide one
        ("kind_b1", "f8", (KIND_HIDDEN,)),
        ("kind_w2", "f8", (KIND_HIDDEN,)),
        ("kind_b2", "f8"),
        ("accept", "f8"),  # log-odds at which a candidate is a beat
        ("doubtful", "f8"),  # log-odds below which a beat waits for a second look
        ("outdone", "f8"),  # how much stronger and steeper the next candidate must be, to be the beat instead
        ("rescue", "f8"),  # log-odds at which a refused candidate is a beat after all, once one is overdue
        ("patience", "f8"),  # cycles after which a beat is overdue
        ("wide", "f8"),  # log-odds above which a beat is called wide
        ("gate", "f8"),  # share of the running strength below which a peak of energy is no candidate
        ("faint", "f8"),  # share of the weakest beats' strength below which a candidate is refused unmeasured ...
        ("faint_soon", "f8"),  # ... and where a T wave may be: ...
        ("soon", "f8"),  # ... before this share of a cycle; most ventricular beats as faint come later
    ],
    align=True,
)


def qrs_params() -> npt.NDArray[np.void]:
    """Return QRS_PARAMS of shape (1,) as trained."""
    params = np.zeros(1, dtype=QRS_PARAMS)
    for name in QRS_PARAMS.names or ():
        table = np.array(getattr(qrs_tables, name.upper()), dtype=np.float64)
        params[name] = table.reshape(params[name].shape)
    return params
