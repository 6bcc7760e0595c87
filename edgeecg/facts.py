"""What the engine is told of streams and models before the first record: frozen, checked when made."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from numbers import Real

from edgeecg.errors import ConfigError
from edgeecg.rulefacts import MAX_RULES, RuleFacts

MIN_RATE_HZ, MAX_RATE_HZ = 100.0, 2000.0
MIN_SOUND_HZ, MAX_SOUND_HZ = 500.0, 8000.0
MAX_LEADS = 12
MAX_MODELS = 4
MAX_FRAME_LEN = 65536
MAX_HELD_VALUES = 512
MAX_HELD_S = 2.0
"""What may wait for a late frame: as much as the window stage can still put in its place."""
MAX_WINDOW_S = 10.24
"""What the engine remembers of a lead's samples: the longest window a model may ask for."""
MAX_BEATS_S = 60.0
"""How far back a window may tell of beats."""
MIN_HOP_S = 0.5
MAX_DEADLINE_S = 5.0
"""A window's samples are remembered this long after it was announced, so that a restart can announce it again."""


def plain(where: str, value: object) -> float:
    """Return any kind of real number as Python's own: a narrow one overflows, and a fraction is none to a kernel."""
    _require(isinstance(value, Real), where, repr(value), "a number")
    return value if type(value) in {int, float} else float(value)  # type: ignore[return-value,arg-type]


def _require(holds: bool, where: str, got: object, allowed: str) -> None:
    if not holds:
        raise ConfigError(where, got, allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What a stream delivers, in its device's own terms."""

    name: str
    rate_hz: float
    leads: tuple[str, ...] = ("I",)
    mv_per_unit: float = 1.0
    """Millivolt for one unit of the samples; 1.0 means the samples are millivolt."""
    offset_units: float = 0.0
    """The sample value that means 0 mV."""
    rails_units: tuple[float, float] | None = None
    """Lowest and highest value the converter can give, where known."""
    sequence_bits: int = 0
    """Width of the counter on the frames; 0: they have none."""
    device_clock_bits: int = 0
    """Width of the device's microsecond clock; 0: frames carry no time."""
    frame_len: int = 0
    """Samples in a frame, where they all have the same number; it says how much is missing when frames are."""
    reorder_frames: int = 0
    """How many frames a late one may be overtaken by before it counts as lost."""
    reorder_ms: float = 200.0
    silence_s: float = 2.0
    """Without a sample for this long the stream is reported silent."""
    sound_of: str = ""
    """The ECG stream whose heart this one hears: it is a phonocardiogram, `mv_per_unit` brings it to the sensor's unit. Empty: it is ECG."""

    def __post_init__(self) -> None:
        where = f"stream {self.name!r}"
        _require(bool(self.name), "stream.name", repr(self.name), "a name that is not empty")
        for field in ("rate_hz", "mv_per_unit", "offset_units"):
            object.__setattr__(self, field, plain(f"{where}.{field}", getattr(self, field)))
        slowest, fastest = (MIN_SOUND_HZ, MAX_SOUND_HZ) if self.sound_of else (MIN_RATE_HZ, MAX_RATE_HZ)
        allowed_rate = f"a rate from {slowest:g} to {fastest:g} Hz in steps of 0.1"
        in_range = slowest <= self.rate_hz <= fastest
        on_raster = in_range and abs(self.rate_hz * 10 - round(self.rate_hz * 10)) < 1e-6
        _require(on_raster, f"{where}.rate_hz", self.rate_hz, allowed_rate)
        _require(1 <= len(self.leads) <= MAX_LEADS, f"{where}.leads", len(self.leads), f"1 to {MAX_LEADS} leads")
        _require(self.sound_of != self.name, f"{where}.sound_of", repr(self.sound_of), "another stream")
        _require(len(set(self.leads)) == len(self.leads), f"{where}.leads", self.leads, "different names")
        finite_scale = 0 < abs(self.mv_per_unit) < 1e9
        _require(finite_scale, f"{where}.mv_per_unit", self.mv_per_unit, "a number that is not 0, between -1e9 and 1e9")
        _require(abs(self.offset_units) < 1e12, f"{where}.offset_units", self.offset_units, "a number between -1e12 and 1e12")
        rails_ordered = self.rails_units is None or self.rails_units[0] < self.rails_units[1]
        _require(rails_ordered, f"{where}.rails_units", self.rails_units, "(lowest, highest)")
        _require(self.sequence_bits in (0, 8, 16, 32), f"{where}.sequence_bits", self.sequence_bits, "0, 8, 16 or 32")
        clock_bits = self.device_clock_bits
        _require(clock_bits in (0, 32, 64), f"{where}.device_clock_bits", clock_bits, "0, 32 or 64")
        _require(0 <= self.frame_len <= MAX_FRAME_LEN, f"{where}.frame_len", self.frame_len, f"0 to {MAX_FRAME_LEN}")
        _require(0 <= self.reorder_frames <= 7, f"{where}.reorder_frames", self.reorder_frames, "0 to 7")
        held_s = self.reorder_frames * self.frame_len / self.rate_hz
        holdable = self.reorder_frames == 0 or (0 < self.frame_len * len(self.leads) <= MAX_HELD_VALUES and held_s <= MAX_HELD_S)
        allowed_hold = f"possible only with frame_len x leads from 1 to {MAX_HELD_VALUES}, and {MAX_HELD_S:g} s of frames in all"
        _require(holdable, f"{where}.reorder_frames", self.reorder_frames, allowed_hold)
        _require(0 <= self.reorder_ms <= 2000, f"{where}.reorder_ms", self.reorder_ms, "0 to 2000")
        _require(0.5 <= self.silence_s <= 3600, f"{where}.silence_s", self.silence_s, "0.5 to 3600")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What the engine must know of a classifier to cut windows for it and to read its answers."""

    name: str
    sha256: str
    labels: tuple[str, ...]
    window_s: float = 10.0
    hop_s: float = 2.0
    deadline_s: float = 2.0
    """How long after the window's last sample an answer is still in time, in stream time."""
    max_missing_share: float = 0.1
    """A window with more missing or unusable samples than this is announced as unreadable and not classified."""
    before_s: float = -1.0
    """From 0 on: the model is asked about every beat, in a window that begins this long before its R peak; `hop_s` says nothing then."""
    beats_s: float = 0.0
    """A window tells of the beats in this many seconds up to its end; 0: of those in it."""
    temperature: float = 1.0
    """Scores are divided by it before they become probabilities."""
    independent: bool = False
    """Each label stands for itself, several may hold: a sigmoid each, instead of one softmax over all."""
    abstain_below: float = 0.0
    """With a top probability under this the model is taken to have no answer."""
    shown: tuple[str, ...] = ()
    """The labels one of which is the answer; empty: any. The others have probabilities, and no say."""
    sound_hz: float = 0.0
    """Above 0 the model hears: it is asked about streams of sound of at least this rate, each with its ECG, and about no other."""

    def __post_init__(self) -> None:
        where = f"model {self.name!r}"
        _require(bool(self.name), "model.name", repr(self.name), "a name that is not empty")
        _require(bool(self.labels), f"{where}.labels", self.labels, "at least one label")
        _require(1 <= self.window_s <= MAX_WINDOW_S, f"{where}.window_s", self.window_s, f"1 to {MAX_WINDOW_S} s")
        _require(MIN_HOP_S <= self.hop_s <= 3600, f"{where}.hop_s", self.hop_s, f"{MIN_HOP_S} to 3600 s")
        _require(0 < self.deadline_s <= MAX_DEADLINE_S, f"{where}.deadline_s", self.deadline_s, f"more than 0, at most {MAX_DEADLINE_S} s")
        _require(self.before_s < self.window_s, f"{where}.before_s", self.before_s, f"less than window_s, {self.window_s:g}")
        _require(0 <= self.beats_s <= MAX_BEATS_S, f"{where}.beats_s", self.beats_s, f"0 to {MAX_BEATS_S:g} s")
        _require(0 < self.temperature < 1e6, f"{where}.temperature", self.temperature, "more than 0, and finite")
        _require(0 <= self.abstain_below <= 1, f"{where}.abstain_below", self.abstain_below, "0 to 1")
        share = self.max_missing_share
        _require(0 <= share <= 1, f"{where}.max_missing_share", share, "0 to 1")
        _require(set(self.shown) <= set(self.labels), f"{where}.shown", self.shown, "among its labels")
        _require(0 <= self.sound_hz <= MAX_SOUND_HZ, f"{where}.sound_hz", self.sound_hz, f"0 to {MAX_SOUND_HZ:g} Hz")
        _require(
            not self.sound_hz or self.before_s < 0, f"{where}.before_s", self.before_s, "left out: a model that hears is asked by the clock"
        )


CIRCLE = " before "
"""Stands between the rules of a circle in what is said of it."""


def _circle(above: Mapping[str, Iterable[str]]) -> list[str]:
    """Return rules that yield to each other all around, the first one again at the end; nothing, where there are none."""
    try:
        TopologicalSorter(above).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """The streams an engine knows, the models it cuts windows for, and the rules by which it alerts people."""

    streams: tuple[StreamFacts, ...] = ()
    models: tuple[ModelFacts, ...] = ()
    rules: tuple[RuleFacts, ...] = ()
    """What people are told; `edgeecg.rulefacts.default_rules` are those of a bedside monitor."""

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(stream.name for stream in self.streams).items() if count > 1]
        _require(not twice, "config.streams", ", ".join(twice), "each name once")
        self._check_sounds()
        _require(len(self.models) <= MAX_MODELS, "config.models", len(self.models), f"at most {MAX_MODELS}")
        model_names = {model.name for model in self.models}
        _require(len(model_names) == len(self.models), "config.models", "a name twice", "each name once")
        rule_names = {rule.name for rule in self.rules}
        _require(len(self.rules) <= MAX_RULES, "config.rules", len(self.rules), f"at most {MAX_RULES}")
        _require(len(rule_names) == len(self.rules), "config.rules", "a name twice", "each name once")
        for rule in self.rules:
            missing = [name for name in rule.yields_to if name not in rule_names]
            _require(not missing, f"rule {rule.name!r}.yields_to", ", ".join(missing), "names of rules")
            _require(rule.model in {"", *model_names}, f"rule {rule.name!r}.model", rule.model, "the name of a model")
        circle = _circle({rule.name: rule.yields_to for rule in self.rules})
        if circle:
            raise ConfigError(f"rule {circle[0]!r}.yields_to", CIRCLE.join(circle), "an order: one of a circle would never be told")

    def _check_sounds(self) -> None:
        hearts = {stream.name for stream in self.streams if not stream.sound_of}
        heard: set[str] = set()
        for stream in self.streams:
            if stream.sound_of:
                where = f"stream {stream.name!r}.sound_of"
                _require(stream.sound_of in hearts, where, repr(stream.sound_of), "the name of a stream of ECG")
                _require(stream.sound_of not in heard, where, repr(stream.sound_of), "an ECG that no other stream hears")
                heard.add(stream.sound_of)
