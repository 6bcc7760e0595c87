"""A recording's windows are the engine's own, whatever its length and rate."""

import numpy as np
import pytest

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.models.windows import STREAM, of_recording, run
from edgeecg.types import BEAT_FIELDS, Chunk, Inference, Prediction, SourceChange, SourceState, WindowReady
from tests.laws.signals import heart

MODEL = ModelFacts(name="m", sha256="0" * 64, labels=("a", "b"))


def windows(seconds: float, rate_hz: float = 360.0, model: ModelFacts = MODEL) -> list[WindowReady]:
    x, _ = heart(rate_hz, seconds, seed=1)
    return list(of_recording(x, rate_hz, model))


@pytest.mark.parametrize("rate_hz", [100.0, 250.0, 300.0, 2000.0])
@pytest.mark.parametrize(("seconds", "n"), [(10, 1), (12, 2), (13.8, 2), (14, 3)])
def test_there_is_a_window_every_hop_from_the_first_whole_one_on(rate_hz: float, seconds: float, n: int) -> None:
    found = windows(seconds, rate_hz)
    assert len(found) == n
    assert all(window.readable and window.missing_share < 0.02 for window in found)
    assert len(found[0].beats) // 4 // len(BEAT_FIELDS) >= 10


@pytest.mark.parametrize(("seconds", "readable"), [(0.1, False), (4.9, False), (5.1, True), (9.0, True)])
def test_a_short_recording_has_one_window_which_half_a_window_fills(seconds: float, readable: bool) -> None:
    (window,) = windows(seconds)
    assert window.readable == readable
    assert window.missing_share == pytest.approx(1 - seconds / 10, abs=0.01)


def test_what_a_short_recording_misses_of_its_own_still_counts() -> None:
    x, _ = heart(250.0, 7.0, seed=1)
    x[200:600] = np.nan
    (window,) = of_recording(x, 250.0, MODEL)
    assert not window.readable


def test_a_live_stream_gives_the_same_windows() -> None:
    x, _ = heart(360.0, 15.0, seed=2)
    engine = Engine(EngineConfig(streams=(StreamFacts(name=STREAM, rate_hz=360.0),), models=(MODEL,)))
    live = list(engine.feed(SourceState(STREAM, SourceChange.OPENED, 0)))
    for start in range(0, len(x), 7):
        live += engine.feed(Chunk(STREAM, x[start : start + 7], start))
    assert [event for event in live if isinstance(event, WindowReady)] == list(of_recording(x, 360.0, MODEL))


def test_every_beat_is_asked_about_the_last_one_too() -> None:
    beat = ModelFacts(name="m", sha256="0" * 64, labels=("a", "b"), window_s=2.0, before_s=0.5)
    found = windows(20.0, model=beat)
    assert len(found) >= 23
    gaps = np.diff([window.beat_sample for window in found])
    assert np.all(gaps > 200)
    assert not found[-1].readable


def test_answers_go_back_and_only_readable_windows_are_asked_about() -> None:
    x, _ = heart(250.0, 26.0, seed=3)
    x[:1000] = np.nan
    asked = []

    def answer(window: WindowReady) -> Inference:
        asked.append(window.window_id)
        return Inference(window.stream, window.model, window.window_id, (0.0, 1.0))

    events = list(run(x, StreamFacts(name=STREAM, rate_hz=250.0), MODEL, answer))
    announced = [event for event in events if isinstance(event, WindowReady)]
    assert asked == [window.window_id for window in announced if window.readable]
    assert 0 < len(asked) < len(announced)
    assert [event.window_id for event in events if isinstance(event, Prediction)] == asked
