"""What coupling remembers of one heart, what it works on, what it is told, and what it says of a beat."""

from typing import Any

import numpy as np

from edgeecg_kernels.exact import hann, sin_pi
from edgeecg_kernels.fourier import FOURIER, TABLE_LEN, tables

RATE_HZ = 1000
"""Of the sound a beat comes with; a sample of it is a millisecond."""
BEFORE, AFTER = 160, 710
WINDOW = BEFORE + AFTER
"""The sound of a beat: samples R - BEFORE up to R + AFTER."""
ECG_HZ = 250
ECG_BEFORE, ECG_LEN = 32, 64
"""The ECG of a beat: grid samples R - ECG_BEFORE up to R - ECG_BEFORE + ECG_LEN."""
KERNEL_LEN = 601
"""The kernel: from R on, in milliseconds."""

S1, S2 = 0, 1
SPANS = ((0, 500), (290, WINDOW))
"""Where in the window each sound's half may lie."""
WHITE_SPANS = ((90, 380), (330, 770))
"""And where its template may."""
WIDTHS = (110, 100)
MOST_LAGS = (24, 36)
LAGS = 2 * MOST_LAGS[S2] + 1
WIDTH = WIDTHS[S1]

RING = 16
"""Beats that are kept and looked at again."""
MIN_BEATS = 8
CHOOSE_S1, CHOOSE_S2 = 5, 7
"""How many beats there are when the first templates are chosen."""
AGAIN = 2
"""Older beats that are looked at again with each new one."""

N_FFT = TABLE_LEN
LOW_BIN, HIGH_BIN = 20, 205
"""Bins of 1000 / 1024 Hz: what the band-pass lets through at all."""
REACH = int(0.46 * ECG_HZ * N_FFT / RATE_HZ) + 1
"""Bins that the ECG's grid can hold: half its rate, less the edge of its filter."""
NOISE_LEN, NOISE_BINS = 128, 65
STEP = 5
POSTS = WINDOW // STEP
"""Energy is looked at every STEP milliseconds."""

SOFT, HARD, PLAIN = 0, 1, 2
"""Methods: the plan; its best lag alone; no alignment and nothing else but the mean."""

COUPLING_STATE = np.dtype(
    [
        ("n_beats", "i8"),  # learned since the last fresh start
        ("head", "i8"),  # where the next beat goes in the ring
        ("again", "i8"),  # which beat is looked at again next
        ("misfits", "i8"),  # beats in a row that fit nothing known
        ("ring_x", "f4", (RING, WINDOW)),  # band-passed
        ("ring_w", "f4", (RING, WINDOW)),  # whitened too
        ("ring_plan", "f4", (RING, 2, LAGS)),
        ("ring_share", "f8", (RING,)),  # the beat's weight in the plain sums; 0: no beat
        ("ring_weight", "f8", (RING, 2)),  # in the aligned sums; 0: not in them
        ("ring_lag", "f8", (RING, 2)),
        ("ring_gain", "f8", (RING, 2)),  # what the aligned template explains more than the plain one, in nats
        ("ring_loss", "f8", (RING, 2)),  # residual share under the plan
        ("ring_level", "f8", (RING, 2)),  # how loud, of the template
        ("ring_energy", "f4", (RING, POSTS)),  # whitened, smoothed, a share of the beat's own mean
        ("ring_parity", "i8", (RING,)),
        ("aligned", "f8", (2, 2, WINDOW)),  # weighted sums of shifted beats: by sound, by parity
        ("weight", "f8", (2, 2)),
        ("plain", "f8", (2, WINDOW)),  # the same, as they came
        ("plain_weight", "f8", (2,)),
        ("white", "f8", (2, WINDOW)),  # whitened and shifted: by sound
        ("plain_white", "f8", (2, WINDOW)),  # by parity
        ("noise", "f8", (NOISE_BINS,)),  # power spectrum of diastole
        ("n_noise", "i8"),
        ("qrs", "f8", (ECG_LEN,)),
        ("qrs_re", "f8", (REACH,)),
        ("qrs_im", "f8", (REACH,)),
        ("n_qrs", "i8"),
        ("likeness", "f8"),  # of beats' QRS with the mean one, running
        ("late", "f8"),  # how much later than detected the QRS's own place is, on average, ms
        ("rr_s", "f8"),
        ("centre", "f8", (2,)),  # ms after R
        ("tau", "f8", (2,)),  # sd of the lags, ms
        ("offset", "f8", (2,)),  # where lags are at home, ms
        ("left_lag", "f8", (2,)),  # of beats that left the ring: weighted sum of lags
        ("left_weight", "f8", (2,)),
    ],
    align=True,
)

COUPLING_WORK = np.dtype(
    [
        ("re", "f8", (N_FFT,)),
        ("im", "f8", (N_FFT,)),
        ("hold_re", "f8", (N_FFT,)),
        ("hold_im", "f8", (N_FFT,)),
        ("smooth", "f8", (WINDOW,)),
        ("running", "f8", (WINDOW + 1,)),
        ("mean", "f8", (2, WINDOW)),  # halves, by sound
        ("parts", "f8", (2, WINDOW)),  # by parity
        ("fade", "f8", (WINDOW,)),  # S1's share of a sample
        ("pcg", "f8", (WINDOW,)),
        ("ecg", "f8", (ECG_LEN,)),
        ("template", "f8", (WIDTH,)),
        ("matched", "f8", (WIDTH,)),
        ("square", "f8", (WIDTH,)),
        ("energy", "f8", (LAGS,)),
        ("product", "f8", (LAGS,)),
        ("cost", "f8", (LAGS,)),
        ("gain", "f8", (LAGS,)),
        ("log_prior", "f8", (LAGS,)),
        ("plan", "f8", (LAGS,)),
        ("score", "f8", (POSTS,)),
        ("qrs_re", "f8", (REACH,)),
        ("qrs_im", "f8", (REACH,)),
    ],
    align=True,
)

COUPLING_PARAMS = np.dtype(
    [
        ("method", "i8"),
        ("ridge", "f8"),  # Tikhonov's lambda, of the QRS's strongest bin
        ("forget", "f8"),  # what a beat's share keeps when another comes
        ("dof", "f8"),  # independent values in a sound's window, as the cost counts them
        ("outlier", "f8"),  # prior share of any lag at all
        ("trust", "f8"),  # nats a beat by which the aligned template must win to be taken alone
        ("reach", "f8"),  # sds of the jitter within which lags count where home is looked for
        ("strayed", "f8"),  # ms: so far from 0 the lags' home is brought back
        ("shrink", "i8"),  # 1: what the two halves of the beats do not agree on is taken out
        ("band", "f8", (N_FFT // 2 + 1,)),
        ("edge", "f8", (WINDOW,)),  # the window's own taper
        ("root_hann", "f8", (2, WIDTH)),
        ("noise_taper", "f8", (NOISE_LEN,)),
        ("fourier", FOURIER),
    ],
    align=True,
)

OK, LEARNING, NO_SOUND, MISSING, CLIPPED, OTHER_BEAT, NOISY, UNSTEADY = range(8)
"""Why a beat has no delay, or has one."""

COUPLING_ROW = np.dtype(
    [
        ("reason", "i8"),
        ("confidence", "f8"),  # 0 to 1
        ("delay_ms", "f8"),  # R to the middle of the energy of S1 as it is heard; NaN: not known
        ("delay_sd_ms", "f8"),
        ("s1_s2_ms", "f8"),  # from there to the middle of S2's
        ("s1_s2_sd_ms", "f8"),
        ("cost", "f8"),  # of moving this beat's sounds onto the templates, in nats
        ("lag_ms", "f8", (2,)),  # this beat's, later than usual
        ("lag_sd_ms", "f8", (2,)),
        ("level", "f8", (2,)),  # this beat's, of the usual loudness
        ("agreement", "f8", (2,)),  # correlation of odd with even beats, by sound
        ("centre_ms", "f8", (2,)),
        ("heard_ms", "f8", (2,)),  # of all beats: R to the middle of each sound's energy
        ("jitter_ms", "f8", (2,)),
        ("aligned", "f8", (2,)),  # share of the aligned mean in the kernel, by sound
        ("kernel", "f8", (KERNEL_LEN,)),  # this beat's
        ("smoothed", "f8", (KERNEL_LEN,)),
    ],
    align=True,
)

LOW_HZ, HIGH_HZ = 25.0, 160.0


def band_gain(frequency_hz: Any) -> Any:
    """Return the gain of the zero-phase band-pass: that of a Butterworth of order four run both ways."""
    f = np.maximum(np.asarray(frequency_hz, np.float64), 1e-9)
    off = (f * f - LOW_HZ * HIGH_HZ) / (f * (HIGH_HZ - LOW_HZ))
    return 1 / (1 + np.square(np.square(np.square(off))))


def coupling_params(method: int = SOFT, *, ridge: float = 7e-5) -> Any:
    """Return COUPLING_PARAMS of shape (1,)."""
    made = np.zeros(1, COUPLING_PARAMS)
    row = made[0]
    row["method"], row["ridge"], row["forget"] = method, ridge, 1 - 1 / 64
    row["dof"], row["outlier"], row["trust"], row["reach"], row["strayed"] = 12.0, 0.002, 9.0, 3.0, 1.5
    row["shrink"] = method != PLAIN
    band = band_gain(np.arange(N_FFT // 2 + 1) * RATE_HZ / N_FFT)
    band[:LOW_BIN] = band[HIGH_BIN:] = 0
    row["band"] = band
    rise = np.square(sin_pi((np.arange(30) + 0.5) / 60))
    row["edge"] = np.concatenate([rise, np.ones(WINDOW - 60), rise[::-1]])
    for sound, width in enumerate(WIDTHS):
        row["root_hann"][sound][:width] = np.sqrt(hann(width + 2)[1:-1])
    row["noise_taper"] = hann(NOISE_LEN)
    made["fourier"] = tables()
    return made


def coupling_state() -> Any:
    """Return COUPLING_STATE of shape (1,), of a heart nothing is known of."""
    state = np.zeros(1, COUPLING_STATE)
    state["tau"] = 4.0, 7.0
    return state
