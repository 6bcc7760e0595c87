"""State of `calm`: what a stream's rules said of a calm heart when they were asked last, and what waits since then.

It is no part of a snapshot: who makes one has the rules remember first what waits. Samples are the stream's own.
"""

import numpy as np

ALARM_INTERVALS = 6
"""A rate is of the last six RR intervals."""
MOST = 32
"""Beats that wait, and rated seconds."""
MANY, FEW = 30, 8
"""From MANY on, or where one beat more could be of an irregular rhythm, a piece that says nothing is the moment to remember them, and no beat has to
wait for that; but FEW are too few to ask so often."""
ALONE = 2
"""So many beats of the usual shape are before a beat of another that is alone."""
FAINT = 0.3
"""A beat below this share of the usual height is faint."""
MOVED_MV = 0.8
"""Half a second further from its baseline may be a contact that moves."""

BEAT = np.dtype(
    [
        ("morphology", "i8"),
        ("confidence", "f8"),
        ("width_ms", "f8"),
        ("prematurity", "f8"),
        ("amplitude_mv", "f8"),
    ],
    align=True,
)

SECOND = np.dtype(
    [
        ("index", "f8"),
        ("level_mv", "f8"),
        ("told_at", "i8"),
        ("beats", "i8"),  # how many had waited before it
    ],
    align=True,
)

CALM_STATE = np.dtype(
    [
        # what the rules say
        ("is_now", "i8"),  # 1: nothing is pending or told, but for an irregular rhythm, and the heart is seen
        ("since_odd", "i8"),  # beats since the last one that was not of the usual shape; 2: or more
        ("watched_from", "i8"),  # there has been no beat since that is not faint
        ("until", "i8"),  # what is decided from here on does not wait, nor do the rules
        ("odd_at", "i8"),  # the newest beat that is not of the usual shape, of those that do not wait
        ("beats_left", "i8"),  # so many may wait before the rhythm could be irregular
        ("tallest_mv", "f8"),  # no usual height is above it
        # what waits
        ("beats", "i8"),
        ("seconds", "i8"),
        ("pieces", "i8"),  # of input, whose rows these were
        ("newest", "i8"),  # the sample that decided the last of them
        ("rated_until", "i8"),  # of the last second: where it ends
        ("noise_mv", "f8"),
        ("mains_mv", "f8"),
        ("vitals", "i8"),  # 1: there are some, as follow
        ("vital", "f8", (4,)),
        # what the rules are set to
        ("second_len", "i8"),
        ("rate_len", "i8"),  # a rate is of beats no further apart
        ("patience", "i8"),  # so many samples without a beat are too many
        ("rate_hz", "f8"),
        ("slowest", "f8"),  # between these rates no rule finds anything
        ("fastest", "f8"),
        ("longest_s", "f8"),  # nor below this RR interval
        ("least_index", "f8"),  # nor in seconds at least so good
        ("least_prematurity", "f8"),  # nor in a beat of another shape, alone, that comes no earlier than this
        ("place", "i8", (1 + ALARM_INTERVALS + MOST,)),  # R peaks: those the rate is of, then those that wait
        ("beat", BEAT, (MOST,)),
        ("second", SECOND, (MOST,)),
    ],
    align=True,
)
