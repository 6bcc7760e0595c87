"""A recording of ECG and sound together, classified by a model that hears.

Both go through an engine as a live stream does: its windows, its answers. What is wrong with a window is said, and the model is not asked.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.facts import MAX_SOUND_HZ, ModelFacts, StreamFacts
from edgeecg.models import card as cards
from edgeecg.models.classifier import Classifier, HeardFeatures, Model, Opinion, beats_of, said
from edgeecg.models.features.heart_sound import SOUND_HZ
from edgeecg.models.recording import Classification, Window, of_windows
from edgeecg.models.why import LEAST_PART, MAX_FEATURES, NO_NUMBERS, Part, Why
from edgeecg.models.windows import STREAM, run
from edgeecg.stages.coupling import regrid
from edgeecg.types import Inference, Prediction, SoundReason, WindowReady

Floats = NDArray[np.float32]

BROUGHT_TO_HZ = 4000
"""What sound is brought to that is faster than a stream may be."""
FAULTS: Final = {
    SoundReason.NONE: "too much of the ECG is missing",
    SoundReason.MISSING: "too much of the sound is missing",
    SoundReason.SILENT: "too much of the sound is silent",
    SoundReason.CLIPPED: "too much of the sound is clipped",
    SoundReason.CLOCK: "the clocks of ECG and sound do not agree",
}


@dataclass(frozen=True, slots=True, eq=False)
class HeardWindow:
    """A window of both; `fault` says why it is not to be answered, or is empty."""

    window: WindowReady
    features: Floats
    fault: str


def classify(ecg: NDArray[np.number], stream: StreamFacts, pcg: NDArray[np.number], pcg_rate_hz: float, model: Model) -> Classification:
    """Classify a recording whose two signals begin at the same instant."""
    facts, classifier = cards.to_facts(model.card), Classifier(model)
    opinions: dict[int, Opinion] = {}

    def answer(window: WindowReady) -> Inference:
        opinions[window.window_id] = classifier.opinion_of(window)
        return said(window, opinions[window.window_id])

    events = list(run(ecg, stream, facts, answer, _sound(pcg, pcg_rate_hz)))
    announced = [event for event in events if isinstance(event, WindowReady)]
    answers = {event.window_id: event for event in events if isinstance(event, Prediction)}
    windows = tuple(_window(one, answers.get(one.window_id), opinions.get(one.window_id), facts, stream, len(ecg)) for one in announced)
    heard = [opinions[number] for number in answers if not opinions[number].fault]
    shares = of_windows(heard, facts)
    label = max(shares, key=shares.__getitem__, default="")
    abstained = not shares or shares[label] < facts.abstain_below
    why = _why(label, heard, model) if heard else Why("", refused=_refused(announced, opinions))
    return Classification(label, shares, abstained, windows, why, model.spoken)


def heard_windows(
    ecg: NDArray[np.number], stream: StreamFacts, pcg: NDArray[np.number], pcg_rate_hz: float, facts: ModelFacts, hears: HeardFeatures
) -> Iterator[HeardWindow]:
    """Yield the windows of a recording, each with what the model reads of it."""
    for event in run(ecg, stream, facts, sound=_sound(pcg, pcg_rate_hz)):
        if isinstance(event, WindowReady):
            features = hears.make(np.frombuffer(event.samples_mv, "<f4"), beats_of(event), np.frombuffer(event.sound, "<f4"))
            yield HeardWindow(event, features, unreadable(event) or hears.unheard(features))


def unreadable(window: WindowReady) -> str:
    """Say why a window is not readable, or nothing."""
    return "" if window.readable else FAULTS[window.sound_fault]


def _sound(pcg: NDArray[np.number], rate_hz: float) -> tuple[NDArray[np.number], StreamFacts]:
    """Check a sound, and say what it is as a stream."""
    if pcg.ndim != 1 or pcg.dtype.kind not in "iuf" or not len(pcg):
        raise InputError("pcg", f"an array of {pcg.dtype} of shape {pcg.shape}", "integers or floats, in one dimension, at least one")
    if not math.isfinite(rate_hz) or rate_hz < SOUND_HZ:
        raise InputError("pcg_rate_hz", f"{rate_hz:g}", f"{SOUND_HZ} Hz or more: the model hears up to {SOUND_HZ // 2} Hz")
    if rate_hz > MAX_SOUND_HZ:
        pcg, rate_hz = regrid(pcg.astype(np.float64), rate_hz, BROUGHT_TO_HZ), float(BROUGHT_TO_HZ)
    return pcg, StreamFacts(name=f"{STREAM} heard", rate_hz=rate_hz, leads=("PCG",), sound_of=STREAM)


def _refused(announced: Sequence[WindowReady], opinions: dict[int, Opinion]) -> str:
    """Return what most windows are refused for."""
    faults = Counter(opinions[one.window_id].fault or NO_NUMBERS if one.readable else unreadable(one) for one in announced)
    return faults.most_common(1)[0][0] if faults else "too few beats"


def _window(
    window: WindowReady, answer: Prediction | None, opinion: Opinion | None, facts: ModelFacts, stream: StreamFacts, n_samples: int
) -> Window:  # fmt: skip
    """Tell of a window in samples of the ECG, as far as the recording goes."""
    answered = answer is not None and opinion is not None and not opinion.fault
    per_sample = facts.window_s * stream.rate_hz / window.len_samples
    start, end = (min(max(0, round(at * per_sample)), n_samples) for at in (window.start_sample, window.start_sample + window.len_samples))
    return Window(
        start_sample=start,
        len_samples=end - start,
        beat_sample=-1,
        readable=answered,
        label=answer.label if answer and answered else "",
        probabilities=dict(zip(facts.labels, answer.probabilities, strict=True)) if answer and answered else {},
        abstained=answer.abstained if answer and answered else True,
    )


def _why(label: str, heard: Sequence[Opinion], model: Model) -> Why:
    """Say which senses spoke for the label, over all windows."""
    hearing, place = model.card.hearing, model.card.labels.index(label)
    assert hearing, "a model that hears"
    added = np.mean([opinion.parts[place] for opinion in heard], axis=0)
    total = float(np.abs(added).sum()) or 1.0
    strongest = np.argsort(-added, kind="stable")[:MAX_FEATURES].tolist()
    return Why(label, senses=tuple(Part(hearing.senses[i], float(added[i]) / total) for i in strongest if added[i] / total >= LEAST_PART))
