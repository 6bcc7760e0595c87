"""What the sound stage remembers of one phonocardiogram, what it is told, and what it tells of a beat."""

from typing import Final

import numpy as np

from edgeecg_kernels.align_state import SPAN, SPANS_LEN
from edgeecg_kernels.resample_state import RESAMPLE_STATE
from edgeecg_kernels.state import EVENT
from edgeecg_kernels.window_state import MAX_MODELS, MAX_OPEN

SOUND_HZ: Final = 1000
"""Rate of the sound grid: a position on it is a millisecond of the stream's own clock."""
HALF: Final = 64
"""Grid samples on either side that the band-pass sees; it shifts nothing, and is known so much later."""
TAIL: Final = 2 * HALF
LOBE: Final = 40
"""The longest half-wave that is cut out as a spike: nothing before the newest LOBE samples changes any more."""
AHEAD: Final = 512
"""How far ahead of the newest sample marks may be set: more than a block."""
RING: Final = 4096
"""Grid samples remembered: a beat's window and what its detector and its transport may be late by."""

BEFORE: Final = 400
AFTER: Final = 720
WINDOW: Final = BEFORE + AFTER + 1
"""What is looked at of a beat: grid samples from so long before its R peak to so long after it."""
FRAME: Final = 5
FRAMES: Final = WINDOW // FRAME
"""The window's energy, five milliseconds at a time."""
QRS_BEFORE: Final = 100
QRS_LEN: Final = 120
"""What is looked at of its ECG: milliseconds at SOUND_HZ, from so many before R."""
QUEUE: Final = 128
"""Beats that wait for their sounds: as many as the ECG remembers."""

LOUD: Final = 8
"""Seconds whose loudest sample is remembered."""
BINS: Final = 56
BIN: Final = 20
"""The running profile of energy against the time since R: so many bins of so many milliseconds, from BEFORE on."""
BANDS: Final = 4
MAX_TOLD: Final = 32
"""Beats that one piece of input may decide: more than fit in RING."""

# Bits of a grid sample of sound.
SOUND_MISSING: Final = 1  # it never came, or was no number
SOUND_CLIPPED: Final = 2
SOUND_CUT: Final = 4  # part of a spike that was cut out

# Why nothing, or little, can be said of a beat: as `edgeecg.types.SoundReason`.
(FINE, MISSING, SILENT, CLIPPED, KNOCK, TALK, DRIFT, CLOCK, BEAT, LEARNING, SPREAD) = range(11)

SOUND_BEAT = np.dtype(
    [
        ("beat_sample", "i8"),  # on the ECG stream, in its own input samples
        ("ecg_grid", "i8"),
        ("at", "i8"),  # R as the detector has it, on the sound grid
        ("r_ms", "f8"),  # how much later R truly is
        ("sure", "i8"),  # 0: the two streams' clocks do not say where it is
        ("rr_ms", "f8"),  # since the beat before; -1: none, or a gap between
        ("since", "i8"),  # beats since the last break
        ("heard", "i8"),  # beats so far whose sounds were where a heart has them
        ("beat_confidence", "f8"),
        ("morphology", "i8"),
        ("premature", "f8"),
        # of the window: samples that are missing, clipped, cut
        ("missing", "i8"),
        ("clipped", "i8"),
        ("cut", "i8"),
        # the sounds, as places in the window; -1: not found
        ("s1_on", "i8"),
        ("s1_off", "i8"),
        ("s2_on", "i8"),
        ("s2_off", "i8"),
        ("s1_at", "f8"),
        ("s2_at", "f8"),
        ("conf_s1", "f8"),
        ("conf_s2", "f8"),
        ("amplitude_s1", "f8"),
        ("amplitude_s2", "f8"),
        ("quiet_from", "i8"),  # the diastole before this beat, as far as it is in the window
        ("quiet_to", "i8"),
        ("contrast", "f8"),  # log of the energy of sounds over that of what lies between them
        ("systole_ms", "f8"),
        ("diastole_ms", "f8"),
        ("systole", "f8", (BANDS,)),
        ("diastole", "f8", (BANDS,)),
        ("loudness", "f8"),
        ("confidence", "f8"),
        ("reason", "i8"),
    ],
    align=True,
)
"""All that is known of one beat's sounds when it is decided."""

SOUND_STATE = np.dtype(
    [
        ("resample", RESAMPLE_STATE),
        # signal
        ("fresh", "i8"),  # nothing good has come since the start or a gap
        ("base", "f8"),  # the first good value: all others are told from it
        ("held", "f8"),  # the newest
        ("tail", "f8", (TAIL,)),
        ("clip_seen", "i8"),
        ("clip_low", "f8"),  # extremes of the input, forgotten slowly
        ("clip_high", "f8"),
        ("clip_last", "f8"),
        ("clip_run", "i8"),
        # spikes
        ("lobe", "i8"),  # where the half-wave began
        ("positive", "i8"),
        ("cutting", "i8"),
        ("limit", "f8"),  # what is louder is a spike; 0: not known yet
        ("loud_now", "f8"),
        ("n_loud", "i8"),
        ("loud", "f8", (LOUD,)),
        # seconds
        ("next_second", "i8"),  # that is rated, counted on the grid
        ("level_sum", "f8"),
        ("level_n", "i8"),
        ("level", "f8"),  # of the newest whole second
        ("n_levels", "i8"),
        ("step", "f8"),  # from the level of the second before to it
        ("typical", "f8"),  # RMS of usual seconds; 0: none yet
        # beats
        ("ecg_epoch", "i8"),  # of the ECG that is being heard; -1: none yet
        ("ecg_later_us", "f8"),  # where frames carry no time: how much later than the sound the ECG began
        ("ecg_apart_us", "f8"),  # by the clocks, at the last beat that was placed; NOWHERE: none was
        ("ecg_doubts", "i8"),  # beats in a row whose clocks said otherwise
        ("ecg_sure", "i8"),  # 0: only arrival says so
        ("next_beat", "i8"),  # of the ECG's beats, ever counted, to be decided
        ("placed", "i8"),  # so many of them have a place on the sound grid
        ("queue_us", "f8", (QUEUE,)),  # on the sound's count, at the beat's number modulo QUEUE
        ("queue_sure", "i8", (QUEUE,)),
        ("decided_to", "i8"),  # no beat is decided before
        ("since", "i8"),
        ("last_s2_off", "i8"),  # of the beat before, after its R; 0: not known
        ("last_grid", "i8"),  # of the ECG
        ("heard", "i8"),  # beats whose sounds were believed
        ("s1_mean", "f8"),
        ("s1_var", "f8"),
        ("s2_mean", "f8"),  # at an RR of 0.85 s
        ("s2_var", "f8"),
        ("loud_log", "f8"),
        ("n_followed", "i8"),
        ("s1_slow", "f8"),
        ("s1_quick", "f8"),
        ("n_profile", "i8"),
        ("profile", "f8", (BINS,)),
        # what was heard, at its place modulo RING
        ("plain", "f4", (RING,)),  # as it came, but for `base`
        ("narrow", "f4", (RING,)),  # 25 to 160 Hz
        ("wide", "f4", (RING,)),  # 25 to 400 Hz
        ("bad", "u1", (RING,)),
    ],
    align=True,
)

SOUND_PARAMS = np.dtype(
    [
        ("ecg", "i8"),  # slot of the ECG stream
        ("rail_low", "f8"),  # in the input's own units
        ("rail_high", "f8"),
        ("asks", "i8", (MAX_MODELS,)),  # 1: the model hears, and is asked about this stream
    ],
    align=True,
)

HEARD_RING: Final = 16384
"""Grid samples remembered for models that hear: the longest window and deadline together, rounded up to a power of two."""

HEARD_STATE = np.dtype(
    [
        ("ready", "i8"),  # the next grid sample to be remembered
        ("ecg_epoch", "i8"),  # of the ECG whose windows are told; -1: none yet
        ("end", "i8", (MAX_MODELS,)),  # of the next window, one past its last grid sample of sound; NEVER: not placed yet
        ("sure", "i8", (MAX_MODELS,)),  # 0: the clocks do not say where it is
        ("open_sure", "i8", (MAX_OPEN,)),
        ("x", "f4", (HEARD_RING,)),  # as it came, but for `base`
        ("bad", "u1", (HEARD_RING,)),
    ],
    align=True,
)
"""One row a stream of sound, where a model hears; its windows that are open are in the stream's own WINDOW_STATE."""

PLAIN_BEFORE: Final = 160
PLAIN_LEN: Final = 870
LEAD_BEFORE: Final = 32
LEAD_LEN: Final = 64
"""Of what is given on of a beat: sound as it came, and grid samples of the lead; so many before R."""

SOUND_TOLD = np.dtype([("beat", SOUND_BEAT), ("plain", "f8", (PLAIN_LEN,)), ("lead", "f8", (LEAD_LEN,))], align=True)
"""What a beat's rows point at, read right after the call; NaN where samples are missing."""

KIND_SOUND: Final = 40
KIND_CYCLE: Final = 41
KIND_COUPLING: Final = 42
"""Rows as in `edgeecg_kernels.state`: a heart sound, a beat's sounds together, a beat for who looks at both sound and ECG."""

BLOCK: Final = 256
"""Grid samples taken through the stage at a time."""

SOUND_SCRATCH = np.dtype(
    [
        ("spans", SPAN, (SPANS_LEN,)),
        ("row", EVENT),
        ("raw", "f8", (BLOCK + 8,)),
        ("line", "f8", (TAIL + BLOCK + 8,)),
        ("narrow", "f8", (BLOCK + 8,)),
        ("wide", "f8", (BLOCK + 8,)),
        ("x", "f8", (WINDOW,)),
        ("w", "f8", (WINDOW,)),
        ("qrs", "f8", (QRS_LEN,)),
        ("energy", "f8", (FRAMES,)),
        ("smooth", "f8", (FRAMES,)),
        ("gain", "f8", (FRAMES + 1,)),
        ("sorted", "f8", (FRAMES,)),
        ("values", "f8", (8,)),
    ],
    align=True,
)
