"""Serial ports over ptys: a device that is pulled out and put back, one that changes its mind, two of one name, and one in C."""

import os
import subprocess
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edgeecg.errors import ConfigError
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.foreign import Foreign
from edgeecg.io.sources.intake import Intake
from edgeecg.io.sources.items import Announced, ClockAnswer, Line, Refusal
from edgeecg.io.sources.line import speech
from edgeecg.io.sources.queue import DroppingQueue
from edgeecg.io.sources.refusals import Refusals
from edgeecg.io.sources.serial import SerialSettings, SerialSource
from edgeecg.types import Beat, Chunk, Gap, GapReason, Refused, SourceChange, SourceState, StreamChange, StreamChanged
from edgeecg_wire import frames as f
from tests.client.listener import until
from tests.io.sources.listening import PATIENCE_S, Listener
from tests.io.sources.pty_device import ECG, PtyDevice
from tests.wire.conftest import make, need

EPOCH = 77


@contextmanager
def source_at(link: Path, claims: Claims | None = None, format_name: str = "auto", **more: Any) -> Iterator[Listener]:
    settings = SerialSettings(port=str(link), format=format_name, **more)
    source = SerialSource(settings, epoch=EPOCH, claims=claims or Claims(), fraction=lambda: 0.5)
    listener = Listener(source.queue)
    source.start()
    try:
        yield listener
    finally:
        source.stop()
    listener.step(0)


def has(kind: type, n: int = 1, change: SourceChange | None = None) -> Callable[[Listener], bool]:
    def holds(listener: Listener) -> bool:
        found = listener.of(kind)
        return len([item for item in found if change is None or getattr(item, "change", None) == change]) >= n

    return holds


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def states(listener: Listener) -> list[SourceChange]:
    return [item.change for item in listener.items if isinstance(item, SourceState)]


def test_a_device_is_asked_who_it_is_told_to_begin_and_heard(tmp_path: Path) -> None:
    device = PtyDevice(tmp_path / "tty")
    with device.running():
        with source_at(tmp_path / "tty") as listener:
            listener.until(has(Chunk, 3), "three chunks")
            listener.until(lambda all_: any(isinstance(notice, ClockAnswer) for notice in all_.notices), "the device's clock")
        until(lambda: device.requests[-1] == f.Stop.TYPE, "a source that stops letting the device cease")
    announced, opened, first = listener.items[:3]
    assert isinstance(announced, Announced)
    assert (announced.stream, announced.kind, announced.estimated) == ("belt-7/ecg", "ecg", ())
    facts = announced.facts
    assert (facts.rate_hz, facts.leads, facts.sequence_bits, facts.device_clock_bits) == (250.0, ("I",), 16, 64)
    assert facts.mv_per_unit == pytest.approx(0.001)
    assert isinstance(opened, SourceState)
    assert (opened.change, opened.epoch) == (SourceChange.OPENED, EPOCH)
    assert isinstance(first, Chunk)
    chunks = [item for item in listener.items if isinstance(item, Chunk)]
    assert [chunk.sequence for chunk in chunks] == list(range(first.sequence, first.sequence + len(chunks)))
    assert {after.device_us - before.device_us for before, after in pairwise(chunks)} == {100_000}
    answer = next(notice for notice in listener.notices if isinstance(notice, ClockAnswer))
    assert abs((answer.host_ns - device._born_ns) / 1000 - answer.device_us) <= answer.uncertain_ns / 1000 + 1
    assert not [event for event in listener.events if isinstance(event, Refused)]


def test_a_port_that_is_not_there_yet_is_found_when_it_comes(tmp_path: Path) -> None:
    device = PtyDevice(tmp_path / "tty")
    with device.running(plugged=False), source_at(tmp_path / "tty") as listener:
        listener.until(lambda all_: all_.notices, "word that there is no port")
        down = listener.notices[0]
        assert isinstance(down, Line)
        assert not down.is_up
        assert str(tmp_path / "tty") in down.why
        device.plug()
        listener.until(has(Chunk), "a chunk")


def test_twenty_times_unplugged_it_is_the_same_stream_with_twenty_gaps_and_no_descriptor_is_left(tmp_path: Path) -> None:
    cycles = 20
    device = PtyDevice(tmp_path / "tty", frame_len=5)
    with device.running(), source_at(tmp_path / "tty", format_name="edgeecg") as listener:
        listener.until(has(Chunk, 2), "a chunk before the first cycle")
        before = open_descriptors()
        for cycle in range(1, cycles + 1):
            device.unplug()
            listener.until(has(SourceState, cycle, SourceChange.LOST), f"loss {cycle}")
            device.plug()
            seen = len(listener.of(Chunk))
            listener.until(has(Chunk, seen + 2), f"chunks after replug {cycle}")
        after = open_descriptors()
    assert after == before
    assert len({item.facts for item in listener.of(Announced) if isinstance(item, Announced)}) == 1
    assert states(listener) == [SourceChange.OPENED, *[SourceChange.LOST, SourceChange.OPENED] * cycles, SourceChange.LOST]
    gaps = [event for event in listener.events if isinstance(event, Gap)]
    assert [gap.reason for gap in gaps] == [GapReason.REOPENED] * cycles
    chunks = [item for item in listener.items if isinstance(item, Chunk)]
    true_len = (chunks[-1].device_us - chunks[0].device_us) // 4000 + 5
    assert sum(gap.len_samples for gap in gaps) + sum(len(chunk.samples) for chunk in chunks) == pytest.approx(true_len, abs=2 * cycles)


def test_another_device_at_the_same_port_is_another_stream(tmp_path: Path) -> None:
    device = PtyDevice(tmp_path / "tty")
    with device.running(), source_at(tmp_path / "tty") as listener:
        listener.until(has(Chunk), "a chunk")
        device.unplug()
        listener.until(has(SourceState, 1, SourceChange.LOST), "the loss")
        device.hello = replace(device.hello, device_id="belt-8")
        device.plug()
        listener.until(lambda all_: any(isinstance(item, Chunk) and item.stream == "belt-8/ecg" for item in all_.items), "a chunk")
    assert [item.stream for item in listener.items if isinstance(item, Announced)] == ["belt-7/ecg", "belt-8/ecg"]


def test_a_hello_that_changes_the_rate_is_refused_the_stream_marked_and_taken_back_when_it_returns(tmp_path: Path) -> None:
    link = tmp_path / "tty"
    device = PtyDevice(link)
    with device.running(), source_at(link) as listener:
        listener.until(has(Chunk), "a chunk")
        right = device.hello
        device.change_hello(replace(right, streams=(replace(ECG, rate_millihz=500_000),)))
        listener.until(has(SourceState, 1, SourceChange.LOST), "the mark")
        n_taken = len(listener.of(Chunk))
        assert f"{link}: hello.streams[0].rate_hz: 500.0 is not 250.0, as when belt-7/ecg was first heard" in listener.sentences()
        device.change_hello(right)
        listener.until(has(SourceState, 2, SourceChange.OPENED), "it being taken back")
        listener.until(has(Chunk, n_taken + 2), "its chunks")
    assert any(isinstance(event, StreamChanged) and event.change == StreamChange.LOST for event in listener.events)


def test_a_device_is_asked_for_a_rate_before_it_starts_and_for_another_while_it_runs(tmp_path: Path) -> None:
    link = tmp_path / "tty"
    device, queue = PtyDevice(link), DroppingQueue()
    source = SerialSource(SerialSettings(port=str(link), format="edgeecg", ask_rate_hz=500.0), epoch=1, claims=Claims(), queue=queue)
    listener = Listener(queue)
    with device.running():
        source.start()
        listener.until(has(Chunk), "a chunk")
        assert device.requests.index(f.SetRate.TYPE) < device.requests.index(f.Start.TYPE)
        source.set_rate(125.0)
        listener.until(lambda all_: len(all_.of(Announced)) == 3, "the stream at another rate")
        n_taken = len(listener.of(Chunk))
        listener.until(has(Chunk, n_taken + 2), "its chunks")
        source.set_rate(333.0)
        listener.until(lambda all_: any("0x83" in sentence for sentence in all_.sentences()), "the refusal")
        source.stop()
    assert [item.facts.rate_hz for item in listener.items if isinstance(item, Announced)] == [250.0, 500.0, 125.0]


def test_a_maker_s_device_cannot_be_asked_and_a_rate_must_be_sayable() -> None:
    told: list[Refusal] = []
    intake = Intake("tty", 0, Claims(), Refusals(told.append), lambda _notice: None)
    line = speech(intake, Foreign(stream="s", format="cyton", rate_hz=None, mv_per_unit=None, offset_units=0.0, leads=()))
    line.ask(f.SetRate(f.DEVICE, 0, 0, 0, 250_000))
    assert [str(refusal) for refusal in told] == ["tty: request: set_rate is not what a device that speaks cyton can be asked"]
    with pytest.raises(ConfigError, match=r"serial tty: ask_rate_hz: 0\.0 is not 0\.001 to 100000"):
        SerialSettings(port="tty", ask_rate_hz=0.0)


def test_of_two_devices_with_one_id_the_second_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    claims = Claims()
    first, second = PtyDevice(tmp_path / "tty1"), PtyDevice(tmp_path / "tty2")
    with first.running(), source_at(tmp_path / "tty1", claims) as one:
        one.until(has(Chunk), "the first's chunk")
        with second.running(), source_at(tmp_path / "tty2", claims) as two:
            two.until(lambda all_: any(isinstance(notice, Refusal) for notice in all_.notices), "the refusal")
            seen = len(one.of(Chunk))
            one.until(has(Chunk, seen + 3), "the first going on")
            two.step(0)
            refused = f"{tmp_path / 'tty2'}: hello.device_id: 'belt-7' is not free: {tmp_path / 'tty1'} has a device of that id"
            assert refused in two.sentences()
            assert two.items == []
            first.unplug()
            two.until(has(Chunk), "the second being taken once the first is gone")


def test_damage_on_the_line_is_said_and_costs_one_frame(tmp_path: Path) -> None:
    device = PtyDevice(tmp_path / "tty")
    with device.running(), source_at(tmp_path / "tty") as listener:
        listener.until(has(Chunk, 2), "chunks")
        device.say(b"\x05noise\x00")
        listener.until(lambda all_: any("damaged" in sentence for sentence in all_.sentences()), "the sentence")
        seen = len(listener.of(Chunk))
        listener.until(has(Chunk, seen + 2), "more chunks")
    assert f"{tmp_path / 'tty'}: frame: 6 bytes, damaged (cobs) is not intact" in listener.sentences()
    assert len([event for event in listener.events if isinstance(event, Gap)]) == 0


def test_a_port_that_comes_and_goes_without_a_word_is_told_each_time(tmp_path: Path) -> None:
    link = tmp_path / "tty"
    with source_at(link) as listener:
        listener.until(lambda all_: all_.notices, "that there is no port")
        for n in (1, 2):
            master, slave = os.openpty()
            tty.setraw(slave)
            link.symlink_to(os.ttyname(slave))
            listener.until(lambda all_, n=n: sum(isinstance(one, Line) and one.is_up for one in all_.notices) == n, "the port")  # type: ignore[misc]
            link.unlink()
            os.close(slave)
            os.close(master)
            listener.until(lambda all_, n=n: len(all_.notices) == 1 + 2 * n, "its loss")  # type: ignore[misc]
    assert [notice.is_up for notice in listener.notices if isinstance(notice, Line)] == [False, True, False, True, False]


def test_a_port_somebody_else_has_is_said_and_tried_again(tmp_path: Path) -> None:
    device = PtyDevice(tmp_path / "tty")
    with device.running(), source_at(tmp_path / "tty") as first:
        first.until(has(Chunk), "a chunk")
        with source_at(tmp_path / "tty") as second:
            second.until(lambda all_: all_.notices, "the refusal")
            assert isinstance(second.notices[0], Line)
            assert "exclusively lock" in second.notices[0].why


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("termios.tcsetattr", termios.error(5, "Input/output error")),  # pulled out while it is set up
        ("serial.Serial._set_special_baudrate", ValueError("Failed to set custom baud rate (12345)")),
    ],
)
def test_a_port_that_cannot_be_set_up_is_said_and_tried_again(
    place: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error

    device = PtyDevice(tmp_path / "tty")
    with device.running(), monkeypatch.context() as harmed:
        harmed.setattr(place, fails)
        with source_at(tmp_path / "tty", baud=12345) as listener:
            listener.until(lambda all_: all_.notices, "the reason")
            assert isinstance(listener.notices[0], Line)
            assert str(error) in listener.notices[0].why
            harmed.undo()
            listener.until(has(Chunk), "a chunk, once it can be")


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"serial /dev/ttyUSB0: format: 'morse' is not one of auto, edgeecg, healthypi-4"):
        SerialSettings(port="/dev/ttyUSB0", format="morse")


def test_the_device_in_c_takes_another_rate_and_is_heard_through_to_its_beats(tmp_path: Path) -> None:
    need("make", "cc")
    made = make(tmp_path / "c", "device")
    assert made.returncode == 0, made.stderr
    link = tmp_path / "tty"
    command = [str(tmp_path / "c" / "edgeecg-device"), "--link", str(link), "--frame", "10", "--id", "c-1", "--heart-bpm", "150", "--pcg"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as device, source_at(link, ask_rate_hz=500.0) as listener:
        try:
            listener.until(lambda all_: sum(isinstance(event, Beat) for event in all_.events) >= 5, "five beats")
        finally:
            device.terminate()
            device.wait(PATIENCE_S)
    assert [(item.stream, item.kind, item.facts.rate_hz) for item in listener.items if isinstance(item, Announced)] == [
        ("c-1/ecg", "ecg", 250.0),
        ("c-1/pcg", "pcg", 2000.0),
        ("c-1/ecg", "ecg", 500.0),
    ]
    assert {event.stream for event in listener.events if isinstance(event, Beat)} == {"c-1/ecg"}
    assert not [event for event in listener.events if isinstance(event, Refused)]
