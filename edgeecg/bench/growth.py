"""Cost as it grows: processor time of one second of a stream, by rate, chunk, window, hop and streams, each alone.

Windows are cut and handed out as a classifier is given them; what that takes to answer is a stage of its own.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edgeecg.bench.effort import Effort
from edgeecg.bench.workloads import MV_PER_COUNT, QUIET, WORKLOADS, Ward, hearts_of
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.rulefacts import default_rules
from edgeecg.types import SourceChange, SourceState

CHUNKS_MS = (4.0, 20.0, 40.0, 100.0, 400.0, 1000.0)
STREAMS = 8
"""Where something else grows."""
CHUNK_MS = 40.0
WINDOWS_S = (1.0, 2.5, 5.0, 10.0)
WINDOW_S = 10.0
HOPS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
HOP_S = 2.0


@dataclass(frozen=True, slots=True)
class Curve:
    """What grows, and the microseconds that one second of one stream costs then."""

    name: str
    unit: str
    x: tuple[float, ...]
    us: tuple[float, ...]


def measure(effort: Effort) -> Iterator[Curve]:
    """Measure each."""
    yield _curve("rate", "Hz", effort.rates_hz, lambda rate_hz: second_us(effort, rate_hz=rate_hz))
    step = 1 if effort.rounds > 2 else 3
    yield _curve("chunk", "ms", CHUNKS_MS[::step], lambda chunk_ms: second_us(effort, chunk_ms=chunk_ms))
    yield _curve(
        f"length of windows, one each {HOP_S:g} s",
        "s",
        WINDOWS_S[::step],
        lambda window_s: second_us(effort, model=_asked(window_s, HOP_S)),
    )
    yield _curve(f"hop of windows of {WINDOW_S:g} s", "s", HOPS_S[::step], lambda hop_s: second_us(effort, model=_asked(WINDOW_S, hop_s)))
    yield _curve("streams, with rules", "", effort.fleets, lambda n: second_us(effort, streams=round(n)))
    yield _curve("streams, without rules", "", effort.fleets, lambda n: second_us(effort, streams=round(n), rules=False))


def _curve(name: str, unit: str, places: Sequence[float], cost: Callable[[float], float]) -> Curve:
    return Curve(name, unit, tuple(places), tuple(cost(place) for place in places))


def _asked(window_s: float, hop_s: float) -> ModelFacts:
    return ModelFacts(name="asked", sha256="", labels=("N", "A"), window_s=window_s, hop_s=hop_s)


def second_us(
    effort: Effort,
    *,
    streams: int = STREAMS,
    rate_hz: float = 250.0,
    chunk_ms: float = CHUNK_MS,
    rules: bool = True,
    model: ModelFacts | None = None,
) -> float:
    """Return the processor time of a second of a stream, in the steady state."""
    facts = tuple(StreamFacts(name=f"s{i}", rate_hz=rate_hz, mv_per_unit=MV_PER_COUNT) for i in range(streams))
    engine = Engine(EngineConfig(streams=facts, models=(model,) if model else (), rules=default_rules() if rules else ()))
    for stream in facts:
        engine.feed(SourceState(stream.name, SourceChange.OPENED, 0, 1))
    length = max(1, round(chunk_ms / 1e3 * rate_hz))
    ward = Ward([stream.name for stream in facts], hearts_of(WORKLOADS[QUIET], 20.0, rate_hz=rate_hz), rate_hz=rate_hz, chunk_len=length)
    per_second = max(1, math.ceil(rate_hz / length))
    seconds = max(2, min(20, round(effort.heart_s * 8 / streams)), 3 * math.ceil(model.hop_s) if model else 0)
    before_s = 3 + (math.ceil(model.window_s + model.hop_s) if model else 0)
    for turn in range(before_s * per_second):
        engine.feed_many(ward.chunks(turn * streams, (turn + 1) * streams))
    taken_ns = 0
    for turn in range(before_s * per_second, (before_s + seconds) * per_second):
        chunks = ward.chunks(turn * streams, (turn + 1) * streams)
        begun_ns = time.thread_time_ns()
        engine.feed_many(chunks)
        taken_ns += time.thread_time_ns() - begun_ns
    return taken_ns / 1e3 / streams / (seconds * per_second * length / rate_hz)
