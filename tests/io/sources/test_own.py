"""Our own protocol to records, without a line: what each frame becomes, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.intake import FORGET_AFTER_NS, Intake
from edgeecg.io.sources.items import Announced, ClockAnswer, Item, Lagging, Notice, Refusal, Said
from edgeecg.io.sources.own import MAX_KNOWN, OwnDevice
from edgeecg.io.sources.reception import Reception
from edgeecg.io.sources.refusals import MAX_REMEMBERED, Refusals, shown
from edgeecg.io.sources.requests import SELDOM_NS, Requests
from edgeecg.io.sources.runs import samples_of
from edgeecg.io.sources.twins import FORGET, TURNS, Twins
from edgeecg.types import Chunk, ConfigChange, SourceChange, SourceState
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, encode, seal
from tests.io.sources.pty_device import ECG
from tests.io.sources.publishing import hello, samples

PCG = replace(ECG, stream=1, kind=f.KIND_PCG, bits=24, rate_millihz=2_000_000, unit=f.UNIT_PASCAL, terms=(0,) * 8)


class Line:
    """A device on a line, and all it told."""

    def __init__(self, claims: Claims | None = None, where: str = "tty") -> None:
        self.notices: list[Notice] = []
        tell = self.notices.append
        self.device = OwnDevice(Intake(where, 6, claims or Claims(), Refusals(tell), tell))

    def feed(self, *frames: f.Frame, at_ns: int = 0) -> list[Item]:
        return self.device.feed(b"".join(map(encode, frames)), at_ns)

    def sentences(self) -> list[str]:
        return [str(notice) for notice in self.notices if isinstance(notice, Refusal)]


def kinds(items: list[Item]) -> list[str]:
    return [item.change.name if isinstance(item, SourceState) else type(item).__name__ for item in items]


def test_facts_are_what_the_hello_says() -> None:
    line = Line()
    two = replace(ECG, leads=2, bits=24, zero=100, scale_pico=2_500_000, terms=(257, 318, 0, 0, 0, 0, 0, 0))
    items = line.feed(replace(hello("a"), streams=(two, PCG), clock_bits=32))
    assert kinds(items) == ["Announced", "OPENED", "Announced", "OPENED"]
    ecg, pcg = [item for item in items if isinstance(item, Announced)]
    assert ecg.facts == StreamFacts(
        name="a/ecg", rate_hz=250, leads=("I", "aVR"), mv_per_unit=ecg.facts.mv_per_unit, offset_units=100,
        rails_units=(-8388608.0, 8388607.0), sequence_bits=16, device_clock_bits=32,
    )  # fmt: skip
    assert ecg.facts.mv_per_unit == pytest.approx(0.0025)
    assert (pcg.stream, pcg.kind, pcg.facts.rate_hz) == ("a/pcg", "pcg", 2000.0)


def test_samples_before_a_hello_are_not_taken_and_a_reply_is_asked_for() -> None:
    line = Line()
    assert line.feed(samples(0)) == []
    assert line.device.awaits_hello


def test_a_scale_that_is_not_known_is_assumed_and_said_to_be() -> None:
    (announced, _) = Line().feed(hello("a", replace(ECG, scale_pico=0, unit=f.UNIT_NONE)))
    assert isinstance(announced, Announced)
    assert (announced.facts.mv_per_unit, announced.estimated) == (0.001, ("mv_per_unit",))


def test_what_the_device_dropped_stands_before_the_samples_after_it() -> None:
    line = Line()
    items = line.feed(hello("a"), samples(0), replace(samples(2), dropped=25))
    assert kinds(items) == ["Announced", "OPENED", "Chunk", "DROPPED", "Chunk"]
    assert isinstance(items[3], SourceState)
    assert items[3].count == 25


def test_samples_at_another_rate_or_of_other_leads_than_the_hello_says_are_refused() -> None:
    line = Line()
    items = line.feed(hello("a"), samples(0), samples(1, rate_millihz=500_000), samples(2))
    assert kinds(items) == ["Announced", "OPENED", "Chunk", "LOST", "Announced", "OPENED", "Chunk"]
    assert line.sentences() == ["tty: samples of a/ecg: 1 leads at 500 Hz is not 1 at 250 Hz, as its hello says"]


def test_a_rate_the_engine_cannot_take_is_refused_and_the_other_stream_goes_on() -> None:
    line = Line()
    items = line.feed(replace(hello("a"), streams=(replace(ECG, rate_millihz=50_000), PCG)))
    assert [item.stream for item in items if isinstance(item, Announced)] == ["a/pcg"]
    assert line.sentences() == ["tty: stream 'a/ecg'.rate_hz: 50.0 is not a rate from 100 to 2000 Hz in steps of 0.1"]


def test_another_device_in_the_middle_of_a_line_is_refused_and_after_it_was_lost_welcome() -> None:
    line = Line()
    line.feed(hello("a"), hello("b"))
    assert line.sentences() == ["tty: hello.device_id: 'b' is not 'a', who spoke on this line before"]
    line.device.line_lost(5)
    assert kinds(line.feed(hello("b"))) == ["Announced", "OPENED"]


def test_a_line_on_which_ever_new_devices_appear_is_bounded() -> None:
    line = Line()
    for i in range(MAX_KNOWN + 3):
        line.feed(hello(f"d{i}"))
        line.device.line_lost(i)
    assert len(line.device._known) == MAX_KNOWN
    assert line.sentences()[0].endswith(f"is not one of the {MAX_KNOWN} that were heard on this line before")
    line.device.feed(encode(hello("tomorrow")), FORGET_AFTER_NS + MAX_KNOWN)
    assert list(line.device._known) == ["tomorrow"], "those of yesterday are forgotten"


def test_what_a_device_says_beside_its_samples_is_passed_on() -> None:
    line = Line()
    line.feed(
        hello("a"), f.Battery(f.DEVICE, 0, 0, 80, 0, 3700), f.Ack(f.DEVICE, 0, 0, 0x81, 3, f.STATUS_REFUSED), f.Stop(f.DEVICE, 0, 0, 1)
    )
    assert line.notices[0] == Said("a", f.Battery(f.DEVICE, 0, 0, 80, 0, 3700))
    assert line.sentences() == [
        "tty: answer to request 0x81: status 2 is not 0, done",
        "tty: frame: stop, a request is not what a device says",
    ]


def test_the_devices_clock_is_read_as_in_ntp_and_an_answer_to_nobody_is_refused() -> None:
    line = Line()
    line.feed(hello("a"))
    line.feed(f.TimeReply(f.DEVICE, 0, 5_000_400, 1, 1_000_000, 5_000_200), at_ns=1_001_000_000)
    assert line.notices == [ClockAnswer("a", 5_000_300, 1_000_500_000, 400_000)]
    line.feed(f.TimeReply(f.DEVICE, 0, 5_000_400, 1, 9_000_000, 5_000_200), at_ns=1_001_000_000)
    assert "not to a request of this host" in line.sentences()[0]


def test_delay_that_grows_is_said_once_and_so_is_its_end_while_drift_is_neither() -> None:
    line = Line()
    line.feed(hello("a"))
    for i in range(36_000):  # an hour of a clock that is 200 ppm slow
        line.feed(samples(i), at_ns=round(i * 100_000_000 * 1.0002) + i % 7 * 3_000_000)
    assert line.notices == []
    for i in range(36_000, 36_100):
        late_ns = 3_000_000_000 if i < 36_050 else 0
        line.feed(samples(i), at_ns=round(i * 100_000_000 * 1.0002) + late_ns)
    raised, over = line.notices
    assert isinstance(raised, Lagging)
    assert isinstance(over, Lagging)
    assert (raised.stream, raised.is_over, over.is_over) == ("a/ecg", False, True)
    assert raised.delay_s == pytest.approx(3.0, abs=0.1)


def test_a_device_that_begins_anew_is_not_late() -> None:
    line = Line()
    line.feed(hello("a"))
    for i in range(20):
        line.feed(samples(36_000 + i), at_ns=i * 100_000_000)
    for i in range(20):
        line.feed(samples(i), at_ns=(20 + i) * 100_000_000)
    assert line.notices == []


def test_a_clock_of_forty_bits_goes_on_where_it_wraps() -> None:
    line = Line()
    line.feed(replace(hello("a"), clock_bits=40))
    end = 1 << 40
    items = line.feed(samples(0, clock_us=end - 100_000), samples(1, clock_us=0), samples(2, clock_us=100_000))
    assert [item.device_us for item in items if isinstance(item, Chunk)] == [end - 100_000, end, end + 100_000]


def test_a_frame_that_lies_about_its_length_is_refused_and_the_next_is_taken() -> None:
    line = Line()
    body = f.Samples.LAYOUT.pack(f.VERSION, f.Samples.TYPE, 0, 1, 0, 250_000, 99, 1, 16, 0, 0) + bytes(50)
    items = line.device.feed(encode(hello("a")) + encode(samples(0)) + seal(body) + encode(samples(2)), 0)
    assert kinds(items) == ["Announced", "OPENED", "Chunk", "Chunk"]
    assert line.sentences() == [
        "tty: samples frame: broken (data: 50 bytes are not 99 x 1 samples of 16 bits) is not within the protocol's rules"
    ]


def test_the_frame_a_line_is_joined_in_is_no_damage_and_any_other_is() -> None:
    line = Line()
    line.device.feed(encode(samples(0))[9:] + encode(hello("a")) + encode(samples(1))[9:], 0)
    assert len(line.sentences()) == 1
    line.device.line_lost(0)
    line.device.feed(encode(samples(2))[9:], 0)
    assert len(line.sentences()) == 1


def test_a_lead_that_is_off_has_no_values_and_24_bits_keep_their_sign() -> None:
    raw = b"".join(value.to_bytes(3, "little", signed=True) for value in (1, -1, 8388607, -8388608))
    frame = f.Samples(0, 0, 0, 250_000, 2, 24, 0, 0, raw)
    assert samples_of(frame).tolist() == [[1, -1], [8388607, -8388608]]
    np.testing.assert_array_equal(samples_of(replace(frame, lead_off=0b10)), [[1, np.nan], [8388607, np.nan]])
    assert np.isnan(samples_of(replace(samples(0), lead_off=1))).all()
    assert not np.isnan(samples_of(replace(samples(0), lead_off=0b10))).any(), "bits of leads that are not there mean nothing"


def test_requests_are_made_until_they_are_answered() -> None:
    line = Line()
    requests = Requests(line.device, sync_every_s=10)
    decoder = Decoder()

    def asked(now_s: float) -> list[str]:
        return [type(frame).__name__ for frame in decoder.feed(requests.due(round(now_s * 1e9)))]

    assert [asked(at) for at in (0.0, 0.1, 0.5)] == [["Identify"], [], ["Identify"]]
    line.feed(hello("a"))
    assert [asked(at) for at in (0.6, 0.7, 1.1)] == [["Start"], [], ["Start"]]
    line.feed(f.Ack(f.DEVICE, 0, 0, f.Start.TYPE, 4, f.STATUS_DONE))
    assert [asked(at) for at in (1.2, 1.3, 11.1, 11.3)] == [["TimeSync"], [], [], ["TimeSync"]]
    line.device.line_lost(0)
    requests.line_up()
    assert asked(11.4) == ["Identify"]
    requests.line_up()
    assert asked(11.5) == ["Identify"], "a new line has not been asked yet"


def test_a_rate_that_is_asked_for_and_granted_is_another_stream_of_the_name_and_no_broken_word() -> None:
    line, decoder = Line(), Decoder()
    requests = Requests(line.device, sync_every_s=10)

    def asked(now_s: float) -> list[f.Frame]:
        return [frame for frame in decoder.feed(requests.due(round(now_s * 1e9))) if isinstance(frame, f.SetRate | f.Start)]

    line.feed(hello("a"))
    requests.ask(f.SetRate(f.DEVICE, 0, 0, 0, 500_000))
    (wanted,) = asked(0.0)
    assert isinstance(wanted, f.SetRate)
    assert (wanted.about, wanted.rate_millihz) == (0, 500_000)
    assert asked(0.1) == []
    faster = hello("a", replace(ECG, rate_millihz=500_000))
    assert kinds(line.feed(faster)) == ["LOST"], "nobody has granted it"
    (sentence,) = line.sentences()
    assert "hello.streams[0].rate_hz: 500.0 is not 250.0" in sentence
    items = line.feed(f.Ack(f.DEVICE, 0, 0, f.SetRate.TYPE, wanted.sequence, f.STATUS_DONE), faster)
    assert kinds(items) == ["Announced", "OPENED"]
    assert isinstance(items[0], Announced)
    assert items[0].facts.rate_hz == 500.0
    (record,) = (one for one in Reception(EngineConfig()).records(items) if isinstance(one, ConfigChange))
    assert record.config.streams[0].rate_hz == 500.0
    assert [type(frame) for frame in asked(0.6)] == [f.Start]


def test_a_rate_that_is_refused_is_said_and_asked_for_no_more() -> None:
    line, decoder = Line(), Decoder()
    requests = Requests(line.device)
    requests.ask(f.SetRate(f.DEVICE, 0, 0, 0, 333_000))
    line.feed(hello("a"))
    (wanted,) = decoder.feed(requests.due(0))
    assert isinstance(wanted, f.SetRate)
    line.feed(f.Ack(f.DEVICE, 0, 0, f.SetRate.TYPE, wanted.sequence, f.STATUS_REFUSED))
    assert line.sentences() == ["tty: answer to request 0x83: status 2 is not 0, done"]
    assert next(type(frame) for at in range(20) for frame in decoder.feed(requests.due(at * 10**8))) is f.Start
    assert kinds(line.feed(samples(0))) == ["Chunk"], "it goes on at its own"


@pytest.mark.parametrize("says", [hello("a", clock_us=5), f.Clock(f.DEVICE, 0, 0, f.CLOCK_RESTARTED, 0)], ids=["its clock", "its word"])
def test_a_device_that_restarts_behind_a_line_that_stays_up_is_asked_again(says: f.Frame) -> None:
    line, decoder = Line(), Decoder()
    requests = Requests(line.device)
    requests.ask(f.SetRate(f.DEVICE, 0, 0, 0, 250_000))

    def asked(now_s: float) -> list[str]:
        return [type(frame).__name__ for frame in decoder.feed(requests.due(round(now_s * 1e9)))]

    line.feed(hello("a", clock_us=9_000_000))
    assert asked(0.0) == ["Start"]
    line.feed(f.Ack(f.DEVICE, 0, 0, f.Start.TYPE, 1, f.STATUS_DONE), hello("a", clock_us=10_000_000))
    assert [asked(0.1), asked(0.2)] == [["TimeSync"], []]
    line.feed(says)
    assert asked(0.3) == ["Start"], "it is silent until it is asked"


def test_who_does_not_answer_is_asked_ever_more_seldom_where_others_share_the_way() -> None:
    line, decoder = Line(), Decoder()
    requests = Requests(line.device, seldom_ns=SELDOM_NS)
    line.feed(hello("a"))
    times = [at_s for at_s in range(3600) if decoder.feed(requests.due(at_s * 10**9))]
    assert times[:8] == [0, 1, 2, 4, 8, 16, 32, 64]
    assert len(times) == 8 + (3600 - 64) // 64
    line.feed(f.Ack(f.DEVICE, 0, 0, f.Start.TYPE, 4, f.STATUS_DONE))
    assert [type(frame) for frame in decoder.feed(requests.due(3600 * 10**9))] == [f.TimeSync]


def test_twins_are_told_from_loss_and_repetition() -> None:
    alone = Twins()
    lossy = [i for i in range(5000) if i % 7]
    assert not any(alone.are_two(i, i) for i in lossy)
    repeated = Twins()
    assert not any(repeated.are_two(i, i) for i in range(1000) for _ in range(2))
    redelivered = Twins()
    assert not any(redelivered.are_two(i, i) for start in range(0, 1000, 10) for i in range(start, start + 20))
    twins = Twins()
    verdicts = [twins.are_two(start + i, start) for i in range(2 * TURNS) for start in (0, 9000)]
    assert verdicts[-1]
    assert [twins.are_two(100 + i, i) for i in range(FORGET + 2)][-1] is False


def test_a_refusal_is_told_at_1_2_4_8_and_remembered_within_bounds() -> None:
    told: list[Refusal] = []
    refusals = Refusals(told.append)
    for _ in range(100):
        refusals.say("tty: frame", "3 bytes", "intact")
    assert [refusal.times for refusal in told] == [1, 2, 4, 8, 16, 32, 64]
    assert str(told[2]) == "tty: frame: 3 bytes is not intact (4 times)"
    for i in range(1000):
        refusals.say(f"tty{i}", "x", "y")
    assert len(refusals._times) == MAX_REMEMBERED


def test_what_a_stranger_sent_is_shown_harmless() -> None:
    assert shown("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
    assert len(shown("x" * 10**6)) < 120


def test_streams_that_announce_themselves_become_settings_once_and_those_of_other_kinds_are_left_out() -> None:
    facts = {name: StreamFacts(name=name, rate_hz=250) for name in ("a", "b", "p")}
    reception = Reception(EngineConfig(streams=(facts["a"],)))
    chunk = Chunk("p", np.zeros(1), 0)
    items: list[Item] = [
        Announced("a", "ecg", StreamFacts(name="a", rate_hz=500)),
        Announced("b", "ecg", facts["b"]),
        Announced("p", "other", facts["p"]),
        SourceState("b", SourceChange.OPENED, 0),
        chunk,
    ]
    records = reception.records(items)
    assert records == [ConfigChange(EngineConfig(streams=(facts["a"], facts["b"]))), items[3]]
    assert reception.left_out == {"p"}
    assert reception.records([chunk, Announced("b", "ecg", facts["b"])]) == []


def test_streams_that_are_long_gone_are_forgotten_but_for_those_a_person_described_or_that_are_about_to_open() -> None:
    facts = {name: StreamFacts(name=name, rate_hz=250) for name in ("a", "b", "c")}
    reception = Reception(EngineConfig(streams=(facts["a"],)))
    reception.records([Announced("b", "ecg", facts["b"]), SourceState("b", SourceChange.OPENED, 0), Announced("c", "ecg", facts["c"])])
    assert reception.without(["a", "b", "c"]) == [ConfigChange(EngineConfig(streams=(facts["a"], facts["c"])))]
    assert reception.without(["a", "b", "c"]) == []
    assert reception.redescribed(EngineConfig()).config.streams == (facts["c"],)
    assert reception.records([Announced("b", "ecg", facts["b"])])[0] == ConfigChange(EngineConfig(streams=(facts["c"], facts["b"])))


def test_sound_is_configured_with_the_ecg_it_belongs_to_and_left_out_without() -> None:
    ecg = StreamFacts(name="a/ecg", rate_hz=250)
    sound, rival = (StreamFacts(name=name, rate_hz=2000, sound_of="a/ecg") for name in ("a/pcg", "mine"))
    reception = Reception(EngineConfig())
    assert reception.records([Announced("a/pcg", "pcg", sound)]) == [ConfigChange(EngineConfig())]
    assert reception.left_out == {"a/pcg"}
    told = reception.records([Announced("a/ecg", "ecg", ecg), Announced("a/pcg", "pcg", sound), Chunk("a/pcg", np.zeros(1), 0)])
    assert told[0] == ConfigChange(EngineConfig(streams=(ecg, sound)))
    assert len(told) == 2
    assert not reception.left_out
    assert reception.redescribed(EngineConfig(streams=(ecg, rival))).config.streams == (ecg, rival)
    assert reception.left_out == {"a/pcg"}


def test_a_device_of_both_says_which_heart_its_sound_belongs_to() -> None:
    line = Line()
    second = replace(PCG, stream=2, rate_millihz=1_000_000)
    items = line.feed(replace(hello("a"), streams=(PCG, replace(ECG, stream=3), second)))
    facts = {item.stream: (item.kind, item.facts.sound_of) for item in items if isinstance(item, Announced)}
    assert list(facts) == ["a/ecg", "a/pcg", "a/pcg-2"]
    assert facts == {"a/ecg": ("ecg", ""), "a/pcg": ("pcg", "a/ecg"), "a/pcg-2": ("other", "")}
    alone = Line().feed(replace(hello("b"), streams=(PCG,)))
    assert [(item.kind, item.facts.sound_of) for item in alone if isinstance(item, Announced)] == [("other", "")]
