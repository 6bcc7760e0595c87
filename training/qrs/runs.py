"""Runs of a heart's own ventricular beats, put into its recording: hardly any recording has a fast one."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qrs.recordings import GRID_HZ, Recording

Floats = NDArray[np.float64]
Rng = np.random.Generator
LEAST = 5
"""Ventricular beats a recording must have."""
HALF = int(0.15 * GRID_HZ)
REACH = int(0.6 * GRID_HZ)
ALIKE = 0.9


def possible(recording: Recording) -> bool:
    """Return whether there are ventricular beats enough."""
    return int(np.sum(recording.wide == 1)) >= LEAST


def inserted(recording: Recording, rng: Rng) -> Recording:
    """Put a run of 2 to 60 ventricular beats at 110 to 250 a minute into every half minute or so."""
    raw, beats, wide = recording.raw.copy(), recording.beats, recording.wide
    forms = [round(float(b)) for b in beats[wide == 1] if REACH < b < len(raw) - REACH]
    if not forms:
        return recording
    at = rng.uniform(5.0, 30.0) * GRID_HZ
    while at < len(raw) - 60.0 * GRID_HZ:
        raw, beats, wide, end = _one(recording, raw, beats, wide, forms, at, rng)
        at = end + rng.uniform(10.0, 40.0) * GRID_HZ
    return replace(recording, raw=raw, beats=beats, wide=wide)


def _alike(raw: Floats, chosen: int, forms: list[int]) -> list[int]:
    """Return the ventricular beats that look like the chosen one."""
    shape = raw[chosen - HALF : chosen + HALF]
    return [f for f in forms if np.corrcoef(shape, raw[f - HALF : f + HALF])[0, 1] > ALIKE] or [chosen]


def _one(
    source: Recording, raw: Floats, beats: Floats, wide: NDArray[np.int8], forms: list[int], at: float, rng: Rng
) -> tuple[Floats, Floats, NDArray[np.int8], float]:
    """Write one run after the first beat from `at` on; return the signal, its beats, and where the run ends."""
    before = beats[beats >= at]
    if len(before) < 3:
        return raw, beats, wide, float(len(raw))
    likes = _alike(source.raw, forms[rng.integers(len(forms))], forms)
    gap = GRID_HZ * 60.0 / float(np.exp(rng.uniform(np.log(110.0), np.log(250.0))))
    first = before[0] + rng.uniform(0.32, 0.7) * GRID_HZ
    count = int(np.exp(rng.uniform(np.log(2.0), np.log(60.0))))
    places = first + np.cumsum(np.concatenate([[0.0], gap * (1.0 + 0.03 * rng.normal(size=count - 1))]))
    places = places[places < len(raw) - 3.0 * GRID_HZ]
    end = places[-1] + 0.75 * gap
    later = beats[beats > places[-1] + 0.35 * GRID_HZ]
    resume = float(later[0]) - 0.12 * GRID_HZ if len(later) else float(len(raw))
    made, weight = np.zeros(len(raw)), np.zeros(len(raw))
    for place in places:
        _add(source.raw, likes[rng.integers(len(likes))], round(place), gap, made, weight)
    start, stop = round(first - 0.3 * gap), round(min(end, resume))
    level = np.median(raw[max(start - GRID_HZ, 0) : start + 1])
    covered = np.clip(weight, 0.0, 1.0)
    ramp = np.interp(np.arange(len(raw)), [start - 5, start + 5, stop - 5, stop + 5], [0.0, 1.0, 1.0, 0.0])
    run = level + made / np.maximum(weight, 1e-3)
    result = raw * (1.0 - ramp * covered) + run * ramp * covered
    outside = (beats <= before[0]) | (beats >= stop)
    merged = np.concatenate([beats[outside], places])
    kinds = np.concatenate([wide[outside], np.ones(len(places), np.int8)])
    order = np.argsort(merged)
    return result, merged[order], kinds[order], float(stop)


def _add(source: Floats, form: int, place: int, gap: float, made: Floats, weight: Floats) -> None:
    """Add one beat, faded in and out, so that neighbours' weights sum up to about one."""
    left, right = int(0.5 * gap), int(0.75 * gap)
    left, right = min(left, REACH - 1, place), min(right, REACH - 1, len(made) - place - 1)
    t = np.arange(-left, right + 1)
    fade = np.minimum(1.0, np.minimum((t + left + 1) / (0.25 * gap), (right + 1 - t) / (0.25 * gap)))
    shape = source[form - left : form + right + 1]
    made[place - left : place + right + 1] += fade * (shape - np.median(source[form - REACH : form + REACH]))
    weight[place - left : place + right + 1] += fade
