"""One run of many streams by the clock: journal, engine, rules and a classifier at work as in the daemon, all that is late counted."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from edgeecg.bench.capacity import DEADLINE_MS
from edgeecg.bench.histogram import Histogram
from edgeecg.bench.openloop import RealClock, drive
from edgeecg.bench.workloads import FLEET, MV_PER_COUNT, SOUND_PER_COUNT, SOUND_SAMPLES, WORKLOADS, Ward, hearts_of, sound_name, sounds_of
from edgeecg.daemon import pauses
from edgeecg.daemon.keeper import Keeper
from edgeecg.daemon.numbers import resident_bytes
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.journal import Limits
from edgeecg.models import card as cards
from edgeecg.models.classifier import Model
from edgeecg.models.registry import Registry
from edgeecg.models.workers import Said, Workers
from edgeecg.rulefacts import default_rules
from edgeecg.types import (
    Alert,
    Beat,
    Chunk,
    Event,
    Overload,
    Prediction,
    Quality,
    Record,
    SourceChange,
    SourceState,
    Vitals,
    WindowExpired,
    WindowReady,
)

MS: Final = 1_000_000
PLENTY: Final = (Beat, Quality, Vitals)
"""Nearly all events; nobody here waits for one of them."""
WINDOW_OVER: Final = (WindowExpired, Prediction)
HEART_S: Final = 120.0
FILLED_S: Final = 11.0
"""What every stream has behind it when the clock starts: more than the longest window, so that every model is asked at once, and enough
beats for rules to know a calm heart."""
MOST_AT_ONCE: Final = 512
"""As the daemon takes them."""
LIMITS: Final = Limits(size_cap_bytes=64 << 30, segment_bytes=16 << 30)
"""One segment: what rotating costs is measured by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What is run."""

    streams: int
    seconds: float = 10.0
    warm_s: float = 1.0
    rate_hz: float = 250.0
    chunk_ms: float = 40.0
    rules: bool = True
    journal: bool = True
    model: str = ""
    """Empty: none is asked."""
    hop_s: float = 2.0
    sound: bool = False
    """A microphone beside every heart: its sounds are found, and what the engine makes of both."""
    workload: str = FLEET
    seed: int = 0

    @property
    def chunk_len(self) -> int:
        """Samples of a chunk."""
        return max(1, round(self.chunk_ms / 1e3 * self.rate_hz))


@dataclass(slots=True)
class Outcome:
    """What became of it."""

    latency: Histogram
    waiting: int = 0
    """Chunks that were due and not yet done at the end."""
    busy: float = 0.0
    """Processor time over time, of the whole process: 1 is one core."""
    kept_waiting: float = 0.0
    """Share of the time that the feeding thread could have run and other programs did: more than a little, and the run says little."""
    parts_us: dict[str, float] = field(default_factory=dict)
    """Processor time of a chunk, by what took it."""
    windows: int = 0
    """Asked of the model, and answered or given up."""
    windows_lost: int = 0
    """Of these, expired or answered too late."""
    windows_waiting: int = 0
    """Of those asked, neither at the end."""
    slowed: int = 0
    """How often windows had to come further apart."""
    events: int = 0
    alerts: int = 0
    memory_mb: float = 0.0
    """Resident, at the end."""
    memory_peak_mb: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"latency": self.latency.to_json()}


class _Laps:
    """Processor time of the thread that feeds, by what took it."""

    def __init__(self) -> None:
        self.ns: dict[str, int] = {}
        self._last_ns = time.thread_time_ns()

    def __call__(self, name: str) -> None:
        now_ns = time.thread_time_ns()
        self.ns[name] = self.ns.get(name, 0) + now_ns - self._last_ns
        self._last_ns = now_ns


class Host:
    """What a daemon does with chunks, without its sockets."""

    def __init__(self, spec: Spec, folder: Path) -> None:
        self.spec, self.laps, self.clock = spec, _Laps(), RealClock()
        self.outcome = Outcome(Histogram(round(DEADLINE_MS * MS)))
        self._pending: deque[Said] = deque()
        self._workers: Workers | None = None
        self._asked: set[tuple[str, int]] = set()
        self._model = Registry().load(spec.model) if spec.model else None
        self.config = config_of(spec, self._model)
        self._keeper: Keeper[Engine] | None = None
        if spec.journal:
            self._keeper = Keeper(folder, self.config, told=self._told, make_engine=Engine, limits=LIMITS, lap=self.laps)
            self.engine = self._keeper.engine
        else:
            self.engine = Engine(self.config)
        names = [facts.name for facts in self.config.streams if not facts.sound_of]
        hearts = hearts_of(WORKLOADS[spec.workload], HEART_S, rate_hz=spec.rate_hz, seed=spec.seed)
        sounds = sounds_of(WORKLOADS[spec.workload], HEART_S, rate_hz=spec.rate_hz, seed=spec.seed) if spec.sound else ()
        self.ward = Ward(names, hearts, rate_hz=spec.rate_hz, chunk_len=spec.chunk_len, seed=spec.seed, sounds=sounds)
        self._fill()

    def feed(self, records: Sequence[Record]) -> None:
        """Write down, run, hear."""
        if self._keeper is not None:
            self._keeper.feed(records)
        else:
            given = self.engine.feed_many(records)
            self.laps("engine")
            self._told(records, given)
        self.laps("told")

    def run(self) -> Outcome:
        """Feed by the clock."""
        spec, outcome = self.spec, self.outcome
        due_ns = self.ward.due_ns(round(spec.seconds * 1e3 / spec.chunk_ms))
        outcome.events = outcome.alerts = 0
        self._start()
        self.laps("idle")
        self.laps.ns.clear()
        begun_s, worked_s, waited_s = time.monotonic(), time.process_time(), self._kept_waiting_s()
        outcome.waiting = drive(
            due_ns, self._work, outcome.latency, clock=self.clock, most_at_once=MOST_AT_ONCE, from_ns=round(spec.warm_s * 1e9)
        )
        lasted_s = time.monotonic() - begun_s
        outcome.busy = (time.process_time() - worked_s) / lasted_s
        outcome.kept_waiting = max(0.0, self._kept_waiting_s() - waited_s) / lasted_s
        outcome.windows_waiting = len(self._asked)
        done = max(1, len(due_ns) - outcome.waiting)
        outcome.parts_us = {name: ns / 1e3 / done for name, ns in self.laps.ns.items()}
        outcome.memory_mb = resident_bytes() / 2**20
        self._stop()
        outcome.memory_peak_mb = _most_kb() / 1024
        return outcome

    @property
    def zero_ns(self) -> int:
        """When, in the streams' own time, the clock starts."""
        return round((FILLED_S + self.spec.hop_s + 1.0) * 1e9)

    def _work(self, first: int, upto: int) -> None:
        self.laps("idle")
        chunks = self.ward.chunks(first, upto, from_ns=self.zero_ns)
        if self.spec.sound:
            chunks = self.ward.with_sounds(chunks, first)
        answers = [self._pending.popleft() for _ in range(len(self._pending))]
        self.laps("source")
        self.feed([*answers, *chunks])

    def _told(self, records: Sequence[Record], given: Sequence[Sequence[Event]]) -> None:
        outcome, workers = self.outcome, self._workers
        for record, events in zip(records, given, strict=True):
            if not events:
                continue
            outcome.events += len(events)
            for event in events:
                if type(event) in PLENTY:
                    continue
                if isinstance(event, WindowReady) and workers is not None and isinstance(record, Chunk):
                    self._asked.add((event.stream, event.window_id))
                    workers.submit(event, record.arrival_ns)
                elif isinstance(event, Alert):
                    outcome.alerts += 1
                elif isinstance(event, WINDOW_OVER) and (event.stream, event.window_id) in self._asked:
                    outcome.windows += 1
                    outcome.windows_lost += isinstance(event, WindowExpired) or event.late
                    self._asked.discard((event.stream, event.window_id))

    def _fill(self) -> None:
        """Give every stream a past, each another length, so that seconds and windows do not end all at once."""
        spec = self.spec
        self.feed([SourceState(facts.name, SourceChange.OPENED, 0, 1) for facts in self.config.streams])
        for records in _pasts(self.ward, spec, self.zero_ns):
            self.feed(records)

    def _start(self) -> None:
        if (model := self._model) is None:
            return
        zero_ns, begun_ns = self.zero_ns, time.monotonic_ns()
        rates_hz = {facts.name: facts.rate_hz for facts in self.config.streams}
        self._workers = Workers(
            {model.card.name: model}, rates_hz, self._heard, n_workers=1, clock=lambda: zero_ns + time.monotonic_ns() - begun_ns
        )

    def _kept_waiting_s(self) -> float:
        """Return how long this thread could have run and did not, without what the model's own thread ran meanwhile: at least so long others did."""
        return _waited_s() - (time.process_time() - time.thread_time())

    def _heard(self, said: Said) -> None:
        self.outcome.slowed += isinstance(said, Overload)
        self._pending.append(said)

    def _stop(self) -> None:
        if self._workers is not None:
            self._workers.close()
        if self._keeper is not None:
            self._keeper.close()


def config_of(spec: Spec, model: Model | None) -> EngineConfig:
    """Return the settings of such a fleet."""
    streams = tuple(StreamFacts(name=f"stream-{n}", rate_hz=spec.rate_hz, mv_per_unit=MV_PER_COUNT) for n in range(spec.streams))
    if spec.sound:
        rate_hz = SOUND_SAMPLES * spec.rate_hz
        streams += tuple(
            StreamFacts(name=sound_name(ecg.name), rate_hz=rate_hz, mv_per_unit=SOUND_PER_COUNT, sound_of=ecg.name) for ecg in streams
        )
    models: tuple[ModelFacts, ...] = (replace(cards.to_facts(model.card), hop_s=spec.hop_s),) if model is not None else ()
    return EngineConfig(streams=streams, models=models, rules=default_rules() if spec.rules else ())


def run(spec: Spec, folder: Path) -> Outcome:
    """Run it, here and now."""
    host = Host(spec, folder)
    pauses.keep_short()
    return host.run()


def _waited_s() -> float:
    """Return how long this thread has been ready to run and not run, as Linux counts it."""
    try:
        return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except OSError:
        return 0.0


def _most_kb() -> int:
    """Return the most memory this program ever had; getrusage would tell of whoever started it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def _pasts(ward: Ward, spec: Spec, zero_ns: int) -> Iterator[list[Record]]:
    rng = np.random.default_rng(spec.seed)
    lengths_s = FILLED_S + rng.permutation(np.linspace(0.0, max(1.0, spec.hop_s), len(ward.names), endpoint=False))
    for first in range(0, len(ward.names), 64):
        records: list[Record] = []
        for stream in range(first, min(first + 64, len(ward.names))):
            n = round(float(lengths_s[stream]) * spec.rate_hz)
            past = ward.past(stream, n)
            heard = ward.past_sound(stream, n) if spec.sound else None
            at, second = 0, round(spec.rate_hz)
            while at < n:
                upto = min(at + second, n)
                name, arrival_ns = ward.names[stream], zero_ns - round((n - upto) / spec.rate_hz * 1e9)
                records.append(Chunk(name, past[at:upto], arrival_ns))
                if heard is not None:
                    records.append(Chunk(sound_name(name), heard[SOUND_SAMPLES * at : SOUND_SAMPLES * upto], arrival_ns))
                at = upto
        yield records
