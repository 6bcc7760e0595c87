"""A stated window that every file of a model must answer as its card says, on every runtime and host.

Formula `heart`: beats of five Gaussian waves 0.8 s apart, every fifth 0.2 s early, on a slow sine, with noise from the
generator x <- (1103515245 x + 12345) mod 2**31, all in mV on the 250 Hz grid. It is no claim about any patient.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.models import card as cards
from edgeecg.models.backend import Floats
from edgeecg.models.card import Card, FileKey, Input
from edgeecg.models.loading import feature_set, heard_set, open_net, open_tree
from edgeecg.models.preprocess import Preprocessor
from edgeecg.types import BEAT_FIELDS, WindowReady

FORMULA = "heart"
PERIOD_S, EARLY_S = 0.8, 0.2
WAVES = ((-0.2, 0.025, 0.12), (-0.03, 0.010, -0.1), (0.0, 0.012, 1.1), (0.03, 0.010, -0.2), (0.28, 0.05, 0.3))
"""Seconds from R, width in seconds, height in mV: P, Q, R, S, T."""
NOISE_MV = 0.03
TONES = ((0.05, 0.02, 1.0, 45.0), (0.36, 0.015, 0.7, 65.0))
"""Seconds from R, width in seconds, loudness, Hz: S1 and S2."""
SOUND_NOISE = 0.02
TOLERANCE = {FileKey.FP32_ONNX: 1e-3, FileKey.FP32_TFLITE: 1e-3, FileKey.TREE_ONNX: 1e-4}
"""Of the largest magnitude expected, or of 1: what runtimes differ by on one file, over hosts."""
INT8_TOLERANCE = 0.15
"""Int8 kernels round and saturate differently from one processor to the next."""


def r_peaks(given: Input) -> NDArray[np.float64]:
    """Return the seconds of the formula's R peaks in a window of this model; it is asked about the first, if about one."""
    first = 0.5 if given.before_s is None else given.before_s
    count = int((given.window_s - first) / PERIOD_S) + 1
    early = np.where(np.arange(count) % 5 == 4, EARLY_S, 0.0)
    return np.asarray(first + PERIOD_S * np.arange(count) - early)


def window(given: Input) -> tuple[Floats, Floats]:
    """Return the window's samples in mV and its beats, as rows of BEAT_FIELDS."""
    n, peaks = round(given.window_s * cards.GRID_HZ), r_peaks(given)
    t = np.arange(n) / cards.GRID_HZ
    signal = 0.3 * np.sin(2 * np.pi * 0.25 * t) + NOISE_MV * _noise(n)
    for peak in peaks:
        for at, width, height in WAVES:
            signal += height * np.exp(-0.5 * ((t - peak - at) / width) ** 2)
    beats = np.zeros((len(peaks), len(BEAT_FIELDS)), np.float32)
    beats[:, 0] = peaks
    beats[:, 1:] = (0.95, 1.0, 90.0, 1.0, 0.1, 1.1)  # sure, normal, 90 ms wide, in time, near the template, 1.1 mV
    beats[4::5, 4] = 1 - EARLY_S / PERIOD_S
    return signal.astype(np.float32), beats


def asked(card: Card) -> tuple[Floats, ...]:
    """Return all that a classifier of this model is asked with."""
    return (*window(card.input), sound(card.input, card.hearing.sound_hz)) if card.hearing else window(card.input)


def announced(card: Card, stream: str, number: int) -> WindowReady:
    """Return the window as the engine would announce it, `number` windows after the stream's first; all are alike."""
    samples, beats, *heard = asked(card)
    n = len(samples)
    about = -1 if card.input.before_s is None else round(card.input.before_s * cards.GRID_HZ)
    return WindowReady(
        stream=stream,
        lead="I",
        model=card.name,
        window_id=number,
        start_sample=number * n,
        len_samples=n,
        deadline_sample=(number + 1) * n,
        readable=True,
        missing_share=0.0,
        beat_sample=about if about < 0 else number * n + about,
        samples_mv=samples.tobytes(),
        beats=beats.tobytes(),
        reported_at=(number + 1) * n,
        sound=heard[0].tobytes() if heard else b"",
    )


def sound(given: Input, sound_hz: float) -> Floats:
    """Return the sound of the same window: two short tones a beat, and noise."""
    n = round(given.window_s * sound_hz)
    t = np.arange(n) / sound_hz
    heard = SOUND_NOISE * _noise(n)
    for peak in r_peaks(given):
        for at, width, loud, tone_hz in TONES:
            heard += loud * np.exp(-0.5 * ((t - peak - at) / width) ** 2) * np.sin(2 * np.pi * tone_hz * (t - peak))
    return heard.astype(np.float32)


def _noise(n: int) -> NDArray[np.float64]:
    """Uniform from -1 to 1, the same on every machine."""
    x, values = 1, np.empty(n)
    for i in range(n):
        x = (1103515245 * x + 12345) % 2**31
        values[i] = x / 2**30 - 1
    return values


def answers(card: Card, folder: Path, key: FileKey, cache: Path | None = None) -> NDArray[np.float64]:
    """Return what one file says to the golden window: logits of a net, probabilities of a tree."""
    if card.hearing:
        return open_net(card, folder, key, cache)(heard_set(card).make(*asked(card)).reshape(1, 1, 1, -1)).logits.astype(np.float64)
    samples, beats = window(card.input)
    if key is FileKey.TREE_ONNX:
        return open_tree(card, folder, cache)(feature_set(card)(samples, beats)).astype(np.float64)
    return open_net(card, folder, key, cache)(Preprocessor(card.input)(samples)).logits.astype(np.float64)


def faults(card: Card, folder: Path, key: FileKey, cache: Path | None = None) -> Iterator[str]:
    """Say how far a file's answer is from what its card expects, where it is farther than the card allows."""
    expected = card.golden.outputs[key]
    said = answers(card, folder, key, cache)
    off = float(np.max(np.abs(said - np.array(expected.values))))
    if not off <= expected.tolerance:
        yield f"the golden window gives {_listed(said)}, which is {off:.3g} from {_listed(expected.values)}: more than {expected.tolerance:g}"


def _listed(values: Any) -> str:
    shown = ", ".join(f"{value:.4g}" for value in values[:6])
    return f"({shown}{', ...' if len(values) > 6 else ''})"


def completed(table: Mapping[str, Any], folder: Path) -> Card:
    """Make a card of a table without [golden], by asking every file that lies in `folder` what it says.

    A file no runtime here can run is an error: nobody may state what was not measured.
    """
    n_outputs = len(table.get("labels", ())) or table.get("n_features", 0)
    beside = len((table.get("fusion") or {}).get("beside") or ())
    nothing = {
        key: {"values": [0.0] * (n_outputs + beside * (key == FileKey.TREE_ONNX)), "tolerance": 1.0} for key in table.get("files", ())
    }
    draft = cards.make({**table, "golden": {"formula": FORMULA, "outputs": nothing}})
    outputs = {}
    for key in draft.files:
        said = answers(draft, folder, key)
        tolerance = TOLERANCE.get(key, INT8_TOLERANCE) * max(1.0, float(np.abs(said).max()))
        outputs[key.value] = {"values": [float(f"{value:.7g}") for value in said], "tolerance": float(f"{tolerance:.3g}")}
    return cards.make({**table, "golden": {"formula": FORMULA, "outputs": outputs}})
