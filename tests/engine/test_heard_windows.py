"""Windows of ECG and sound for models that hear: what they hold, when they are told, by whom, and what is wrong with them."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.types import (
    Chunk,
    ConfigChange,
    Event,
    Inference,
    Overload,
    Prediction,
    Record,
    SoundReason,
    SourceChange,
    SourceState,
    WindowExpired,
    WindowReady,
)
from tests.engine.test_sounds import ECG_HZ, HEART, PCG_HZ

Signal = NDArray[np.float64]
MODEL = ModelFacts(name="ear", sha256="0" * 64, labels=("a", "b"), window_s=4.0, hop_s=2.0, deadline_s=1.5, beats_s=4.0, sound_hz=1000.0)
DEAF = ModelFacts(name="deaf", sha256="1" * 64, labels=("a", "b"), window_s=4.0, hop_s=2.0)
FACTS = (StreamFacts(name="ecg", rate_hz=ECG_HZ), StreamFacts(name="sound", rate_hz=PCG_HZ, sound_of="ecg"))
MV, PCG = HEART[1:3]


def opened(*models: ModelFacts, facts: Iterable[StreamFacts] = FACTS) -> Engine:
    streams = tuple(facts)
    engine = Engine(EngineConfig(streams=streams, models=models or (MODEL,)))
    for stream in streams:
        engine.feed(SourceState(stream.name, SourceChange.OPENED, 0, epoch=3))
    return engine


def records(chunk_s: float = 0.1, ahead_s: float = 0.0, pcg: Signal = PCG, mv: Signal = MV) -> list[Record]:
    """Both streams in chunks; the sound comes `ahead_s` before the ECG of the same time."""
    timed: list[tuple[float, int, Record]] = []
    for order, (name, samples, rate_hz) in enumerate((("ecg", mv, ECG_HZ), ("sound", pcg, PCG_HZ))):
        step = round(chunk_s * rate_hz)
        for start in range(0, len(samples), step):
            at_s = (start + step) / rate_hz - (ahead_s if name == "sound" else 0.0)
            timed.append((at_s, order, Chunk(name, samples[start : start + step], round(max(0.0, at_s) * 1e9))))
    return [record for _, _, record in sorted(timed, key=lambda one: one[:2])]


def told(engine: Engine, given: Iterable[Record]) -> list[Event]:
    return [event for record in given for event in engine.feed(record)]


def windows(events: Iterable[Event]) -> list[WindowReady]:
    return [event for event in events if isinstance(event, WindowReady)]


PLAIN = windows(told(opened(), records()))


def test_a_window_holds_the_lead_and_the_sound_of_the_same_span_and_its_beats() -> None:
    assert [one.start_sample for one in PLAIN] == [2000 * k for k in range(10)]
    for one in PLAIN:
        start = one.start_sample
        sound, lead = np.frombuffer(one.sound, "<f4"), np.frombuffer(one.samples_mv, "<f4")
        assert (one.stream, one.lead, one.len_samples, one.readable) == ("sound", "I", 4000, True)
        away = sound - PCG[start : start + 4000]
        assert np.ptp(away[np.isfinite(away)]) < 1e-5  # but for its level, it is what came
        assert np.allclose(lead, MV[start // 4 : start // 4 + 1000], atol=1e-6)
        peaks = (np.frombuffer(one.beats, "<f4").reshape(-1, 7)[:, 0] * ECG_HZ).round().astype(int)
        assert len(peaks) >= 3
        assert all(lead[at] > 0.5 * lead.max() for at in peaks)


def test_a_window_is_told_by_the_sound_when_both_have_come() -> None:
    assert [one.reported_at - one.start_sample for one in PLAIN] == [4000 + 63] * len(PLAIN)
    assert [one.deadline_sample - one.start_sample for one in PLAIN] == [4000 + 1499] * len(PLAIN)
    late = windows(told(opened(), records(ahead_s=1.0)))
    assert [one.reported_at - one.start_sample for one in late] == [4900] * len(late)  # the chunk behind which the ECG had come


@pytest.mark.parametrize(("chunk_s", "ahead_s"), [(0.02, 0.0), (1.0, 0.0), (4.0, 0.0), (0.1, 0.3), (0.1, -1.0)])
def test_what_it_holds_does_not_show_how_records_took_turns(chunk_s: float, ahead_s: float) -> None:
    others = windows(told(opened(), records(chunk_s, ahead_s)))
    held = [(one.start_sample, one.samples_mv, one.beats, one.sound, one.readable) for one in others]
    assert len(held) >= 8
    plain = [(one.start_sample, one.samples_mv, one.beats, one.sound, one.readable) for one in PLAIN]
    readable = [one for one in held if one[4]]
    assert readable
    assert set(readable) <= set(plain)


def test_an_ecg_alone_or_a_slow_sound_is_not_asked_about() -> None:
    deaf = windows(told(opened(MODEL, DEAF), records()))
    assert {(one.stream, one.model) for one in deaf} == {("ecg", "deaf"), ("sound", "ear")}
    slow = (FACTS[0], replace(FACTS[1], rate_hz=500.0))
    assert windows(told(opened(facts=slow), records(pcg=PCG))) == []
    assert windows(told(opened(facts=FACTS[:1]), [one for one in records() if getattr(one, "stream", "") == "ecg"])) == []


def changed(at_s: float, until_s: float, change: Callable[[Signal], Signal]) -> Signal:
    x, part = PCG.copy(), slice(round(at_s * PCG_HZ), round(until_s * PCG_HZ))
    x[part] = change(x[part])
    return x


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda x: np.full(len(x), np.nan), SoundReason.MISSING),
        (np.zeros_like, SoundReason.SILENT),
        (lambda x: np.clip(8 * x, -np.abs(PCG).max(), np.abs(PCG).max()), SoundReason.CLIPPED),
    ],
)
def test_what_is_wrong_with_the_sound_is_named(change: Callable[[Signal], Signal], reason: SoundReason) -> None:
    found = windows(told(opened(), records(pcg=changed(9.0, 13.0, change))))
    assert {one.sound_fault for one in found if one.start_sample in {8000, 10000}} == {reason}
    assert {one.readable for one in found if one.sound_fault != SoundReason.NONE} == {False}
    assert all(one.readable for one in found if one.start_sample <= 4000 or one.start_sample >= 14000)


def test_after_a_gap_in_the_sound_what_is_missing_is_marked() -> None:
    lost = [one for one in records() if not (isinstance(one, Chunk) and one.stream == "sound" and 9.0e9 < one.arrival_ns <= 9.5e9)]
    numbered = (FACTS[0], replace(FACTS[1], sequence_bits=16, frame_len=100))
    given = [
        replace(one, sequence=round(one.arrival_ns / 1e8)) if isinstance(one, Chunk) and one.stream == "sound" else one for one in lost
    ]
    found = windows(told(opened(facts=numbered), given))
    missing = {one.start_sample: float(np.isnan(np.frombuffer(one.sound, "<f4")).mean()) for one in found}
    assert missing[8000] == pytest.approx(0.125, abs=0.002)
    assert missing[4000] == missing[10000] == 0
    assert [one.start_sample for one in found if not one.readable] == [6000, 8000]


def test_no_clock_says_that_a_sound_that_began_anew_belongs_here() -> None:
    given = records()
    engine = opened()
    told(engine, given[:160])
    engine.feed(ConfigChange(EngineConfig(streams=(replace(FACTS[0], silence_s=3.0), FACTS[1]), models=(MODEL,))))
    engine.feed(SourceState("ecg", SourceChange.OPENED, 8_000_000_000, epoch=4))
    found = windows(told(engine, given[160:]))
    assert found
    assert {(one.sound_fault, one.readable) for one in found} == {(SoundReason.CLOCK, False)}


# --- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_in_time_is_a_prediction_and_a_late_one_is_marked() -> None:
    engine = opened()
    answered: list[Prediction] = []
    expired: list[int] = []
    kept: list[WindowReady] = []
    for record in records():
        for event in engine.feed(record):
            if isinstance(event, WindowReady) and event.window_id % 2 == 0:
                answered += [
                    one for one in engine.feed(Inference("sound", "ear", event.window_id, (2.0, 0.0))) if isinstance(one, Prediction)
                ]
            elif isinstance(event, WindowReady):
                kept.append(event)
            elif isinstance(event, WindowExpired):
                expired.append(event.window_id)
                assert event.reported_at == kept[-1].deadline_sample + 64
    assert [one.window_id for one in answered] == [0, 2, 4, 6, 8]
    assert {(one.stream, one.label, one.late, one.len_samples) for one in answered} == {("sound", "a", False, 4000)}
    assert expired == [1, 3, 5, 7, 9]
    (late,) = engine.feed(Inference("sound", "ear", 7, (0.0, 2.0)))
    assert isinstance(late, Prediction)
    assert (late.late, late.start_sample) == (True, 14000)


def test_a_snapshot_announces_again_what_waits_and_goes_on_alike() -> None:
    given = records()
    unbroken, begun, restored = opened(), opened(), Engine(EngineConfig(streams=FACTS, models=(MODEL,)))
    expected = told(unbroken, given)
    first = told(begun, given[:165])
    (again,) = windows(restored.restore(begun.snapshot()))
    assert replace(again, reported_at=0) == replace(windows(first)[-1], reported_at=0)
    assert first + told(restored, given[165:]) == expected
    assert restored.snapshot() == unbroken.snapshot()


def test_overload_moves_windows_apart_and_other_models_begin_anew() -> None:
    given = records()
    engine = opened()
    first = windows(told(engine, given[:200]))
    engine.feed(Overload(5))  # a window is whole, and waits for its last filter: its turn is two hops later now
    then = windows(told(engine, given[200:]))
    starts = [one.start_sample for one in first + then]
    assert [one.start_sample for one in then][:1] == [10000]
    assert len(starts) < len(PLAIN)
    held = {(one.start_sample, one.samples_mv, one.sound) for one in PLAIN}
    assert {(one.start_sample, one.samples_mv, one.sound) for one in first + then} <= held
    engine = opened()
    told(engine, given[:200])
    engine.feed(ConfigChange(EngineConfig(streams=FACTS, models=(DEAF, replace(MODEL, name="other")))))
    later = [one for one in windows(told(engine, given[200:])) if one.model == "other"]
    assert not later[0].readable  # what came before is forgotten
    assert later[-1].readable
    assert later[-1].sound == PLAIN[-1].sound
