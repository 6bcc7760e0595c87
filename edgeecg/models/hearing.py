"""A recording of ECG and sound together, classified by a model that hears.

The lead and its beats come out of an engine, window by window, as a live stream has them. The sound of the same span is cut out by
time and brought to the model's rate by its spectrum; what is wrong with it is said, and the model is not asked.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.models import card as cards
from edgeecg.models.classifier import Classifier, HeardFeatures, Model, Opinion, beats_of
from edgeecg.models.features.heart_sound import LIKE, SOUND_HZ
from edgeecg.models.recording import Classification, Window, of_windows
from edgeecg.models.why import LEAST_PART, MAX_FEATURES, Part, Why
from edgeecg.models.windows import run
from edgeecg.stages.classify import calibrated
from edgeecg.types import WindowReady

Floats = NDArray[np.float32]

MAX_MISSING_SHARE = 0.1
MAX_SILENT_SHARE = 0.2
MAX_CLIPPED_SHARE = 0.02
"""Samples at the very largest or smallest value there is."""
BLOCK_S = 0.1
LEAST_LIKE = 0.37
"""How like each other beats must sound: what 95 % of windows of noise, put in time by a heart's beats, stay below."""


@dataclass(frozen=True, slots=True, eq=False)
class HeardWindow:
    """A window of both; `fault` says why it is not to be answered, or is empty."""

    window: WindowReady
    features: Floats
    fault: str


def classify(ecg: NDArray[np.number], stream: StreamFacts, pcg: NDArray[np.number], pcg_rate_hz: float, model: Model) -> Classification:
    """Classify a recording whose two signals begin at the same instant."""
    assert model.hears, "a model that hears"
    facts, classifier = cards.to_facts(model.card), Classifier(model)
    asked = list(heard_windows(ecg, stream, pcg, pcg_rate_hz, facts, model.hears))
    opinions = [None if one.fault else classifier.of_features(one.features) for one in asked]
    windows = tuple(_window(one.window, opinion, facts, len(ecg)) for one, opinion in zip(asked, opinions, strict=True))
    said = [opinion for opinion in opinions if opinion]
    shares = of_windows([opinion.scores.tolist() for opinion in said], facts)
    label = max(shares, key=shares.__getitem__, default="")
    faults = Counter(one.fault for one in asked if one.fault)
    why = _why(label, said, model) if said else Why("", refused=faults.most_common(1)[0][0] if faults else "")
    abstained = not shares or shares[label] < facts.abstain_below
    return Classification(label, shares, abstained, windows, why, model.spoken)


def heard_windows(
    ecg: NDArray[np.number], stream: StreamFacts, pcg: NDArray[np.number], pcg_rate_hz: float, facts: ModelFacts, hears: HeardFeatures
) -> Iterator[HeardWindow]:
    """Yield the windows of a recording, each with what the model reads of it."""
    if pcg.ndim != 1 or pcg.dtype.kind not in "iuf" or not len(pcg):
        raise InputError("pcg", f"an array of {pcg.dtype} of shape {pcg.shape}", "integers or floats, in one dimension, at least one")
    if not math.isfinite(pcg_rate_hz) or pcg_rate_hz < SOUND_HZ:
        raise InputError("pcg_rate_hz", f"{pcg_rate_hz:g}", f"{SOUND_HZ} Hz or more: the model hears up to {SOUND_HZ // 2} Hz")
    for event in run(ecg, stream, facts):
        if isinstance(event, WindowReady):
            piece = cut(pcg, pcg_rate_hz, event.start_sample / stream.rate_hz, facts.window_s)
            sound = resampled(piece, round(facts.window_s * SOUND_HZ))
            features = hears(np.frombuffer(event.samples_mv, "<f4"), beats_of(event), sound)
            fault = "" if event.readable else "too much of the ECG is missing"
            yield HeardWindow(event, features, fault or unfit(piece, pcg_rate_hz) or unheard(features))


def unheard(features: Floats) -> str:
    """Say why features are not to be judged, or nothing."""
    if not np.isfinite(features).any():
        return "too few beats"
    return "nothing in the sound repeats with the heart" if not features[LIKE] >= LEAST_LIKE else ""


def _window(window: WindowReady, opinion: Opinion | None, facts: ModelFacts, n_samples: int) -> Window:
    """Tell of a window as far as the recording goes."""
    scores = opinion.scores.tolist() if opinion else []
    shares = dict(zip(facts.labels, calibrated(scores, facts.temperature, independent=False), strict=True)) if opinion else {}
    label = max(shares, key=shares.__getitem__, default="")
    start = max(0, window.start_sample)
    return Window(
        start_sample=start,
        len_samples=max(0, min(window.start_sample + window.len_samples, n_samples) - start),
        beat_sample=-1,
        readable=opinion is not None,
        label=label,
        probabilities=shares,
        abstained=not shares or shares[label] < facts.abstain_below,
    )


def _why(label: str, said: Sequence[Opinion], model: Model) -> Why:
    """Say which senses spoke for the label, over all windows."""
    hearing, place = model.card.hearing, model.card.labels.index(label)
    assert hearing, "a model that hears"
    added = np.mean([opinion.parts[place] for opinion in said], axis=0)
    total = float(np.abs(added).sum()) or 1.0
    strongest = np.argsort(-added, kind="stable")[:MAX_FEATURES].tolist()
    return Why(label, senses=tuple(Part(hearing.senses[i], float(added[i]) / total) for i in strongest if added[i] / total >= LEAST_PART))


def cut(pcg: NDArray[np.number], rate_hz: float, start_s: float, window_s: float) -> NDArray[np.float64]:
    """Return a stretch of sound; what lies outside the recording is missing."""
    first, n = round(start_s * rate_hz), round(window_s * rate_hz)
    piece = np.full(n, np.nan)
    begin, end = max(first, 0), min(first + n, len(pcg))
    if begin < end:
        piece[begin - first : end - first] = pcg[begin:end]
    return piece


def resampled(piece: NDArray[np.float64], n: int) -> Floats:
    """Return a stretch as `n` samples, by its spectrum; missing samples lie on the line between their neighbours."""
    known = np.isfinite(piece)
    if not known.any():
        return np.full(n, np.nan, np.float32)
    at = np.arange(len(piece))
    filled = np.interp(at, at[known], piece[known])
    line = np.array([filled[0], filled[-1]])
    level = np.interp(at, (0, len(piece) - 1), line)
    spectrum = np.fft.rfft(filled - level)[: n // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, n) * (n / len(piece)) + np.linspace(line[0], line[1], n), np.float32)


def unfit(piece: NDArray[np.float64], rate_hz: float) -> str:
    """Say what is wrong with a stretch of sound, or nothing."""
    known = np.isfinite(piece)
    missing = 1 - float(known.mean())
    if missing > MAX_MISSING_SHARE:
        return f"{missing:.0%} of the sound is missing"
    heard = piece[known]
    block_len = max(2, round(BLOCK_S * rate_hz))
    blocks = heard[: len(heard) // block_len * block_len].reshape(-1, block_len)
    silent = float((np.ptp(blocks, axis=1) == 0).mean())
    if silent > MAX_SILENT_SHARE:
        return f"{silent:.0%} of the sound is silent"
    clipped = _clipped_share(heard)
    if clipped > MAX_CLIPPED_SHARE:
        return f"{clipped:.0%} of the sound is clipped"
    return ""


def _clipped_share(heard: NDArray[np.float64]) -> float:
    """Return the share of samples that lie amid three in a row at either end of the range: a peak alone is not clipped."""
    share = 0.0
    for end in (heard.max(), heard.min()):
        at = heard == end
        run_here = at[:-2] & at[1:-1] & at[2:]
        share += float(run_here.mean())
    return share
