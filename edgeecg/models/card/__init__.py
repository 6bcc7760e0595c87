"""The card of a model, `<name>-<version>.card.toml`: what it is, what it needs, how good it is, and its files by hash.

`read` and `write` both check everything, and name all faults at once. What the engine needs of a card is `to_facts`.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from edgeecg.errors import Fault, ModelError
from edgeecg.facts import ModelFacts
from edgeecg.models import toml
from edgeecg.models.card.sections import (
    SHAPE_AFTER_S,
    SHAPE_BEFORE_S,
    Calibration,
    Course,
    Data,
    Expected,
    File,
    FileKey,
    Fusion,
    Golden,
    Hearing,
    Input,
    Key,
    LayerSnr,
    Memory,
    Metric,
    Name,
    Preprocessing,
    Quantization,
    Recording,
    Section,
    Several,
    Split,
    Text,
    Version,
)

__all__ = [
    "SHAPE_AFTER_S",
    "SHAPE_BEFORE_S",
    "SUFFIX",
    "Calibration",
    "Card",
    "Course",
    "Data",
    "Expected",
    "File",
    "FileKey",
    "Fusion",
    "Golden",
    "Hearing",
    "Input",
    "LayerSnr",
    "Memory",
    "Metric",
    "Preprocessing",
    "Quantization",
    "Recording",
    "Split",
    "digest",
    "dumps",
    "file_entry",
    "loads",
    "make",
    "read",
    "to_facts",
    "write",
]

SUFFIX = ".card.toml"
GRID_HZ = 250
"""What windows come at; a test holds it to the engine's own."""
MAX_CARD_BYTES = 1 << 20
HEARING_KEYS = (FileKey.FP32_ONNX, FileKey.INT8_ONNX)


class Card(Section):
    """All that is known of a model."""

    name: Name
    version: Version
    summary: Text
    architecture: Text
    task: Literal["window", "beat", "features"]
    """What it is asked about; `features`: it has no labels, and is there to be taught some."""
    labels: Annotated[tuple[Text, ...], Several, Field(max_length=512)] = ()
    label_names: Annotated[tuple[Text, ...], Several] = ()
    """The labels in words, in their order."""
    independent: bool = False
    """Each label stands for itself, several may hold: a sigmoid each."""
    shown: Annotated[tuple[Text, ...], Several] = ()
    """The labels one of which is the answer; empty: any."""
    n_features: Annotated[int, Field(ge=0, le=65536)] = 0
    """How many features an encoder gives."""
    licence: Text
    origin: Text
    untrained: bool = False
    """Its weights were never learned: for benchmarks; no classifier loads it."""
    limits: Annotated[tuple[Text, ...], Several, Field(min_length=1)]
    """Sentences: what it was not shown, where it fails, what it must not be used for."""
    input: Input
    files: Annotated[dict[Key, File], Field(min_length=1)]
    fusion: Fusion | None = None
    hearing: Hearing | None = None
    calibration: Calibration = Calibration()
    memory: Memory | None = None
    """Without it each beat is judged by itself."""
    recording: Recording | None = None
    """Without it a recording's scores are the mean of its windows'."""
    data: Annotated[tuple[Data, ...], Several] = ()
    split: Split | None = None
    metrics: Annotated[tuple[Metric, ...], Several] = ()
    quantization: Quantization | None = None
    golden: Golden

    @property
    def id(self) -> str:
        """`<name>-<version>`, which all its files begin with."""
        return f"{self.name}-{self.version}"

    @property
    def n_outputs(self) -> int:
        """How many numbers it answers with."""
        return len(self.labels) or self.n_features

    @property
    def net_len(self) -> int:
        """How many numbers the net reads: samples, or features where it hears."""
        return self.hearing.features_len if self.hearing else self.input.len_samples

    @property
    def nets(self) -> tuple[FileKey, ...]:
        """The net's files, the default first: int8 before fp32, onnxruntime before TFLite."""
        order = (FileKey.INT8_ONNX, FileKey.FP32_ONNX, FileKey.INT8_TFLITE, FileKey.FP32_TFLITE)
        return tuple(key for key in order if key in self.files)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Card":
        faults = tuple(_cross_faults(self))
        if faults:
            raise PydanticCustomError("faults", "a card that agrees with itself", {"faults": faults})
        return self


def _cross_faults(card: Card) -> Iterator[Fault]:
    """Find what two sections say against each other."""
    labels = card.labels
    yield from _answer_faults(card)
    if len(set(labels)) < len(labels):
        yield Fault("labels", labels, "different labels")
    if card.label_names and len(card.label_names) != len(labels):
        yield Fault("label_names", f"{len(card.label_names)} names", f"one for each of {len(labels)} labels")
    yield from _input_faults(card.input, card.task)
    yield from _file_faults(card)
    yield from _golden_faults(card)
    if card.memory:
        yield from _memory_faults(card, card.memory)
    if card.recording:
        yield from _recording_faults(card, card.recording)
    for i, metric in enumerate(card.metrics):
        low, high = metric.low, metric.high
        if (low is None) != (high is None) or (low is not None and high is not None and not low <= metric.value <= high):
            yield Fault(f"metrics.{i}.{metric.name}", f"{metric.value:g} in [{low}, {high}]", "a value within its interval")


def _input_faults(given: Input, task: str) -> Iterator[Fault]:
    for rate_hz in (GRID_HZ, given.rate_hz):
        if abs(round(given.window_s * rate_hz) - given.window_s * rate_hz) > 1e-6:
            yield Fault("input.window_s", given.window_s, f"a whole number of samples at {rate_hz:g} Hz")
    if abs(given.rate_hz - round(given.rate_hz)) > 0:
        yield Fault("input.rate_hz", given.rate_hz, "a whole number")
    if given.preprocessing:
        yield from _preprocessing_faults(given.preprocessing)
    if (task == "beat") != (given.before_s is not None):
        yield Fault("input.before_s", given.before_s, f"what a model with task {task!r} has")
    if given.before_s is not None and given.before_s >= given.window_s:
        yield Fault("input.before_s", given.before_s, f"less than window_s, {given.window_s:g}")


def _answer_faults(card: Card) -> Iterator[Fault]:
    """Find labels that are not what the task has."""
    if card.task == "features" and (card.labels or card.fusion):
        yield Fault("labels", card.labels, "left out where the task is 'features'")
    if card.task != "features" and len(card.labels) < 2:
        yield Fault("labels", card.labels, "at least two")
    if (card.task == "features") != (card.n_features > 0):
        yield Fault("n_features", card.n_features, f"what a model with task {card.task!r} has")
    if unknown := [label for label in card.shown if label not in card.labels]:
        yield Fault("shown", ", ".join(unknown), "among its labels")


def _preprocessing_faults(steps: Preprocessing) -> Iterator[Fault]:
    where = "input.preprocessing"
    if steps.low_hz >= steps.high_hz:
        yield Fault(f"{where}.low_hz", steps.low_hz, f"less than high_hz, {steps.high_hz:g}")
    if steps.notch_hz is not None and steps.notch_hz >= 125:
        yield Fault(f"{where}.notch_hz", steps.notch_hz, "less than 125")
    if steps.median_len is not None and steps.median_len % 2 == 0:
        yield Fault(f"{where}.median_len", steps.median_len, "odd")


def _file_faults(card: Card) -> Iterator[Fault]:
    """Find files that do not belong together, or to this card."""
    tree = FileKey.TREE_ONNX in card.files
    for key, file in card.files.items():
        if not file.path.startswith(f"{card.id}."):
            yield Fault(f"files.{key}.path", file.path, f"a name that begins with {card.id}.")
    if card.nets and not card.hearing and card.input.preprocessing is None:
        yield Fault("input.preprocessing", "missing", "left out where there is a net")
    if card.hearing:
        yield from _hearing_faults(card)
    if tree != (card.fusion is not None):
        yield Fault("fusion", "there" if card.fusion else "missing", "there if, and only if, there is a tree_onnx file")
    if card.fusion:
        yield from _fusion_faults(card, card.fusion)


def _fusion_faults(card: Card, fusion: Fusion) -> Iterator[Fault]:
    if card.independent:
        yield Fault("independent", "true", "possible with a tree, whose probabilities are of one label each")
    if not card.nets and fusion.net_weight > 0:
        yield Fault("fusion.net_weight", fusion.net_weight, "0 where there is no net")
    if len(fusion.typical) > fusion.features_len:
        yield Fault("fusion.typical", f"{len(fusion.typical)} values", f"one for each named one of {fusion.features_len} features")


def _hearing_faults(card: Card) -> Iterator[Fault]:
    """Find what a model that hears cannot have."""
    if card.task != "window":
        yield Fault("task", card.task, "'window' where the model hears")
    if card.input.preprocessing or card.fusion:
        yield Fault("hearing", "beside preprocessing or a tree", "alone: its net reads features and nothing else")
    if other := [key for key in card.files if key not in HEARING_KEYS]:
        yield Fault("files", ", ".join(other), f"{' and '.join(HEARING_KEYS)} where the model hears")


def _memory_faults(card: Card, learned: Memory) -> Iterator[Fault]:
    """Find what cannot be remembered of beats."""
    if card.task != "beat" or card.independent:
        yield Fault("memory", "there", "there only where beats have one label each")
    before_s = card.input.before_s
    if before_s is not None and (before_s < SHAPE_BEFORE_S or card.input.window_s - before_s < SHAPE_AFTER_S):
        got = f"a window from {before_s:g} s before the R peak to {card.input.window_s - before_s:g} s after it"
        yield Fault("memory", got, f"one from {SHAPE_BEFORE_S:g} s before it or more to {SHAPE_AFTER_S:g} s after it or more")
    if learned.usual not in card.labels:
        yield Fault("memory.usual", learned.usual, f"one of {', '.join(card.labels)}")
    for name, values in (("lean", learned.lean), ("weight", learned.weight)):
        if len(values) != len(card.labels):
            yield Fault(f"memory.{name}", f"{len(values)} values", f"one for each of {len(card.labels)} labels")
    if learned.course:
        yield from _course_faults(card, learned.course, learned.usual)


def _course_faults(card: Card, learned: Course, usual: str) -> Iterator[Fault]:
    """Find what no beat can be said to be, or no tree tells."""
    others = [label for label in card.labels if label != usual]
    if learned.early not in others:
        yield Fault("memory.course.early", learned.early, f"one of {', '.join(others)}")
    told = (card.fusion and card.fusion.beside) or ()
    if learned.fibrillating not in told:
        yield Fault("memory.course.fibrillating", learned.fibrillating, f"one of fusion.beside, {', '.join(told) or 'which is empty'}")
    if card.fusion and card.fusion.features != "beat":
        yield Fault("memory.course", f"beside features {card.fusion.features}", "beside those that tell a beat's intervals, beat")


def _recording_faults(card: Card, learned: Recording) -> Iterator[Fault]:
    """Find what cannot be made of windows, or of these labels."""
    n = len(card.labels)
    if card.task != "window" or card.independent or card.hearing:
        yield Fault("recording", "there", "there only where windows of one lead have one label each")
    if len(learned.bias) != n:
        yield Fault("recording.bias", f"{len(learned.bias)} values", f"one for each of {n} labels")
    both = n * (2 if card.fusion and card.nets else 1)
    for name, rows, wide in (("mean", learned.mean, both), ("most", learned.most, both), ("last", learned.last, n)):
        if [len(row) for row in rows] != [wide] * n:
            yield Fault(f"recording.{name}", f"rows of {', '.join(str(len(row)) for row in rows) or 'nothing'}", f"{n} rows of {wide}")


def _golden_faults(card: Card) -> Iterator[Fault]:
    """Find expectations that are not one for each file."""
    for key in card.golden.outputs.keys() - card.files.keys():
        yield Fault(f"golden.outputs.{key}", "an expectation", "of a file of this model")
    for key in card.files.keys() - card.golden.outputs.keys():
        yield Fault("golden.outputs", f"without {key}", "an expectation for every file")
    for key, expected in card.golden.outputs.items():
        beside = len(card.fusion.beside or ()) if card.fusion and key == FileKey.TREE_ONNX else 0
        if len(expected.values) != card.n_outputs + beside:
            wanted = f"one for each of {card.n_outputs} labels" + (f" and {beside} beside" if beside else "")
            yield Fault(f"golden.outputs.{key}.values", f"{len(expected.values)} values", wanted)


# --- reading and writing ------------------------------------------------------------------------------------------


def make(table: Mapping[str, Any], where: str = "card") -> Card:
    """Check a table and make it a card, or say all that is wrong with it."""
    try:
        return Card.model_validate(table)
    except ValidationError as error:
        raise ModelError(*(fault for detail in error.errors(include_url=False) for fault in _faults(detail, where))) from None


def _faults(detail: ErrorDetails, where: str) -> Iterator[Fault]:
    """Say one of pydantic's errors as where, got, allowed."""
    if detail["type"] == "faults":
        for fault in detail["ctx"]["faults"]:
            yield Fault(f"{where}: {fault.where}", fault.got, fault.allowed)
        return
    place = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    allowed = re.sub(r"^(Input|String|Value|Tuple|List|Dictionary) should (be |have |match )?", "", detail["msg"])
    if detail["type"] == "missing":
        yield Fault(f"{where}: {place}", "nothing", "a value")
    elif detail["type"] == "extra_forbidden":
        yield Fault(f"{where}: {place}", "a key", "one this section knows")
    else:
        yield Fault(f"{where}: {place}", _shown(detail["input"]), allowed)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def loads(text: str, where: str = "card") -> Card:
    """Read a card from its text."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number too long and lists too deep are no TOMLDecodeError
        raise ModelError(Fault(where, str(error), "valid TOML")) from None
    return make(table, where)


def dumps(card: Card) -> str:
    """Write a card: the same card gives the same text."""
    return toml.dumps(card.model_dump(mode="json", exclude_none=True))


def read(path: Path) -> Card:
    """Read a card, whose file must be called what the card is called."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CARD_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise ModelError(Fault(str(path), error.strerror, "a readable file")) from None
    except UnicodeDecodeError as error:
        raise ModelError(Fault(str(path), f"byte {error.start} of it", "UTF-8")) from None
    if len(data) > MAX_CARD_BYTES:
        raise ModelError(Fault(str(path), f"more than {MAX_CARD_BYTES} bytes", "a card"))
    card = loads(text, path.name)
    if path.name != f"{card.id}{SUFFIX}":
        raise ModelError(Fault(str(path), f"a card of {card.id}", f"called {card.id}{SUFFIX}"))
    return card


def write(card: Card, folder: Path) -> Path:
    """Write a card into the folder its files lie in; return its path."""
    path = folder / f"{card.id}{SUFFIX}"
    path.write_text(dumps(card), encoding="utf-8")
    return path


def file_entry(path: Path) -> File:
    """Describe a file that lies there, for a card."""
    data = path.read_bytes()
    return File(path=path.name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def digest(card: Card) -> str:
    """One hash that pins the model: of the card's text as `write` writes it, which names every file's own."""
    return hashlib.sha256(dumps(card).encode()).hexdigest()


def to_facts(card: Card) -> ModelFacts:
    """Say what the engine must know of a model."""
    given, calibration = card.input, card.calibration
    return ModelFacts(
        name=card.name,
        sha256=digest(card),
        labels=card.labels,
        window_s=given.window_s,
        hop_s=given.hop_s,
        deadline_s=given.deadline_s,
        max_missing_share=given.max_missing_share,
        before_s=-1.0 if given.before_s is None else given.before_s,
        beats_s=given.beats_s,
        independent=card.independent,
        temperature=calibration.temperature,
        abstain_below=calibration.abstain_below,
        shown=card.shown,
        sound_hz=card.hearing.sound_hz if card.hearing else 0.0,
    )
