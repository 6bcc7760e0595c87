"""The sections of a card: what each may hold. What two of them may not say against each other is the card's own business."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict

from edgeecg.facts import MAX_BEATS_S, MAX_DEADLINE_S, MAX_WINDOW_S, MIN_HOP_S

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$", max_length=60)]
Version = Annotated[str, Field(pattern=r"^\d+(\.\d+){0,2}$", max_length=20)]
Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Chance = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Several = Strict(strict=False)  # TOML's lists become tuples; what is in them stays strict
Matrix = Annotated[tuple[Annotated[tuple[float, ...], Several], ...], Several]


class Section(BaseModel):
    """What holds for each: nothing unknown, nothing converted, no infinities, no change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class FileKey(StrEnum):
    """What a file of a model is: a net at a precision for a runtime, or the tree that is fused with it."""

    FP32_ONNX = "fp32_onnx"
    INT8_ONNX = "int8_onnx"
    FP32_TFLITE = "fp32_tflite"
    INT8_TFLITE = "int8_tflite"
    TREE_ONNX = "tree_onnx"


Key = Annotated[FileKey, Strict(strict=False)]


class Preprocessing(Section):
    """What is done to a window of millivolt on the 250 Hz grid, in this order, before it is resampled and z-scored."""

    notch_hz: Positive | None = None
    notch_q: Positive = 30.0
    order: Annotated[int, Field(ge=1, le=8)]
    low_hz: Positive
    high_hz: Annotated[float, Field(gt=0, lt=125)]
    median_len: Annotated[int, Field(ge=3, le=1001)] | None = None
    """Grid samples of the running median that is taken off as the baseline: odd."""


class Input(Section):
    """What the model is asked about, and how it is brought before the net."""

    rate_hz: Annotated[float, Field(ge=25, le=1000)]
    window_s: Annotated[float, Field(ge=1, le=MAX_WINDOW_S)]
    hop_s: Annotated[float, Field(ge=MIN_HOP_S, le=3600)] = 2.0
    deadline_s: Annotated[float, Field(gt=0, le=MAX_DEADLINE_S)] = 2.0
    max_missing_share: Share = 0.1
    before_s: Annotated[float, Field(ge=0)] | None = None
    """For a model that is asked about every beat: how long before its R peak the window begins."""
    beats_s: Annotated[float, Field(ge=0, le=MAX_BEATS_S)] = 0.0
    lead: Text = "I"
    preprocessing: Preprocessing | None = None
    """Of the net's input; a tree alone has none."""

    @property
    def len_samples(self) -> int:
        """Length of the net's input."""
        return round(self.window_s * self.rate_hz)


class File(Section):
    """A file beside the card."""

    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0)]


class Fusion(Section):
    """log p = net_weight * log softmax(logits / net_temperature) + (1 - net_weight) * log tree + const; features make the tree's input."""

    net_weight: Share
    net_temperature: Positive = 1.0
    features: Name
    features_version: Annotated[int, Field(ge=1)]
    features_len: Annotated[int, Field(ge=1, le=8192)]
    typical: Annotated[tuple[float, ...], Several] = ()
    """The median of each feature that has a name over the training windows: with it a model can say which features spoke."""
    beside: Annotated[tuple[Text, ...], Several] | None = None
    """What the tree tells after the labels' probabilities, each a part of one of them."""


class Hearing(Section):
    """For a model that hears: its net reads features of the lead and of the sound heard with it, and says what each sense adds."""

    sound_hz: Annotated[float, Field(ge=500, le=8000)]
    features: Name
    features_version: Annotated[int, Field(ge=1)]
    features_len: Annotated[int, Field(ge=1, le=8192)]
    senses: Annotated[tuple[Text, ...], Several, Field(min_length=1)]
    """What the places of its activation are."""


class Recording(Section):
    """A recording out of its windows: log p = mean @ (windows' mean log p) + most @ (their largest) + last @ (the last word) + bias,
    then a softmax. Means and largest are those of the net and then those of the tree, where a model has both; else of the one it has.
    The last word is the log p of the last window's tree, or, of a model without one, of that window.
    """

    windows: Annotated[int, Field(ge=1, le=10_000)]
    """It was learned from so many windows at most; what has more is cut into stretches."""
    bias: Annotated[tuple[float, ...], Several]
    mean: Matrix
    most: Matrix
    last: Matrix
    """A row for each label, a column for each label's mean, largest or last log p; of mean and most for each label of either voice."""
    abstain_below: Share = 0.0
    fitted_on: str = ""


SHAPE_BEFORE_S, SHAPE_AFTER_S = 0.08, 0.1
"""What of a beat is remembered: from so long before its R peak to so long after it."""


ByPace = Annotated[tuple[Chance, Chance, Chance], Several]
"""Where a beat's interval is like the one before, shorter, longer or not known."""


class Course(Section):
    """Added to the score of `early`: weight * the log odds that the beats before give it, beyond those of beats of its pace, less
    against * the share of the last beats that were `fibrillating`.
    """

    early: Text
    fibrillating: Text
    """One of what the tree tells beside the labels."""
    alike: Annotated[float, Field(gt=0, lt=1)]
    """An interval this near the one before, in parts of it, is like it."""
    behind_early: ByPace
    """How often a beat is early behind one that is."""
    behind_other: ByPace
    """And behind one that is not."""
    common: ByPace
    """And whatever it is behind."""
    trust: Annotated[float, Field(ge=0, le=1)]
    """How much what was said of a beat by itself counts for what comes behind it."""
    half_beats: Annotated[float, Field(ge=1, le=10_000)]
    """A beat so long ago counts half of the last, for the share that were fibrillating."""
    weight: Annotated[float, Field(ge=0)]
    against: Annotated[float, Field(ge=0)]


class Memory(Section):
    """For a model of beats: score = log p + lean + weight * the mean, over this heart's earlier beats of the same shape, of their log odds
    against the usual label.
    """

    beats: Annotated[int, Field(ge=1, le=1000)]
    """So many of the last ones are remembered."""
    alike: Annotated[float, Field(gt=0, lt=1)]
    """Beats whose complexes correlate by more than this have the same shape."""
    usual: Text
    lean: Annotated[tuple[float, ...], Several]
    weight: Annotated[tuple[float, ...], Several]
    course: Course | None = None
    fitted_on: str = ""


class Calibration(Section):
    """Scores / temperature -> softmax -> probabilities; under `abstain_below` the model has no answer."""

    temperature: Annotated[float, Field(gt=0, lt=1e6)] = 1.0
    abstain_below: Share = 0.0
    fitted_on: str = ""


class Data(Section):
    """One body of recordings the model has seen or was measured on."""

    name: Text
    use: Text
    licence: Text
    origin: str = ""
    recordings: Count = 0
    windows: Count = 0
    note: str = ""


class Split(Section):
    """How what was learned from and what was measured on were kept apart."""

    method: Text
    by: Text
    folds: Count = 0
    seed: int = 0
    left_out: Annotated[tuple[Text, ...], Several] = ()
    note: str = ""


class Metric(Section):
    """One figure with its interval, of the model or of a control."""

    name: Text
    value: float
    low: float | None = None
    high: float | None = None
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    on: Text
    """Which data, which split, live features or not."""
    of: Text = "model"
    n: Count = 0


class LayerSnr(Section):
    """What quantizing one layer alone does to it."""

    name: Text
    snr_db: float


class Quantization(Section):
    """How the int8 file was made, and how far it is from fp32."""

    method: Text
    windows: Count
    """Real windows it was calibrated on."""
    float_layers: Annotated[tuple[Text, ...], Several] = ()
    snr_db: float | None = None
    same_answer_share: Share | None = None
    score_change: float | None = None
    layers: Annotated[tuple[LayerSnr, ...], Several] = ()


class Expected(Section):
    """What one file says to the golden input: logits of a net, probabilities of a tree."""

    values: Annotated[tuple[float, ...], Several, Field(min_length=1)]
    tolerance: Positive


class Golden(Section):
    """A stated input (`edgeecg.models.golden`) and what each file must say to it."""

    formula: Name
    outputs: dict[Key, Expected]
