"""Every stage, and the whole engine, as machines the laws can be held against. A new stage joins by one decorator."""

from collections.abc import Hashable, Iterator
from dataclasses import astuple
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgeecg.encoding import decode, encode
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.rulefacts import Priority, RuleFacts
from edgeecg.types import Beat, Chunk, Event, Gap, HeartCycle, HeartSound, SignalState, SourceChange, SourceState, WindowReady
from edgeecg_kernels.align import align_chunk
from edgeecg_kernels.align_state import ALIGN_STATE, CHUNK_META, DATA, SPAN, SPANS_LEN, align_params, align_state
from edgeecg_kernels.condition import condition_block, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, condition_params
from edgeecg_kernels.flutter import FLUTTER_BOUND, flutter, flutter_reset
from edgeecg_kernels.flutter_state import FLUTTER_STATE
from edgeecg_kernels.qrs import DECISION_BOUND, qrs_block, qrs_reset
from edgeecg_kernels.qrs_state import QRS_STATE, qrs_params
from edgeecg_kernels.quality import QUALITY_BOUND, quality, quality_reset
from edgeecg_kernels.quality_state import QUALITY_STATE, quality_params
from edgeecg_kernels.resample import resample_block, resample_reset
from edgeecg_kernels.resample_state import RESAMPLE_STATE, design
from edgeecg_kernels.signal import SIGNAL_STATE, signal_block
from edgeecg_kernels.state import EVENT, GRID_HZ, KIND_BEAT, KIND_QUALITY, PASSED_OVER
from edgeecg_kernels.vitals import vitals, vitals_reset
from edgeecg_kernels.vitals_state import VITALS_STATE
from edgeecg_kernels.window import window_block, window_start
from edgeecg_kernels.window_state import MODEL_PARAMS, WINDOW_STATE
from tests.laws.signals import Signal

Told: TypeAlias = tuple[int, int, Hashable]
"""What an event is about, what decided it, and everything else it says."""

M = TypeVar("M", bound="type[Machine]")
MACHINES: "list[type[Machine]]" = []


def under_law(machine: M) -> M:
    """Register a machine: all laws that can be said of it are held against it."""
    MACHINES.append(machine)
    return machine


class Machine:
    """State that eats samples and gives events: (sample it is about, sample that decided it, everything else)."""

    rate_hz: ClassVar[float] = 250.0
    bound: ClassVar[int] = 0
    """The most samples from what an event is about to what decided it."""
    passes_bad: ClassVar[bool] = False
    """NaN goes through, and is flagged by who comes next."""
    in_order: ClassVar[bool] = True
    """Its input comes in the order of its own clock."""
    scales: ClassVar[bool] = False
    """Gives the same events whatever the gain, offset and polarity."""

    def feed(self, x: Signal) -> list[Told]:
        raise NotImplementedError

    def save(self) -> bytes:
        raise NotImplementedError

    def load(self, data: bytes) -> None:
        raise NotImplementedError

    def beats(self, x: Signal) -> list[int]:
        """The samples of the beats found in x, of machines that find any."""
        raise NotImplementedError

    def floats_inside(self) -> list[NDArray[Any]]:
        """Every float of the state."""
        raise NotImplementedError

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        """The floats an event carries, of machines that say any."""
        del event
        return []


def floats_of(array: NDArray[Any]) -> list[NDArray[Any]]:
    """Every float in a state, however deep."""
    names = array.dtype.names
    if names is None:
        return [array] if array.dtype.kind == "f" else []
    return [floats for name in names for floats in floats_of(array[name])]


def row_floats(event: Told) -> list[NDArray[Any]]:
    """The floats of an event that is a row."""
    assert isinstance(event[2], bytes)
    return floats_of(np.frombuffer(event[2], EVENT))


def rows_as_events(rows: NDArray[np.void]) -> list[Told]:
    return [(int(row["sample"]), int(row["known_at"]), row.tobytes()) for row in rows]


class StageMachine(Machine):
    """One kernel with its one array of state."""

    dtype: ClassVar[np.dtype[np.void]]

    def __init__(self) -> None:
        self.state = np.zeros(1, self.dtype)
        self.position = 0

    def save(self) -> bytes:
        return self.position.to_bytes(8, "little") + self.state.tobytes()

    def load(self, data: bytes) -> None:
        self.position = int.from_bytes(data[:8], "little")
        self.state = np.frombuffer(data[8:], self.dtype).copy()

    def feed(self, x: Signal) -> list[Told]:
        events = self.step(x)
        self.position += len(x)
        return events

    def floats_inside(self) -> list[NDArray[Any]]:
        return floats_of(self.state)

    def step(self, x: Signal) -> list[Told]:
        raise NotImplementedError


@under_law
class Resample(StageMachine):
    dtype = RESAMPLE_STATE
    rate_hz = 360.0
    bound = 20
    passes_bad = True

    def __init__(self) -> None:
        super().__init__()
        self.params, self.taps = design(self.rate_hz)
        resample_reset(self.state[0], self.params[0], 0)

    def step(self, x: Signal) -> list[Told]:
        y = np.zeros(len(x) + 2)
        first = int(self.state[0]["next_output"])
        n = resample_block(self.state[0], self.params[0], self.taps, x, 0, 1, len(x), y)
        up, down, half = (int(self.params[0][name]) for name in ("up", "down", "half"))
        grid = range(first, first + n)
        return [(g * down // up, g * down // up + half, y[g - first].tobytes()) for g in grid]


@under_law
class Condition(StageMachine):
    dtype = CONDITION_STATE

    def __init__(self) -> None:
        super().__init__()
        self.params = condition_params(rail_low_mv=-20.0, rail_high_mv=20.0)
        condition_reset(self.state[0])

    def step(self, x: Signal) -> list[Told]:
        y, flags = np.zeros(len(x)), np.zeros(len(x), np.uint8)
        condition_block(self.state[0], self.params[0], x, len(x), self.position, y, flags)
        at = range(self.position, self.position + len(x))
        return [(g, g, (y[i].tobytes(), int(flags[i]))) for i, g in enumerate(at)]

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        assert isinstance(event[2], tuple)
        return [np.frombuffer(event[2][0])]


def loud(x: Signal) -> NDArray[np.uint8]:
    """Some flags for stages that read them: what stands far out, and what is no number."""
    return np.where(np.abs(np.nan_to_num(x, nan=9e9)) > 15.0, 4, 0).astype(np.uint8)


@under_law
class SignalChanges(StageMachine):
    dtype = SIGNAL_STATE

    def step(self, x: Signal) -> list[Told]:
        out = np.zeros(2 * len(x) + 8, EVENT)
        return rows_as_events(out[: signal_block(self.state[0], loud(x), len(x), self.position, 0, out, 0)])


@under_law
class Qrs(StageMachine):
    dtype = QRS_STATE
    scales = True
    bound = DECISION_BOUND

    def __init__(self) -> None:
        super().__init__()
        self.params = qrs_params()
        qrs_reset(self.state[0])

    def step(self, x: Signal) -> list[Told]:
        out = np.zeros(len(x) + 64, EVENT)
        n = qrs_block(self.state[0], self.params[0], np.nan_to_num(x, posinf=9e9, neginf=-9e9), loud(x), len(x), self.position, 0, out, 0)
        return rows_as_events(out[:n])

    def beats(self, x: Signal) -> list[int]:
        return [about for about, _, _ in self.feed(x)]

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        return row_floats(event)


@under_law
class QualityRating(StageMachine):
    """Rated with a beat every second, found 50 samples after its peak."""

    dtype = QUALITY_STATE
    bound = QUALITY_BOUND

    def __init__(self) -> None:
        super().__init__()
        self.params = quality_params()
        quality_reset(self.state[0])

    def step(self, x: Signal) -> list[Told]:
        out = np.zeros(len(x) + 64, EVENT)
        known = [at for at in range(self.position, self.position + len(x)) if at % GRID_HZ == GRID_HZ // 2]
        for row, at in zip(out, known, strict=False):
            row["kind"], row["sample"], row["known_at"] = KIND_BEAT, at - 50, at
            row["value"] = (0.99, 1, 80, 1, 0.05, 1.0, 0, 0)
        y = np.clip(np.nan_to_num(x), -1e6, 1e6)
        n = quality(self.state, self.params, y, loud(x), self.position, np.zeros(8), out, len(known))
        return rows_as_events(out[len(known) : n])

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        return row_floats(event)


@under_law
class Fluttering(StageMachine):
    """Fed with the signal turned to waves: what has complexes in it says nothing."""

    dtype = FLUTTER_STATE
    bound = FLUTTER_BOUND

    def __init__(self) -> None:
        super().__init__()
        flutter_reset(self.state[0])

    def step(self, x: Signal) -> list[Told]:
        out = np.zeros(len(x) // GRID_HZ + 2, EVENT)
        y = np.sin(0.126 * np.arange(self.position, self.position + len(x))) + 0.1 * np.clip(np.nan_to_num(x), -1.0, 1.0)
        return rows_as_events(out[: flutter(self.state, y, loud(x), self.position, out)])

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        return row_floats(event)


@under_law
class VitalSigns(StageMachine):
    """Fed with beats where the signal crosses upwards, in seconds rated good while it is small."""

    dtype = VITALS_STATE
    bound = 2 * GRID_HZ

    def __init__(self) -> None:
        super().__init__()
        vitals_reset(self.state[0])

    def step(self, x: Signal) -> list[Told]:
        out = np.zeros(4 * len(x) + 8, EVENT)
        n = 0
        for at, value in enumerate(x.tolist(), self.position):
            if value > 0.9 and at % 100 == 40:
                n = self._row(out, n, KIND_BEAT, at - 30, at, (0.99, 1.0))
            if at % GRID_HZ == GRID_HZ // 2 and at > GRID_HZ:
                n = self._row(out, n, KIND_QUALITY, at - GRID_HZ - GRID_HZ // 2, at, (0.99, float(abs(value) < 9)))
        return rows_as_events(out[n : vitals(self.state, out, n)])

    @staticmethod
    def _row(out: NDArray[np.void], n: int, kind: int, sample: int, known_at: int, value: tuple[float, float]) -> int:
        out[n]["kind"], out[n]["sample"], out[n]["known_at"], out[n]["value"][:2] = kind, sample, known_at, value
        out[n]["value"][6] = value[1] if kind == KIND_QUALITY else sample % 7 // 5 * PASSED_OVER
        return n + 1

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        return row_floats(event)


@under_law
class Window(StageMachine):
    dtype = WINDOW_STATE
    bound = 512 + 300

    def __init__(self) -> None:
        super().__init__()
        self.models = np.array([(512, 125, 200, -1), (250, 130, 300, -1), (200, 0, 150, 80)], MODEL_PARAMS)
        window_start(self.state[0], self.models, 0)

    def step(self, x: Signal) -> list[Told]:
        """Every forty-first sample makes a beat known, if it is large."""
        out = np.zeros(len(x) + 64, EVENT)
        heard = 0
        for at, value in enumerate(x.tolist(), self.position):
            if value > 0.2 and at % 41 == 0:
                out[heard]["kind"], out[heard]["sample"], out[heard]["known_at"] = KIND_BEAT, at - at % 90, at
                heard += 1
        n = window_block(self.state[0], self.models, 1, x, loud(x), len(x), self.position, out, 0, heard)
        return rows_as_events(out[heard:n])


@under_law
class Align(StageMachine):
    """Numbered frames of 25 samples over two leads, cut anywhere; every eleventh frame is lost, every seventh comes after a copy."""

    dtype = ALIGN_STATE
    in_order = False
    frame_len = 25

    def __init__(self) -> None:
        super().__init__()
        self.params = align_params(rate_mhz=250_000, leads=1, nominal_len=25, sequence_bits=8, device_bits=32, reorder_frames=2)
        self.state = align_state()

    def step(self, x: Signal) -> list[Told]:
        events: list[Told] = []
        done = 0
        while done < len(x):
            frame, offset = divmod(self.position + done, self.frame_len)
            n = min(self.frame_len - offset, len(x) - done)
            if frame % 7 == 6 and offset == 0:
                events += self._piece(frame - 1, 0, x[:1])
            if frame % 11 != 10:
                events += self._piece(frame, offset, x[done : done + n])
            done += n
        return events

    def _piece(self, frame: int, offset: int, x: Signal) -> list[Told]:
        meta, spans = np.zeros(1, CHUNK_META), np.zeros(SPANS_LEN, SPAN)
        start_us = frame * 100_000 + 4_294_000_000
        meta[0] = (len(x), frame % 256, start_us % 2**32, frame * 100_000_000, offset, self.frame_len)
        n = align_chunk(self.state[0], self.params[0], meta[0], x, 0, spans)
        return [event for span in spans[:n] for event in self._events(span)]

    @staticmethod
    def _events(span: np.void) -> list[Told]:
        """Samples one by one, so that a frame cut in two says the same."""
        first, what = int(span["first_sample"]), (int(span["kind"]), int(span["reason"]))
        if span["kind"] == DATA:
            return [(first + i, first + i, what) for i in range(int(span["n"]))]
        return [(first, first, (*what, int(span["n"])))]


FACTS = StreamFacts(
    name="chest", rate_hz=360.0, leads=("I", "II"), sequence_bits=8, frame_len=36, reorder_frames=2, rails_units=(-20.0, 20.0)
)
MODELS = (
    ModelFacts(name="rhythm", sha256="1" * 64, labels=("N", "A"), window_s=2.0, hop_s=0.5, deadline_s=0.7),
    ModelFacts(name="other", sha256="2" * 64, labels=("x", "y"), window_s=1.0, hop_s=1.0, deadline_s=2.0, beats_s=5.0),
    ModelFacts(name="beat", sha256="3" * 64, labels=("N", "V"), window_s=1.0, before_s=0.4, deadline_s=0.6, beats_s=8.0),
)

_TOLD_SOON: dict[str, Any] = {"priority": Priority.LOW, "clear_for_s": 0.4, "update_every_s": 1.0}
RULES = (
    RuleFacts(name="fast", kind="threshold", measure="rate", limit=60.0, for_s=0.3, escalate_after_s=0.7, **_TOLD_SOON),
    RuleFacts(name="slow", kind="threshold", measure="rate", above=False, limit=60.0, hysteresis=5, yields_to=("asystole",), **_TOLD_SOON),
    RuleFacts(name="asystole", kind="asystole", limit=0.5, latch=True, inhibited_by=("lead-off",), **_TOLD_SOON),
    RuleFacts(name="pause", kind="pause", limit=0.7, yields_to=("asystole",), **_TOLD_SOON),
    RuleFacts(name="run", kind="wide-run", limit=2, at_most=12, **_TOLD_SOON),
    RuleFacts(name="v-tach", kind="wide-run", limit=2, at_rate=30, inhibited_by=("noise", "doubt"), **_TOLD_SOON),
    RuleFacts(name="poor", kind="threshold", measure="quality", above=False, limit=0.99, for_s=0.8, yields_to=("off",), **_TOLD_SOON),
    RuleFacts(name="noisy", kind="threshold", measure="noise_mv", limit=0.001, **_TOLD_SOON),
    RuleFacts(name="off", kind="signal", for_s=0.05, **_TOLD_SOON),
    RuleFacts(name="gap", kind="gap", limit=0.05, **_TOLD_SOON),
    RuleFacts(name="silent", kind="silent", **_TOLD_SOON),
)
"""Rules that are quick to speak: in a few seconds all of them do."""


def about(event: Event) -> int:
    """The first sample an event speaks of."""
    if isinstance(event, Gap | WindowReady):
        return event.start_sample
    return event.sample if isinstance(event, Beat | SignalState | HeartSound | HeartCycle) else event.reported_at


def flat(values: tuple[Any, ...]) -> Iterator[Any]:
    """Every value in tuples of tuples."""
    for value in values:
        if isinstance(value, tuple):
            yield from flat(value)
        else:
            yield value


@under_law
class WholeEngine(Machine):
    """Two leads in numbered frames; every fortieth frame is lost."""

    rate_hz = FACTS.rate_hz
    bound = 1500
    scales = True
    lost = 40

    def __init__(self) -> None:
        self.engine = Engine(EngineConfig(streams=(FACTS,), models=MODELS, rules=RULES))
        self.position = 0
        self.opened: list[Event] = list(self.engine.feed(SourceState(FACTS.name, SourceChange.OPENED, 0, epoch=7)))

    def save(self) -> bytes:
        return self.position.to_bytes(8, "little") + self.engine.snapshot()

    def load(self, data: bytes) -> None:
        self.position = int.from_bytes(data[:8], "little")
        self.engine.restore(data[8:])

    def chunks(self, x: Signal) -> list[Chunk]:
        """Cut x at the ends of frames; leave out those that are lost."""
        chunks = []
        done = 0
        both = np.stack([x, -0.5 * x], axis=1)
        while done < len(x):
            frame, offset = divmod(self.position + done, FACTS.frame_len)
            n = min(FACTS.frame_len - offset, len(x) - done)
            if frame % self.lost != self.lost - 1:
                arrival_ns = (frame + 1) * 100_000_000
                piece = both[done : done + n]
                chunks.append(Chunk(FACTS.name, piece, arrival_ns, frame % 256, offset=offset, frame_len=FACTS.frame_len))
            done += n
        self.position += len(x)
        return chunks

    def events(self, x: Signal) -> list[Event]:
        return [event for chunk in self.chunks(x) for event in self.engine.feed(chunk)]

    def beats(self, x: Signal) -> list[int]:
        return [event.sample for event in self.events(x) if isinstance(event, Beat)]

    def floats_inside(self) -> list[NDArray[Any]]:
        return [floats for array in self.engine._fleet.arrays() for floats in floats_of(array)]

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        assert isinstance(event[2], bytes)
        said = decode(event[2])
        return [np.array([value]) for value in flat(astuple(said)) if isinstance(value, float)]

    def feed(self, x: Signal) -> list[Told]:
        return [(about(event), event.reported_at, encode(event)) for event in self.events(x)]


SOUND_FACTS = (
    StreamFacts(name="chest", rate_hz=250.0, sequence_bits=16, device_clock_bits=32),
    StreamFacts(name="ear", rate_hz=800.0, sequence_bits=16, device_clock_bits=32, frame_len=80, reorder_frames=2, sound_of="chest"),
)

HEARING = (ModelFacts(name="hears", sha256="0" * 64, labels=("a", "b"), window_s=1.0, hop_s=0.6, deadline_s=0.8, sound_hz=500.0),)


def _beats_of(n: int) -> Signal:
    """A second of heart over and over, at 250 Hz, 0.3 s in."""
    t = (np.arange(n) % 200) / 250.0 - 0.3
    return np.exp(-0.5 * (t / 0.011) ** 2) - 0.25 * np.exp(-0.5 * ((t - 0.03) / 0.009) ** 2) + 0.2 * np.exp(-0.5 * ((t - 0.27) / 0.04) ** 2)


@under_law
class HeardEngine(Machine):
    """The signal is what a microphone hears, in numbered and stamped frames of 0.1 s; the ECG's frames come whole, each before the sound's."""

    rate_hz = 800.0
    bound = 1500

    def __init__(self) -> None:
        self.engine = Engine(EngineConfig(streams=SOUND_FACTS, models=HEARING))
        self.position = 0
        for facts in SOUND_FACTS:
            self.engine.feed(SourceState(facts.name, SourceChange.OPENED, 0, epoch=7))

    def save(self) -> bytes:
        return self.position.to_bytes(8, "little") + self.engine.snapshot()

    def load(self, data: bytes) -> None:
        self.position = int.from_bytes(data[:8], "little")
        self.engine.restore(data[8:])

    def records(self, x: Signal) -> Iterator[Chunk]:
        """Cut x at the ends of frames; every sixtieth frame of sound is lost."""
        ecg, sound = SOUND_FACTS
        done = 0
        while done < len(x):
            frame, offset = divmod(self.position, sound.frame_len)
            n = min(sound.frame_len - offset, len(x) - done)
            arrival_ns, device_us = (frame + 1) * 100_000_000, (4_294_000_000 + frame * 100_000) % 2**32
            if offset == 0:
                yield Chunk(ecg.name, _beats_of(25 * frame + 25)[-25:], arrival_ns, frame % 65536, device_us)
            if frame % 60 != 59:
                yield Chunk(sound.name, x[done : done + n], arrival_ns, frame % 65536, device_us, offset, sound.frame_len)
            self.position += n
            done += n

    def feed(self, x: Signal) -> list[Told]:
        told = [event for record in self.records(x) for event in self.engine.feed(record)]
        return [(about(event), event.reported_at, encode(event)) for event in told if event.stream == SOUND_FACTS[1].name]

    def floats_inside(self) -> list[NDArray[Any]]:
        return [floats for array in self.engine._fleet.arrays() for floats in floats_of(array)]

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        assert isinstance(event[2], bytes)
        said = decode(event[2])
        return [np.array([value]) for value in flat(astuple(said)) if isinstance(value, float)]
