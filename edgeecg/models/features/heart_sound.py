"""What the heart-sound model reads: ten seconds of one lead with its beats, and the sound heard meanwhile.

Everything of the sound is put in time by the R peaks: energies by band, beat by beat, and the median beat of them. Neither a gain nor
an offset of the sound changes a feature. The features come in groups, the model's senses, each with a kernel of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.features import cycle, intervals, rhythm, strip
from edgeecg.models.features.cycle import S2_BEFORE_MS, SOUND_HALF_MS
from edgeecg.models.features.told import told

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SOUND_HZ = 1000
WINDOW_S = 10.0
SOUND_LEN = int(WINDOW_S * SOUND_HZ)
EDGES_HZ = (25, 40, 55, 75, 100, 135, 180, 250, 350, 450)
LOUD_BANDS = 6
"""The lowest bands, up to 180 Hz, hold the heart sounds; those above, murmurs and noise."""
BEFORE_MS, AFTER_MS, BIN_MS = 80, 640, 20
TAIL_MS = 100
"""Heard behind the bins, for a late S2."""
SMOOTH_MS = 20
S1_WITHIN_MS = 140
SHORTEST_MS, LONGEST_MS = 180, 480
SHORTEST_SHARE, LONGEST_SHARE = 0.2, 0.62
"""From S1 to S2, in milliseconds and of the beat's length."""
NEXT_MS = 60
"""So long before the next R peak diastole ends."""
LEAST_REST_MS = 150
"""Diastole, from S2 on, lasts so long at least."""
N_SYSTOLE, N_DIASTOLE = 6, 8
LEAST_BEATS = 3
BEAT_BEFORE, BEAT_AFTER = 80, 110
BEAT_POINTS, BEAT_STEP = 38, 5
"""The median beat of the lead, in samples of its grid, and the points it is told by: the first features there are."""
QRS, AROUND = slice(68, 96), slice(60, 105)
ENERGY_FLOOR = 1e-9
"""Of the window's mean energy: what silence within a sound is taken as."""
_BANDS = tuple(f"{low}hz" for low in EDGES_HZ[:-1])
_PHASES = (*(f"systole_{k}" for k in range(N_SYSTOLE)), "s2_begin", "s2_end", *(f"diastole_{k}" for k in range(N_DIASTOLE)))
_TIMES = (
    "r_s1", "s1_s2", "s1_s2_share", "s1_width", "s2_width", "s1_width_4", "s2_width_4", "s2_to_s1", "s1_loud", "s2_loud", "systole_loud",
    "diastole_loud", "systole_to_diastole", "beat_length",
)  # fmt: skip
SENSES: dict[str, tuple[str, ...]] = {
    "beat": (*(f"beat_{k}" for k in range(BEAT_POINTS)), *(f"qrs_{k}" for k in range(QRS.stop - QRS.start))),
    "rhythm": (*strip.REPEATED, *strip.WHOLE, *strip.BETWEEN, *intervals.TOLD),
    "phases": (
        *(f"{phase}_{band}" for band in _BANDS for phase in _PHASES), *_TIMES, *(f"level_{band}" for band in _BANDS), "like_mean", "like_least",
    ),
    "cycle": tuple(f"cycle_{at}_{band}" for at in range(cycle.CELLS) for band in range(cycle.BANDS)),
    "cepstra": tuple(f"{part}_{how}_{k}" for part in cycle.PARTS for how in ("cepstrum", "varies") for k in range(cycle.CEPSTRA)),
}  # fmt: skip
"""Which features belong together."""
NAMES = tuple(chain.from_iterable(SENSES.values()))
LIKE = NAMES.index("like_mean")
LEAST_LIKE = 0.37
"""How like each other beats must sound: what 95 % of windows of noise, put in time by a heart's beats, stay below."""

_RHYTHM = np.array([rhythm.NAMES.index(name) for name in SENSES["rhythm"]])


def heart_sound_features(samples_mv: NDArray[np.float32], beats: NDArray[np.float32], sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES of a window: the lead on the ECG's grid, rows of BEAT_FIELDS, and as long a sound at SOUND_HZ; all NaN if too few beats."""
    peaks_s = told(beats)[:, 0]
    heard = _listen(sound, peaks_s)
    whole = _beats(samples_mv, peaks_s)
    if heard is None or len(whole) < LEAST_BEATS:
        return np.full(len(NAMES), np.nan, np.float32)
    typical = _middle(whole)
    shape = typical / (float(np.ptp(typical[AROUND])) + 1e-6)
    ecg = rhythm.rhythm_features(samples_mv, beats)[_RHYTHM]
    values = (shape.reshape(BEAT_POINTS, BEAT_STEP).mean(1), shape[QRS], ecg, *_parts(heard))
    return np.concatenate([np.ravel(value) for value in values]).astype(np.float32)


def unheard(features: NDArray[np.float32]) -> str:
    """Say why features are not to be judged, or nothing."""
    if not np.isfinite(features).any():
        return "too few beats"
    return "nothing in the sound repeats with the heart" if not features[LIKE] >= LEAST_LIKE else ""


def _beats(samples_mv: NDArray[np.float32], peaks_s: Floats) -> Floats:
    """Return the lead's beats that lie in the window whole, one a row."""
    clean = strip.strip(samples_mv).clean
    peaks = np.round(peaks_s * strip.GRID_HZ).astype(np.int64)
    inside = peaks[(peaks >= BEAT_BEFORE) & (peaks < len(clean) - BEAT_AFTER)]
    return np.asarray(clean[inside[:, None] + np.arange(-BEAT_BEFORE, BEAT_AFTER)])


def _middle(x: Floats) -> Floats:
    return np.asarray(np.median(x, axis=0), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A window's sound: the energy of each band summed up from its beginning, and where its beats are."""

    sums: Floats
    """(bands, samples + 1)."""
    wide: Floats
    """The sound from 25 to 450 Hz, of standard deviation 1."""
    peaks: Ints
    """R peaks, in samples of sound, of the beats that were heard whole."""
    ends: Ints
    """Where each one's diastole ends: a little before the next R peak."""
    beat_ms: float
    logs: Floats
    """(beats, bands, bins): the logarithm of energy."""
    envelope: Floats
    """(beats, milliseconds from BEFORE_MS ahead of R)."""

    def energy(self, begin: Ints, end: Ints) -> Floats:
        """Return each band's mean energy between samples, bands first."""
        n = self.sums.shape[1] - 1
        first, last = np.clip(begin, 0, n), np.clip(end, 0, n)
        return np.asarray((self.sums[:, last] - self.sums[:, first]) / np.maximum(last - first, 1))


@lru_cache(maxsize=2)
def _bands(n: int) -> Floats:
    """Return each band's gain at the frequencies of a window's spectrum; the last is of all of them."""
    hz = np.asarray(np.fft.rfftfreq(n, 1 / SOUND_HZ), np.float64)
    edges = [*pairwise(EDGES_HZ), (EDGES_HZ[0], EDGES_HZ[-1])]
    return np.array([1 / (1 + (low / np.maximum(hz, 1e-3)) ** 8) / (1 + (hz / high) ** 8) for low, high in edges])


def _listen(sound: NDArray[np.float32], peaks_s: Floats) -> Heard | None:
    """Take a sound apart by band, and find the beats heard whole; None where they are too few."""
    n = len(sound)
    x = _filled(sound.astype(np.float64))
    x -= np.linspace(float(x[:50].mean()), float(x[-50:].mean()), n)
    x /= float(x.std()) or 1.0
    gains = _bands(n)
    filtered = np.fft.irfft(np.fft.rfft(x) * gains, n, axis=1)
    energy, wide = filtered[:-1] ** 2, filtered[-1]
    size = float(wide.std()) or 1.0
    sums = np.concatenate((np.zeros((len(energy), 1)), np.cumsum(energy / size**2, axis=1)), axis=1)
    every = np.round(peaks_s * SOUND_HZ).astype(np.int64)
    kept = (every >= BEFORE_MS) & (every + AFTER_MS + TAIL_MS <= n)
    if kept.sum() < LEAST_BEATS or len(every) < LEAST_BEATS:
        return None
    beat_ms = float(np.median(np.diff(every)))
    following = np.append(every[1:], every[-1] + int(beat_ms))
    peaks = every[kept]
    ends = np.minimum(following[kept] - NEXT_MS, n)
    heard = Heard(sums, wide / size, peaks, ends, beat_ms, np.zeros(0), np.zeros(0))
    middles = peaks[:, None] + np.arange(-BEFORE_MS + BIN_MS // 2, AFTER_MS, BIN_MS)
    logs = np.log(heard.energy(middles - BIN_MS, middles + BIN_MS) + ENERGY_FLOOR).transpose(1, 0, 2)
    at = peaks[:, None] + np.arange(-BEFORE_MS, AFTER_MS + TAIL_MS)
    envelope = np.sqrt(heard.energy(at - SMOOTH_MS // 2, at + SMOOTH_MS // 2)[:LOUD_BANDS].sum(0) + ENERGY_FLOOR)
    envelope /= envelope.mean(1, keepdims=True)
    return Heard(sums, heard.wide, peaks, ends, beat_ms, logs, envelope)


def _filled(x: Floats) -> Floats:
    """Draw missing samples as lines between their neighbours."""
    known = np.isfinite(x)
    if known.all() or not known.any():
        return x if known.all() else np.zeros(len(x))
    return np.asarray(np.interp(np.arange(len(x)), np.flatnonzero(known), x[known]), np.float64)


def _middles(heard: Heard) -> tuple[Floats, int, int]:
    """Return the median envelope and where in it S1 and S2 are loudest."""
    typical = _middle(heard.envelope)
    s1 = BEFORE_MS + int(typical[BEFORE_MS : BEFORE_MS + S1_WITHIN_MS].argmax())
    last = min(s1 + int(min(LONGEST_SHARE * heard.beat_ms, LONGEST_MS)), len(typical) - 1)
    first = min(s1 + int(max(SHORTEST_MS, SHORTEST_SHARE * heard.beat_ms)), last - 10)
    return typical, s1, first + int(typical[first:last].argmax())


def _width(line: Floats, at: int, share: float) -> int:
    """Return for how long a line stays above a share of its height around a place."""
    below = np.flatnonzero(line <= share * line[at])
    before, behind = below[below < at], below[below > at]
    return int((behind[0] if len(behind) else len(line)) - (before[-1] if len(before) else 0))


def _parts(heard: Heard) -> Iterator[Floats]:
    """Yield what the senses of sound tell, sense by sense."""
    line, s1, s2 = _middles(heard)
    first, second = heard.peaks - BEFORE_MS + s1, heard.peaks - BEFORE_MS + s2
    end = np.maximum(heard.ends, second + LEAST_REST_MS)
    yield _phases(heard, first, second, end)
    yield _times(heard, line, s1, s2)
    level = _middle(heard.logs).mean(1)
    yield level - level.mean()
    yield _likeness(heard)
    picture = cycle.Picture(heard.wide)
    yield picture.cycle(first)
    yield picture.cepstra(first, second, end)


def _phases(heard: Heard, first: Ints, second: Ints, end: Ints) -> Floats:
    """Return how loud each part of the cycle is beside S1, band by band."""
    systole = np.linspace(first + SOUND_HALF_MS, second - S2_BEFORE_MS, N_SYSTOLE + 1, axis=1)
    diastole = np.linspace(second + SOUND_HALF_MS, end, N_DIASTOLE + 1, axis=1)
    edges = np.concatenate((first[:, None] - SOUND_HALF_MS, first[:, None], systole, second[:, None], diastole), axis=1).astype(np.int64)
    typical = _middle(np.log(heard.energy(edges[:, :-1], edges[:, 1:]) + ENERGY_FLOOR).transpose(1, 0, 2))
    return np.asarray(typical[:, 2:] - typical[:, :2].mean(1, keepdims=True))


def _times(heard: Heard, line: Floats, s1: int, s2: int) -> Floats:
    """Return how long the parts of the median envelope are, and how loud."""
    floor = float(np.percentile(line, 10)) + 1e-6
    between = float(line[s1 + 60 : max(s2 - 50, s1 + 70)].mean())
    after = float(line[min(s2 + 70, len(line) - 20) :].mean())
    return np.array([
        s1 - BEFORE_MS, s2 - s1, (s2 - s1) / heard.beat_ms, _width(line, s1, 0.5), _width(line, s2, 0.5), _width(line, s1, 0.25),
        _width(line, s2, 0.25), np.log(line[s2] / line[s1]), np.log(line[s1] / floor), np.log(line[s2] / floor), np.log(between / floor),
        np.log(after / floor), np.log(between / after), heard.beat_ms,
    ])  # fmt: skip


def _likeness(heard: Heard) -> Floats:
    """Return how like their mean the beats sound: on average, and the one that is least like it."""
    flat = (heard.logs - heard.logs.mean(2, keepdims=True)).reshape(len(heard.logs), -1)
    own = flat.mean(0)
    like = flat @ own / (np.sqrt((flat**2).sum(1) * (own @ own)) + 1e-9)
    return np.array([like.mean(), like.min()])
