"""Under overload the streams take turns: what comes more rarely must not come all at once."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.rulefacts import default_rules
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Alert, AlertState, Chunk, ConfigChange, Event, Inference, Overload, SourceChange, SourceState, WindowReady

RATE = 250
NAMES = [f"patient-{number}" for number in range(32)]
HOPPING = ModelFacts(name="m", sha256="0" * 64, labels=("a", "b"), window_s=1.0, hop_s=1.0)
OF_BEATS = ModelFacts(name="beats", sha256="0" * 64, labels=("a", "b"), window_s=1.0, before_s=0.5)


def announced(factors: dict[int, int], seconds: int) -> dict[str, list[int]]:
    """Return the seconds in which each stream's windows end; `factors` says after which second the hop factor becomes what."""
    streams = tuple(StreamFacts(name=name, rate_hz=float(RATE)) for name in NAMES)
    engine = Engine(EngineConfig(streams=streams, models=(HOPPING, OF_BEATS)))
    for name in NAMES:
        engine.feed(SourceState(name, SourceChange.OPENED, 0))
    ends: dict[str, list[int]] = {name: [] for name in NAMES}
    for second in range(seconds):
        told = engine.feed_many([Chunk(name, np.zeros(RATE), second * 10**9) for name in NAMES])
        for event in (event for events in told for event in events if isinstance(event, WindowReady)):
            ends[event.stream].append((event.start_sample + event.len_samples) // RATE)
        if second + 1 in factors:
            engine.feed(Overload(factors[second + 1]))
    return ends


@pytest.mark.parametrize("factors", [{4: 4}, {4: 2, 9: 4}, {4: 8, 9: 2, 17: 4}])
def test_streams_take_turns_and_each_keeps_its_distance(factors: dict[int, int]) -> None:
    ends = announced(factors, 60)
    late = {name: [end for end in stream if end > 30] for name, stream in ends.items()}
    assert {after - before for stream in late.values() for before, after in pairwise(stream)} == {4}
    per_second = Counter(end % 4 for stream in late.values() for end in stream[:6])
    assert len(per_second) == 4
    assert max(per_second.values()) <= 2 * 6 * len(NAMES) / 4, "no second has more than twice its share"


def test_when_it_is_over_every_window_comes_again() -> None:
    ends = announced({4: 8, 20: 1}, 40)
    for stream in ends.values():
        assert [end for end in stream if end > 30] == list(range(31, 41))


def test_a_restored_engine_says_how_far_apart_its_windows_come() -> None:
    config = EngineConfig(streams=(StreamFacts(name="a", rate_hz=250.0),), models=(HOPPING,))
    engine, elsewhere = Engine(config), Engine(config)
    assert engine.hop_factor == 1
    engine.feed(Overload(8))
    elsewhere.restore(engine.snapshot())
    assert elsewhere.hop_factor == 8


def fibrillating(engine: Engine, samples: NDArray[np.float64], second: int) -> list[Alert]:
    """Feed a second, answer each window with fibrillation, and return the alerts of it."""
    said: list[Event] = []
    for event in engine.feed(Chunk("a", samples[second * RATE : (second + 1) * RATE], second * 10**9)):
        said.append(event)
        if isinstance(event, WindowReady):
            said += engine.feed(Inference("a", event.model, event.window_id, (0.0, 5.0)))
    return [event for event in said if isinstance(event, Alert) and event.rule == "atrial-fibrillation"]


def test_atria_that_fibrillate_are_told_of_when_models_are_hardly_asked_also_by_an_engine_that_goes_on() -> None:
    x = next(Simulation(Setup(scenario=NAMED["af"], seed=1, rate_hz=float(RATE))).blocks(200 * RATE)).ecg_mv
    asked = ModelFacts(name="m", sha256="0" * 64, labels=("N", "A"))
    stream = StreamFacts(name="a", rate_hz=float(RATE))
    config = EngineConfig(streams=(stream,), models=(asked,), rules=default_rules())
    engine = Engine(config)
    engine.feed(SourceState("a", SourceChange.OPENED, 0))
    engine.feed(Overload(16))
    told = [alert for second in range(50) for alert in fibrillating(engine, x, second)]
    restored = Engine(config)
    restored.restore(engine.snapshot())
    engine.feed(ConfigChange(replace(config, streams=(stream, replace(stream, name="b")))))
    for one in (engine, restored):
        assert one.hop_factor == 16
        alerts = told + [alert for second in range(50, 200) for alert in fibrillating(one, x, second)]
        assert [alert.state for alert in alerts if alert.state != AlertState.UPDATED] == [AlertState.RAISED]
