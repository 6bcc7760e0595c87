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

from edgeecg.models.features import intervals, rhythm, strip

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
S1_HALF_MS, S2_BEFORE_MS, S2_HALF_MS, NEXT_MS = 50, 40, 50, 60
N_SYSTOLE, N_DIASTOLE = 6, 8
LEAST_BEATS = 3
BEAT_BEFORE, BEAT_AFTER = 80, 110
BEAT_POINTS, BEAT_STEP = 38, 5
"""The median beat of the lead, in samples of its grid, and the points it is told by: the first features there are."""
QRS, AROUND = slice(68, 96), slice(60, 105)
ENERGY_FLOOR = 1e-9
"""Of the window's mean energy: what silence within a sound is taken as."""
_BANDS = tuple(f"{low}hz" for low in EDGES_HZ[:-1])
_BINS = tuple(f"{ms}ms" for ms in range(-BEFORE_MS, AFTER_MS, BIN_MS))
_PHASES = (*(f"systole_{k}" for k in range(N_SYSTOLE)), "s2_begin", "s2_end", *(f"diastole_{k}" for k in range(N_DIASTOLE)))
_TIMES = (
    "r_s1", "s1_s2", "s1_s2_share", "s1_width", "s2_width", "s1_width_4", "s2_width_4", "s2_to_s1", "s1_loud", "s2_loud", "systole_loud",
    "diastole_loud", "systole_to_diastole", "beat_length",
)  # fmt: skip
_SPECTRUM = range(25, 475, 25)
SENSES: dict[str, tuple[str, ...]] = {
    "beat": (*(f"beat_{k}" for k in range(BEAT_POINTS)), *(f"qrs_{k}" for k in range(QRS.stop - QRS.start))),
    "rhythm": (*strip.REPEATED, *strip.WHOLE, *strip.BETWEEN, *intervals.TOLD),
    "sound": (*(f"sound_{band}_{at}" for band in _BANDS for at in _BINS), *(f"level_{band}" for band in _BANDS)),
    "phases": (*(f"{phase}_{band}" for band in _BANDS for phase in _PHASES), *_TIMES, *(f"phase_level_{band}" for band in _BANDS)),
    "texture": (
        *(f"spectrum_{low}hz" for low in _SPECTRUM), "peaky", "flat", "extreme", "like_mean", "like_least", "s1_jitter", "s2_jitter",
        "s1_s2_jitter", "s1_varies", "s2_varies", *(f"varies_{band}" for band in _BANDS), *(f"varies_{at}" for at in _BINS),
    ),
}  # fmt: skip
"""Which features belong together."""
NAMES = tuple(chain.from_iterable(SENSES.values()))
LIKE = NAMES.index("like_mean")
LEAST_LIKE = 0.37
"""How like each other beats must sound: what 95 % of windows of noise, put in time by a heart's beats, stay below."""

_RHYTHM = np.array([rhythm.NAMES.index(name) for name in SENSES["rhythm"]])


def heart_sound_features(samples_mv: NDArray[np.float32], beats: NDArray[np.float32], sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return NAMES of a window: the lead on the ECG's grid, rows of BEAT_FIELDS, and as long a sound at SOUND_HZ; all NaN if too few beats."""
    told = beats.astype(np.float64)
    heard = _listen(sound, told[:, 0])
    whole = _beats(samples_mv, told[:, 0])
    if heard is None or len(whole) < LEAST_BEATS:
        return np.full(len(NAMES), np.nan, np.float32)
    typical = _middle(whole)
    shape = typical / (float(np.ptp(typical[AROUND])) + 1e-6)
    ecg = rhythm.rhythm_features(samples_mv, beats)[_RHYTHM]
    values = (shape.reshape(BEAT_POINTS, BEAT_STEP).mean(1), shape[QRS], ecg, *_sound(heard), *_phases(heard), *_texture(heard))
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
    power: Floats
    hz: Floats
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
def _bands(n: int) -> tuple[Floats, Floats]:
    """Return the frequencies of a window's spectrum, and the gain there of each band; the last is of all of them."""
    hz = np.asarray(np.fft.rfftfreq(n, 1 / SOUND_HZ), np.float64)
    edges = [*pairwise(EDGES_HZ), (EDGES_HZ[0], EDGES_HZ[-1])]
    return hz, np.array([1 / (1 + (low / np.maximum(hz, 1e-3)) ** 8) / (1 + (hz / high) ** 8) for low, high in edges])


def _listen(sound: NDArray[np.float32], peaks_s: Floats) -> Heard | None:
    """Take a sound apart by band, and find the beats heard whole; None where they are too few."""
    n = len(sound)
    x = _filled(sound.astype(np.float64))
    x -= np.linspace(float(x[:50].mean()), float(x[-50:].mean()), n)
    x /= float(x.std()) or 1.0
    hz, gains = _bands(n)
    spectrum = np.fft.rfft(x)
    filtered = np.fft.irfft(spectrum * gains, n, axis=1)
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
    heard = Heard(
        sums, spectrum.real**2 + spectrum.imag**2, hz, wide / size, peaks, np.minimum(following[kept] - NEXT_MS, n), beat_ms,
        np.zeros(0), np.zeros(0),
    )  # fmt: skip
    middles = peaks[:, None] + np.arange(-BEFORE_MS + BIN_MS // 2, AFTER_MS, BIN_MS)
    logs = np.log(heard.energy(middles - BIN_MS, middles + BIN_MS) + ENERGY_FLOOR).transpose(1, 0, 2)
    at = peaks[:, None] + np.arange(-BEFORE_MS, AFTER_MS + TAIL_MS)
    envelope = np.sqrt(heard.energy(at - SMOOTH_MS // 2, at + SMOOTH_MS // 2)[:LOUD_BANDS].sum(0) + ENERGY_FLOOR)
    envelope /= envelope.mean(1, keepdims=True)
    return Heard(sums, heard.power, hz, heard.wide, peaks, heard.ends, beat_ms, logs, envelope)


def _filled(x: Floats) -> Floats:
    """Draw missing samples as lines between their neighbours."""
    known = np.isfinite(x)
    if known.all() or not known.any():
        return x if known.all() else np.zeros(len(x))
    return np.asarray(np.interp(np.arange(len(x)), np.flatnonzero(known), x[known]), np.float64)


def _levels(heard: Heard) -> tuple[Floats, Floats]:
    """Return the median beat of log energies, and each band's mean of it."""
    typical = _middle(heard.logs)
    return typical, typical.mean(1)


def _sound(heard: Heard) -> Iterator[Floats]:
    typical, level = _levels(heard)
    yield typical - level[:, None]
    yield level - level.mean()


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


def _phases(heard: Heard) -> Iterator[Floats]:
    """Yield how loud each part of the cycle is beside S1, band by band, and how long and loud the parts are."""
    line, s1, s2 = _middles(heard)
    first, second = heard.peaks - BEFORE_MS + s1, heard.peaks - BEFORE_MS + s2
    end = np.maximum(heard.ends, second + 150)
    systole = np.linspace(first + S1_HALF_MS, second - S2_BEFORE_MS, N_SYSTOLE + 1, axis=1)
    diastole = np.linspace(second + S2_HALF_MS, end, N_DIASTOLE + 1, axis=1)
    edges = np.concatenate((first[:, None] - S1_HALF_MS, first[:, None], systole, second[:, None], diastole), axis=1).astype(np.int64)
    logs = np.log(heard.energy(edges[:, :-1], edges[:, 1:]) + ENERGY_FLOOR).transpose(1, 0, 2)
    typical = _middle(logs)
    yield typical[:, 2:] - typical[:, :2].mean(1, keepdims=True)
    floor = float(np.percentile(line, 10)) + 1e-6
    between = float(line[s1 + 60 : max(s2 - 50, s1 + 70)].mean())
    after = float(line[min(s2 + 70, len(line) - 20) :].mean())
    yield np.array([
        s1 - BEFORE_MS, s2 - s1, (s2 - s1) / heard.beat_ms, _width(line, s1, 0.5), _width(line, s2, 0.5), _width(line, s1, 0.25),
        _width(line, s2, 0.25), np.log(line[s2] / line[s1]), np.log(line[s1] / floor), np.log(line[s2] / floor), np.log(between / floor),
        np.log(after / floor), np.log(between / after), heard.beat_ms,
    ])  # fmt: skip
    level = _levels(heard)[1]
    yield level - level.mean()


def _texture(heard: Heard) -> Iterator[Floats]:
    """Yield the sound's spectrum, how peaky it is, and how far beats differ from each other."""
    powers = np.add.reduceat(heard.power, np.searchsorted(heard.hz, (*_SPECTRUM, _SPECTRUM[-1] + 25)))[:-1]
    logs = np.log(powers / (powers.sum() + ENERGY_FLOOR) + ENERGY_FLOOR)
    yield logs - logs.mean()
    size = np.abs(heard.wide)
    yield np.log(np.array([(heard.wide**4).mean(), size.mean(), np.percentile(size, 99.9)]) + ENERGY_FLOOR)
    flat = (heard.logs - heard.logs.mean(2, keepdims=True)).reshape(len(heard.logs), -1)
    own = flat.mean(0)
    like = flat @ own / (np.sqrt((flat**2).sum(1) * (own @ own)) + 1e-9)
    yield np.array([like.mean(), like.min()])
    _, s1, s2 = _middles(heard)
    near = [heard.envelope[:, at - 40 : at + 41] for at in (s1, s2)]
    places, heights = [one.argmax(1).astype(np.float64) for one in near], [np.log(one.max(1)) for one in near]
    yield np.array([places[0].std(), places[1].std(), (places[1] - places[0]).std(), heights[0].std(), heights[1].std()])
    low, high = np.percentile(heard.logs, (25, 75), axis=0)
    yield (high - low).mean(1)
    yield (high - low).mean(0)
