"""Heart sounds of a whole recording that has no ECG: not a stage of the engine, for it looks at what comes later."""

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.facts import MAX_SOUND_HZ, MIN_SOUND_HZ
from edgeecg.types import HeartSound, SoundKind
from edgeecg_kernels import sound_alone as kernel
from edgeecg_kernels.resample import grid_to_input, resample_block, resample_reset
from edgeecg_kernels.sound_filter import band_passes, sound_resampler
from edgeecg_kernels.sound_signal import signal_reset, signal_start, sound_signal
from edgeecg_kernels.sound_state import BLOCK, HALF, LOBE, RING, SOUND_SCRATCH, SOUND_STATE

FLOOR = 1e-30
LEVELS_S = 3.0
QUIET, LOUD = 25, 92
"""Percentiles of energy around a frame that are taken as the levels of quiet and of sound."""
SHORTEST_S = 3.0
MOST_A_FRAME = 1.2
DEEPEST = 5.0
"""Nepers below the loud level that quiet may be: in a silent room the faintest end of a sound would count as sound."""
PERIODIC = 0.35
"""Envelopes less like themselves a cycle later than this are no heart's."""


def sounds_alone(pcg: NDArray[np.number], rate_hz: float) -> list[HeartSound]:
    """Return S1 and S2; `beat_sample` and `delay_ms` are -1."""
    if not MIN_SOUND_HZ <= rate_hz <= MAX_SOUND_HZ:
        raise InputError("rate_hz", rate_hz, f"{MIN_SOUND_HZ:g} to {MAX_SOUND_HZ:g} Hz")
    if len(pcg) < SHORTEST_S * rate_hz:
        raise InputError("pcg", f"{len(pcg) / rate_hz:.1f} s of sound", f"at least {SHORTEST_S:g} s")
    params, taps = sound_resampler(rate_hz)
    narrow, wide = bands(pcg, params, taps)
    energy = _frames(narrow)
    gains, stands = _gains(energy)
    cycles, systoles, strength = _cycles(stands)
    n = len(energy)
    score, length = np.zeros((n + 1, kernel.STATES)), np.zeros((n + 1, kernel.STATES), np.int64)
    state = int(kernel.likeliest_course(gains, n, cycles, systoles, score, length))
    found, end = [], n
    up, down = int(params[0]["up"]), int(params[0]["down"])
    while end > 0:
        begin = end - int(length[end, state])
        if state in {kernel.S1, kernel.S2} and begin > 0 and end < n:
            support = (gains[end] - gains[begin]) * min(1.0, strength[min(len(strength) - 1, end // kernel.HOP)] / PERIODIC)
            found.append(_sound(state, begin, end, energy, wide, support, up, down))
        end, state = begin, (state + kernel.STATES - 1) % kernel.STATES
    return found[::-1]


def bands(pcg: NDArray[np.number], params: NDArray[np.void], taps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both bands of clean sound on the sound grid, from grid sample 0 on, as the engine makes them."""
    state, work, fir = np.zeros(1, SOUND_STATE), np.zeros(1, SOUND_SCRATCH), band_passes()
    s = state[0]
    signal_start(s)
    resample_reset(s["resample"], params[0], 0)
    first = int(s["resample"]["next_output"])
    signal_reset(s, first, first)
    n_grid = len(pcg) * int(params[0]["up"]) // int(params[0]["down"])
    made = np.zeros((2, n_grid + 2 * BLOCK))
    most = max(1, (BLOCK - 1) * int(params[0]["down"]) // int(params[0]["up"]))
    silence = np.full(int((HALF + LOBE + 40) * rate(params)), float(pcg[-1]))
    samples, ready = np.concatenate([pcg.astype(np.float64), silence]), 0
    for start in range(0, len(samples), most):
        first = int(s["resample"]["next_output"])
        m = resample_block(s["resample"], params[0], taps, samples, start, 1, min(most, len(samples) - start), work[0]["raw"])
        sound_signal(s, fir, 1.0, 0.0, work[0]["raw"], m, first, work[0])
        end = min(first + m - HALF - LOBE, n_grid)  # nothing before it is cut out any more
        if end > ready:
            places = np.arange(ready, end)
            made[0, places], made[1, places] = s["narrow"][places % RING], s["wide"][places % RING]
            ready = end
    return made[0, :n_grid], made[1, :n_grid]


def rate(params: NDArray[np.void]) -> float:
    """Return input samples to one of the grid."""
    return float(params[0]["down"]) / float(params[0]["up"])


def _frames(narrow: NDArray[np.float64]) -> NDArray[np.float64]:
    n = len(narrow) // kernel.FRAME_MS
    energy = np.square(narrow[: n * kernel.FRAME_MS]).reshape(n, -1).mean(axis=1)
    return np.convolve(energy, (0.25, 0.5, 0.25), mode="same")


def _gains(energy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the running sum of what frames say for sound, and that itself, from -1 to 1."""
    logs = np.log(energy + FLOOR)
    reach = round(LEVELS_S * 1000 / kernel.FRAME_MS)
    centres = np.arange(0, len(logs) + reach, reach)
    around = [logs[max(0, at - reach) : at + reach] for at in centres]
    quiet = np.interp(np.arange(len(logs)), centres, [np.percentile(part, QUIET) if len(part) else np.nan for part in _filled(around)])
    loud = np.interp(np.arange(len(logs)), centres, [np.percentile(part, LOUD) for part in _filled(around)])
    quiet = np.maximum(quiet, loud - DEEPEST)
    half = np.maximum(0.5 * (loud - quiet), 0.35)
    stands = np.clip((logs - quiet - half) / half, -1.0, 1.0)
    weight = np.minimum(half * half, MOST_A_FRAME)
    return np.concatenate([[0.0], np.cumsum(weight * stands)]), stands


def _filled(parts: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Give an empty stretch behind the end the one before it."""
    return [part if len(part) else parts[at - 1] for at, part in enumerate(parts)]


def _cycles(stands: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    y = stands - stands.mean()
    readings = [kernel.cycle_at(y, len(y), at + kernel.HOP // 2) for at in range(0, len(y), kernel.HOP)]
    cycles, systoles, strength = zip(*readings, strict=True)
    return np.array(cycles, np.int64), np.array(systoles, np.int64), np.array(strength)


def _sound(
    state: int, begin: int, end: int, energy: NDArray[np.float64], wide: NDArray[np.float64], support: float, up: int, down: int
) -> HeartSound:  # fmt: skip
    weights = energy[begin:end]
    centre = float(weights @ (np.arange(begin, end) + 0.5)) / max(float(weights.sum()), FLOOR) * kernel.FRAME_MS
    heard = wide[begin * kernel.FRAME_MS : end * kernel.FRAME_MS]
    return HeartSound(
        stream="",
        kind=SoundKind.S1 if state == kernel.S1 else SoundKind.S2,
        sample=int(grid_to_input(round(centre), up, down)),
        beat_sample=-1,
        delay_ms=-1.0,
        duration_ms=float((end - begin) * kernel.FRAME_MS),
        amplitude=float(np.sqrt(np.square(heard).mean())),
        confidence=float(1.0 / (1.0 + np.exp(min(50.0, (3.0 - support) / 1.5)))),
        reported_at=-1,
    )
