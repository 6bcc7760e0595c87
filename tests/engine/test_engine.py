import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from edgeecg.engine import Engine
from edgeecg.errors import ConfigError, SnapshotError
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.types import (
    BEAT_FIELDS,
    Acknowledge,
    Beat,
    Chunk,
    ConfigChange,
    Event,
    Gap,
    GapReason,
    Inference,
    ModelChange,
    ModelChanged,
    ModelState,
    Overload,
    OverloadChanged,
    Prediction,
    Record,
    RefusalReason,
    Refused,
    SignalState,
    SourceChange,
    SourceState,
    StreamChange,
    StreamChanged,
    Tick,
    WindowExpired,
    WindowReady,
)
from tests.laws.signals import Signal, heart

RATE_HZ = 250.0
CHEST = StreamFacts(name="chest", rate_hz=RATE_HZ, sequence_bits=8, frame_len=25)
WRIST = StreamFacts(name="wrist", rate_hz=RATE_HZ, leads=("I", "II"))
MODEL = ModelFacts(name="rhythm", sha256="0" * 64, labels=("N", "A"), window_s=2.0, hop_s=1.0, deadline_s=0.5)
CONFIG = EngineConfig(streams=(CHEST, WRIST), models=(MODEL,))
S = 1_000_000_000


def opened(config: EngineConfig = CONFIG) -> Engine:
    engine = Engine(config)
    for facts in config.streams:
        engine.feed(SourceState(facts.name, SourceChange.OPENED, 0, epoch=9))
    return engine


def frames(x: Signal, first: int = 0) -> list[Chunk]:
    cut = x[: len(x) // 25 * 25].reshape(-1, 25)
    return [Chunk("chest", samples, (first + i) * S // 10, (first + i) % 256) for i, samples in enumerate(cut)]


def feed(engine: Engine, records: list[Chunk] | list[Record]) -> list[Event]:
    return [event for events in engine.feed_many(records) for event in events]


def refusal(engine: Engine, record: Record) -> Refused:
    (event,) = engine.feed(record)
    assert isinstance(event, Refused)
    return event


X, PEAKS = heart(RATE_HZ, 30.0, seed=2)


def test_beats_come_with_their_place_and_the_sample_that_decided_them() -> None:
    beats = [event for event in feed(opened(), frames(X)) if isinstance(event, Beat)]
    found = np.array([beat.sample for beat in beats])
    assert all(np.abs(found - peak).min() <= 2 for peak in PEAKS[len(X) - 200 > PEAKS])
    assert all(0 < beat.reported_at - beat.sample < RATE_HZ * 1.5 for beat in beats)


@pytest.mark.parametrize(
    ("record", "reason", "words"),
    [
        (Chunk("ankle", np.zeros(5), 0), RefusalReason.UNKNOWN_STREAM, "'ankle'"),
        (Chunk("chest", np.zeros((5, 2)), 0), RefusalReason.WRONG_SHAPE, "(5, 2)"),
        (Chunk("wrist", np.zeros(5), 0), RefusalReason.WRONG_SHAPE, "(5,)"),
        (Chunk("wrist", np.zeros((5, 3)), 0), RefusalReason.WRONG_SHAPE, "(5, 3)"),
        (Chunk("chest", np.zeros(()), 0), RefusalReason.WRONG_SHAPE, "()"),
        (Chunk("chest", np.zeros(5, complex), 0), RefusalReason.WRONG_TYPE, "complex128"),
        (Chunk("chest", np.array(["a", "b"]), 0), RefusalReason.WRONG_TYPE, "<U1"),
        (Chunk("chest", np.array([None, 1]), 0), RefusalReason.WRONG_TYPE, "object"),
        (Chunk("chest", np.zeros(5), 0, sequence=256), RefusalReason.BAD_VALUE, "5 samples"),
        (Chunk("chest", np.zeros(5), 0, offset=3, frame_len=25), RefusalReason.MALFORMED_PIECE, "5 samples"),
        (Chunk("chest", np.zeros(5), 0, offset=-3), RefusalReason.MALFORMED_PIECE, "5 samples"),
        (Chunk("chest", np.zeros(5), 0, frame_len=2), RefusalReason.MALFORMED_PIECE, "5 samples"),
        (SourceState("ankle", SourceChange.LOST, 0), RefusalReason.UNKNOWN_STREAM, "'ankle'"),
        (Inference("ankle", "rhythm", 0, (1.0, 0.0)), RefusalReason.UNKNOWN_STREAM, "'ankle'"),
        (Inference("chest", "rhythm", 7, (1.0, 0.0)), RefusalReason.UNKNOWN_WINDOW, "window 7"),
        (Overload(0), RefusalReason.BAD_VALUE, "hop_factor 0"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name_and_the_others_go_on(record: Record, reason: RefusalReason, words: str) -> None:
    engine, undisturbed = opened(), opened()
    assert feed(engine, frames(X[:2000])) == feed(undisturbed, frames(X[:2000]))
    before = engine.snapshot()
    refused = refusal(engine, record)
    assert refused.reason == reason
    assert words in refused.got
    assert refused.allowed
    if reason not in {RefusalReason.BAD_VALUE, RefusalReason.MALFORMED_PIECE}:  # those are counted
        assert engine.snapshot() == before
    assert feed(engine, frames(X[2000:], 80)) == feed(undisturbed, frames(X[2000:], 80))


def test_samples_before_the_source_opened_are_refused() -> None:
    assert refusal(Engine(CONFIG), Chunk("chest", np.zeros(5), 0)).reason == RefusalReason.NOT_OPEN


def test_what_is_no_record_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="str is not one of Chunk, Tick"):
        Engine(CONFIG).feed("nonsense")  # type: ignore[arg-type]


def test_a_copy_of_a_frame_is_refused_and_changes_no_beat() -> None:
    chunks = frames(X)
    events = feed(opened(), [*chunks[:50], chunks[49], *chunks[50:]])
    (refused,) = (event for event in events if isinstance(event, Refused))
    assert refused.reason == RefusalReason.DUPLICATE
    assert [event for event in events if event is not refused] == feed(opened(), chunks)


def test_a_device_that_begins_anew_is_a_gap_and_the_index_goes_on() -> None:
    engine = opened(EngineConfig(streams=(replace(CHEST, sequence_bits=16),)))
    chunks = frames(X)
    restarted = [Chunk("chest", chunk.samples, chunk.arrival_ns + S, i) for i, chunk in enumerate(chunks[200:])]
    events = feed(engine, chunks[:200] + restarted)
    (gap,) = (event for event in events if isinstance(event, Gap))
    assert (gap.start_sample, gap.reason) == (5000, GapReason.RESTARTED)
    assert abs(gap.len_samples - RATE_HZ) < 30
    assert max(event.sample for event in events if isinstance(event, Beat)) > 5000 + gap.len_samples


def test_silence_is_said_once_and_so_is_its_end() -> None:
    engine = opened()
    feed(engine, frames(X[:1000]))
    silent = [event for second in range(4, 12) for event in engine.feed(Tick(second * S)) if event.stream == "chest"]
    assert [event.change for event in silent if isinstance(event, StreamChanged)] == [StreamChange.SILENT]
    engine.feed(Chunk("chest", X[1000:1025], 12 * S, 40))
    assert [event.change for event in engine.feed(Tick(12 * S)) if event.stream == "chest" and isinstance(event, StreamChanged)] == [
        StreamChange.LIVE
    ]


def test_a_lost_source_decides_what_is_pending_and_a_new_one_goes_on_after_a_gap() -> None:
    engine = opened()
    chunks = frames(X)
    feed(engine, chunks[:120])
    lost = engine.feed(SourceState("chest", SourceChange.LOST, 12 * S))
    assert isinstance(lost[-1], StreamChanged)
    assert lost[-1].change == StreamChange.LOST
    assert refusal(engine, chunks[120]).reason == RefusalReason.NOT_OPEN
    (again,) = engine.feed(SourceState("chest", SourceChange.OPENED, 15 * S, epoch=10))
    assert again == StreamChanged("chest", StreamChange.OPENED, 2999, 9)
    events = feed(engine, [Chunk("chest", chunk.samples, chunk.arrival_ns + 4 * S, i) for i, chunk in enumerate(chunks[120:])])
    gap = events[0]
    assert isinstance(gap, Gap)
    assert (gap.start_sample, gap.reason) == (3000, GapReason.REOPENED)
    assert abs(gap.len_samples - 4 * RATE_HZ) < 30


def test_bad_samples_are_said_and_what_they_are() -> None:
    x = X.copy()
    x[1000:1400] = np.nan
    events = feed(opened(), frames(x))
    first, *_, last = (event for event in events if isinstance(event, SignalState))
    assert (first.invalid, first.sample) == (True, 1000)
    assert not last.invalid
    assert not [event for event in events if isinstance(event, Beat) and 1000 < event.sample < 1400]


def windows(events: list[Event]) -> list[WindowReady]:
    return [event for event in events if isinstance(event, WindowReady)]


def test_an_answer_in_time_is_a_prediction_and_one_too_late_is_marked() -> None:
    engine = opened()
    first = windows(feed(engine, frames(X[:525])))[0]
    scores = math.log(0.2), math.log(0.8)
    (prediction,) = engine.feed(Inference("chest", "rhythm", first.window_id, scores, (0.5, -1.0)))
    assert isinstance(prediction, Prediction)
    assert prediction.probabilities == pytest.approx((0.2, 0.8))
    said = replace(prediction, probabilities=())
    assert said == Prediction("chest", "rhythm", 0, 0, 500, -1, "A", (), False, (0.5, -1.0), late=False, reported_at=524)
    events = feed(engine, frames(X[525:1500], 21))
    expired = next(event for event in events if isinstance(event, WindowExpired))
    assert expired.reported_at == windows(events)[0].deadline_sample
    (late,) = engine.feed(Inference("chest", "rhythm", expired.window_id, (0.9, 0.1)))
    assert isinstance(late, Prediction)
    assert late.late


@pytest.mark.parametrize(
    ("scores", "activation"),
    [
        ((0.5,), ()),
        ((0.2, 0.2, 0.2), ()),
        ((float("nan"), 1.0), ()),
        ((-0.5, float("inf")), ()),
        ((0.0, 0.0), (1.5,)),
        ((0.0, 0.0), (0.1,) * 65),
    ],
)
def test_an_answer_that_is_none_is_refused(scores: tuple[float, ...], activation: tuple[float, ...]) -> None:
    engine = opened()
    first = windows(feed(engine, frames(X[:525])))[0]
    assert refusal(engine, Inference("chest", "rhythm", first.window_id, scores, activation)).reason == RefusalReason.WRONG_ANSWER
    assert isinstance(engine.feed(Inference("chest", "rhythm", first.window_id, (0.5, 0.5)))[0], Prediction)


def test_scores_become_probabilities_at_the_temperature_of_the_model_and_an_unsure_answer_is_none() -> None:
    unsure = replace(MODEL, temperature=2.0, abstain_below=0.8)
    engine = opened(EngineConfig(streams=(CHEST, WRIST), models=(unsure,)))
    first, second = windows(feed(engine, frames(X[:1025])))[:2]
    for window, odds, abstained in ((first, 9.0, True), (second, 36.0, False)):
        (prediction,) = engine.feed(Inference("chest", "rhythm", window.window_id, (math.log(odds), 0.0)))
        assert isinstance(prediction, Prediction)
        assert prediction.probabilities[0] == pytest.approx(math.sqrt(odds) / (math.sqrt(odds) + 1))
        assert prediction.abstained == abstained


def test_a_window_tells_of_the_beats_in_it_that_were_known() -> None:
    engine = opened()
    events = feed(engine, frames(X[:3000]))
    beats = {event.sample: event for event in events if isinstance(event, Beat) and event.stream == "chest"}
    for window in windows(events):
        told = np.frombuffer(window.beats, "<f4").reshape(-1, len(BEAT_FIELDS))
        span = range(window.start_sample, window.start_sample + window.len_samples)
        due = [sample for sample, beat in sorted(beats.items()) if sample in span and beat.reported_at <= window.reported_at]
        assert np.round(window.start_sample + told[:, 0] * CHEST.rate_hz).tolist() == due
        assert told[:, 1].tolist() == [np.float32(beats[sample].confidence) for sample in due]
        assert told[:, 4].tolist() == [np.float32(beats[sample].prematurity) for sample in due]
    assert len(beats) > 10


def test_a_window_tells_of_a_minute_of_beats_if_its_model_asks() -> None:
    x, _ = heart(RATE_HZ, 90.0, seed=3)
    engine = opened(EngineConfig(streams=(CHEST,), models=(replace(MODEL, beats_s=60.0),)))
    events = [event for frame in frames(x) for event in engine.feed(frame)]
    beats = sorted(event.sample for event in events if isinstance(event, Beat))
    due: list[int] = []
    for window in windows(events):
        told = np.frombuffer(window.beats, "<f4").reshape(-1, len(BEAT_FIELDS))
        end = window.start_sample + window.len_samples
        due = [sample for sample in beats if end - 60 * RATE_HZ <= sample < end - 0.5 * RATE_HZ]
        said = np.round(window.start_sample + told[:, 0].astype(np.float64) * RATE_HZ).astype(int).tolist()
        assert said[: len(due)] == due
    assert len(due) > 60


def test_windows_hold_the_same_however_much_came_at_once() -> None:
    x, _ = heart(RATE_HZ, 90.0, seed=3)
    about_beats = replace(MODEL, name="beat", window_s=1.0, before_s=0.4, beats_s=60.0)
    longest = replace(MODEL, window_s=10.0, hop_s=0.5, deadline_s=5.0)
    config = EngineConfig(streams=(CHEST,), models=(longest, about_beats))
    engine = opened(config)
    in_frames = windows([event for frame in frames(x) for event in engine.feed(frame)])
    at_once = windows(list(opened(config).feed(Chunk("chest", x[: len(x) // 25 * 25], 0))))
    together = windows([event for events in opened(config).feed_many(frames(x)) for event in events])
    assert len(in_frames) > 200
    assert at_once == in_frames
    assert together == in_frames


def test_a_model_may_be_asked_about_every_beat() -> None:
    about_beats = replace(MODEL, window_s=1.0, before_s=0.4, beats_s=8.0)
    engine = opened(EngineConfig(streams=(CHEST, WRIST), models=(about_beats,)))
    events = feed(engine, frames(X[:4000]))
    beats = [event for event in events if isinstance(event, Beat)]
    asked = windows(events)
    assert [window.beat_sample for window in asked] == [beat.sample for beat in beats][: len(asked)]
    assert len(beats) - len(asked) <= 1
    for window, beat in zip(asked, beats, strict=False):
        assert window.start_sample == beat.sample - 100
        assert window.reported_at == max(beat.reported_at, window.start_sample + window.len_samples - 1)
        told = np.frombuffer(window.beats, "<f4").reshape(-1, len(BEAT_FIELDS))
        assert np.float32(0.4) in told[:, 0]
        assert beat.sample < 2100 or len(told) > 6
    (prediction,) = engine.feed(Inference("chest", "rhythm", asked[-1].window_id, (0.0, 1.0)))
    assert isinstance(prediction, Prediction)
    assert prediction.beat_sample == asked[-1].beat_sample


def test_what_became_of_a_model_is_passed_on_and_an_unknown_one_refused() -> None:
    engine = opened()
    said = engine.feed(ModelState("rhythm", ModelChange.UNAVAILABLE, "no runtime"))
    assert said == (ModelChanged("rhythm", ModelChange.UNAVAILABLE, "no runtime"),)
    refused = refusal(engine, ModelState("rythm", ModelChange.READY))
    assert (refused.reason, refused.allowed) == (RefusalReason.UNKNOWN_MODEL, "one of rhythm")


def test_nobody_acknowledges_an_alert_that_is_not_there() -> None:
    assert refusal(opened(), Acknowledge("no such", "nurse")).reason == RefusalReason.UNKNOWN_ALERT


def test_under_overload_windows_come_further_apart() -> None:
    engine = opened()
    usual = windows(feed(engine, frames(X[:2000])))
    assert engine.feed(Overload(3)) == (OverloadChanged(3),)
    fewer = windows(feed(engine, frames(X[2000:5000], 80)))
    assert {after.start_sample - before.start_sample for before, after in pairwise(usual)} == {250}
    assert {after.start_sample - before.start_sample for before, after in pairwise(fewer[1:])} == {750}


def test_new_settings_keep_the_streams_that_stay() -> None:
    engine, undisturbed = opened(), opened()
    feed(engine, frames(X[:2000]))
    feed(undisturbed, frames(X[:2000]))
    ankle = StreamFacts(name="ankle", rate_hz=500.0)
    (gone,) = engine.feed(ConfigChange(EngineConfig(streams=(ankle, CHEST), models=(MODEL,))))
    assert gone == StreamChanged("wrist", StreamChange.REMOVED, -1, 9)
    assert feed(engine, frames(X[2000:], 80)) == feed(undisturbed, frames(X[2000:], 80))


def test_other_models_start_their_windows_anew() -> None:
    engine = opened()
    feed(engine, frames(X[:2000]))
    other = ModelFacts(name="other", sha256="1" * 64, labels=("x",), window_s=1.0, hop_s=1.0)
    engine.feed(ConfigChange(EngineConfig(streams=(CHEST, WRIST), models=(other,))))
    events = windows(feed(engine, frames(X[2000:3000], 80)))
    assert [(event.model, event.start_sample) for event in events] == [("other", 2000 + 250 * i) for i in range(4)]


def test_a_snapshot_goes_on_elsewhere_and_announces_waiting_windows_again() -> None:
    engine = opened()
    waiting = windows(feed(engine, frames(X[:525])))
    elsewhere = Engine(CONFIG)
    again = elsewhere.restore(engine.snapshot())
    assert [(event.window_id, event.samples_mv) for event in windows(list(again))] == [(waiting[0].window_id, waiting[0].samples_mv)]
    assert feed(elsewhere, frames(X[525:], 21)) == feed(engine, frames(X[525:], 21))


def test_what_was_frozen_is_as_it_was_whatever_is_fed_since() -> None:
    engine = opened()
    feed(engine, frames(X[:525]))
    before, parts = engine.snapshot(), engine.frozen()
    feed(engine, frames(X[525:], 21))
    assert b"".join(parts()) == before != engine.snapshot()


def test_a_snapshot_of_something_else_is_refused_and_nothing_of_it_taken() -> None:
    engine = opened()
    feed(engine, frames(X[:1000]))
    before = engine.snapshot()
    stranger = opened(EngineConfig(streams=(CHEST,), models=(MODEL,)))
    hostile = before[:-40] + bytes(40)
    for data, where in ((stranger.snapshot(), "config_digest"), (hostile, "digest"), (before[:100], "digest"), (b"", "magic")):
        with pytest.raises(SnapshotError, match=where):
            engine.restore(data)
        assert engine.snapshot() == before


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"rate_hz": 99.0}, "rate_hz: 99.0"),
        ({"rate_hz": 2001.0}, "rate_hz"),
        ({"rate_hz": float("nan")}, "rate_hz"),
        ({"rate_hz": 250.05}, "steps of 0.1"),
        ({"leads": ()}, "leads: 0"),
        ({"leads": ("I", "I")}, "leads"),
        ({"name": ""}, "name"),
        ({"mv_per_unit": 0.0}, "mv_per_unit"),
        ({"mv_per_unit": float("nan")}, "mv_per_unit"),
        ({"rails_units": (5.0, -5.0)}, "rails_units"),
        ({"sequence_bits": 7}, "sequence_bits: 7"),
        ({"device_clock_bits": 16}, "device_clock_bits"),
        ({"reorder_frames": 3}, "reorder_frames"),
        ({"reorder_frames": 7, "frame_len": 500}, "reorder_frames"),
        ({"silence_s": 0.0}, "silence_s"),
    ],
)
def test_a_stream_that_cannot_be_says_which_setting_and_what_is_allowed(changes: dict[str, object], where: str) -> None:
    settings: dict[str, object] = {"name": "chest", "rate_hz": 250.0, **changes}
    with pytest.raises(ConfigError, match=where):
        StreamFacts(**settings)  # type: ignore[arg-type]


def test_the_second_lead_tells_the_beats_while_the_first_is_off_and_the_first_alone_before_and_after() -> None:
    signal, peaks = heart(RATE_HZ, 60.0, seed=4)
    leads = np.stack([signal, 0.6 * signal], axis=1)
    leads[5000:9000, 0] = np.nan
    for length in (50, 1500):
        cut = [Chunk("wrist", leads[start : start + length], start * S // 250) for start in range(0, len(leads), length)]
        engine = opened()
        events = feed(engine, cut) + list(engine.feed(SourceState("wrist", SourceChange.LOST, 60 * S)))
        beats = [event for event in events if isinstance(event, Beat)]
        found = np.array([beat.sample for beat in beats])
        assert all(np.abs(found - peak).min() <= 2 for peak in peaks)
        assert len(beats) == len(peaks)
        assert {beat.lead for beat in beats if 5040 < beat.sample < 8990} == {"II"}
        assert {beat.lead for beat in beats if beat.sample < 4900 or beat.sample > 9400} == {"I"}
