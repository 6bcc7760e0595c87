"""Early beats made wide: what is conducted along one bundle branch only, and what begins in a ventricle.

Aberrant beats are rare, and nearly all of those that were marked are one person's. An aberrant beat follows its P wave and begins as this
heart's beats do, but the rest of the complex is late; a ventricular one has no P wave and nothing of the usual complex. Both turn their
T wave against what came late. They are made of normal beats whose diastole was cut short (`beat.early`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common.keep import data_root, kept
from numpy.typing import NDArray

from beat.early import cut_short, other_p_wave
from beat.harvest import LABELS, questions
from beat.settled import FIRST_BEATS, Settled, normal_recordings
from edgeecg.io.wfdb import read_record
from edgeecg_kernels._jit import source_digest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rng = np.random.Generator

S, V = LABELS.index("S"), LABELS.index("V")
VENTRICULAR_SHARE = 0.4
BEATS = 12
"""Of each recording so many of either kind are drawn."""
LEAST_BEATS = 8
NEAR_S = 0.1
"""A wide complex may have its R peak so far from where the usual one had it."""
QRS_BEGINS_S, QRS_ENDS_S, WIDE_ENDS_S = 0.07, 0.09, 0.26
"""The usual complex, and where the widest ends: so long before the R peak, and behind it."""
T_BEGINS_S, T_ENDS_S = 0.18, 0.42


@dataclass(frozen=True, slots=True)
class Draw:
    """How one complex is made wide, in parts of the usual one."""

    in_time: float
    late: float
    slower: float
    delay_s: float
    t_wave: float

    @classmethod
    def aberrant(cls, rng: Rng) -> "Draw":
        """Draw what begins as usual: a part in time, and the other late, slow, either way up."""
        late = rng.uniform(0.3, 1.0) * rng.choice((-1.0, 1.0))
        return cls(rng.uniform(0.3, 1.0), late, rng.uniform(1.3, 2.2), rng.uniform(0.02, 0.06), rng.uniform(0.0, 0.35))

    @classmethod
    def ventricular(cls, rng: Rng) -> "Draw":
        """Draw what is slow from its beginning on."""
        return cls(0.0, rng.uniform(0.6, 1.6) * rng.choice((-1.0, 1.0)), rng.uniform(1.8, 2.8), 0.0, rng.uniform(0.0, 0.35))


def wide(work: Path) -> Settled:
    """Return the beats, S and V."""
    return kept(work / f"wide-{source_digest('qrs')}.pickle", _harvest)


def _harvest(seed: int = 11) -> Settled:
    rng = np.random.default_rng(seed)
    each = [_beats(name, rng) for name in normal_recordings(np.random.default_rng(0))]
    labels, features = (np.concatenate(part) for part in zip(*each, strict=True))
    print(f"wide: {np.bincount(labels).tolist()} beats of {len(each)} recordings", flush=True)
    return Settled(features, labels, len(each), np.zeros(len(labels), np.bool_))


def _beats(name: str, rng: Rng) -> tuple[Ints, NDArray[np.float32]]:
    """Return the labels and the features of what was made wide in a recording."""
    record = read_record(data_root() / "cinc2017" / name)
    samples, rate_hz = record.lead(0).millivolts(), record.rate_hz
    asked, features, _ = questions(samples, rate_hz)
    label = np.full(len(asked), -1)
    if len(asked) >= LEAST_BEATS:
        changed, early, kinds = widened(samples, np.sort(asked), rate_hz, rng)
        asked, features, _ = questions(changed, rate_hz)
        away = np.abs(asked[:, None] - early[None])
        near = away.min(1, initial=len(samples)) <= NEAR_S * rate_hz
        label = np.where(near, kinds[away.argmin(1)], -1) if len(early) else np.full(len(asked), -1)
        label[:FIRST_BEATS] = -1
    drawn = np.concatenate([rng.permutation(np.flatnonzero(label == kind))[:BEATS] for kind in (S, V)])
    return label[drawn], features[drawn]


def widened(samples: Floats, peaks: Ints, rate_hz: float, rng: Rng) -> tuple[Floats, Ints, Ints]:
    """Return the recording with some beats come early and wide, where they lie, and which class each is of."""
    y, early = cut_short(samples, peaks, rate_hz, rng)
    kinds = np.where(rng.random(len(early)) < VENTRICULAR_SHARE, V, S)
    for peak, kind in zip(early.tolist(), kinds.tolist(), strict=True):
        other_p_wave(y, peak, rate_hz, rng.uniform(-0.1, 0.1) if kind == V else rng.uniform(0.6, 1.4))
        _make_wide(y, peak, rate_hz, Draw.ventricular(rng) if kind == V else Draw.aberrant(rng))
    return y, early, kinds


def _make_wide(y: Floats, peak: int, rate_hz: float, draw: Draw) -> None:
    begin, ends, last = peak - round(QRS_BEGINS_S * rate_hz), peak + round(QRS_ENDS_S * rate_hz), peak + round(WIDE_ENDS_S * rate_hz)
    if begin < 0 or last >= len(y):
        return
    usual, t = np.zeros(last - begin), np.arange(last - begin, dtype=np.float64)
    usual[: ends - begin] = y[begin:ends] - np.linspace(y[begin], y[ends - 1], ends - begin)
    late = np.interp((t - draw.delay_s * rate_hz) / draw.slower, t, usual, left=0.0, right=0.0)
    y[begin:last] += (draw.in_time - 1) * usual + draw.late * late
    first, behind = peak + round(T_BEGINS_S * rate_hz), min(len(y), peak + round(T_ENDS_S * rate_hz))
    hump = np.sin(np.linspace(0, np.pi, behind - first)) ** 2
    y[first:behind] -= np.sign(draw.late) * draw.t_wave * float(np.ptp(usual)) * hump
