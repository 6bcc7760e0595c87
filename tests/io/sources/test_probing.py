"""What is at the end of a line: the C device, a maker's board that is spoken to, silence, and noise."""

import json
import os
import random
import subprocess
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edgeecg.cli import main
from edgeecg.errors import InputError
from edgeecg.io.sources.probing import Found, Probe, probe_port
from edgeecg.io.sources.serial import SerialSettings
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, encode
from tests.io.sources.listening import PATIENCE_S
from tests.io.sources.publishing import hello, samples
from tests.waiting import line_from
from tests.wire.conftest import make, need
from tests.wire.foreign import FORMATS

Answer = Callable[[bytes], bytes]


def probed(answers: Answer, sends: Callable[[int], bytes], seconds: float = 8.0) -> tuple[Probe, list[bytes]]:
    """Probe a line in time of its own, a millisecond a step; `sends(ms)` is what comes unasked."""
    probe = Probe("tty")
    written: list[bytes] = []
    coming = b""
    for ms in range(round(seconds * 1000)):
        asked = probe.due(ms * 1_000_000)
        if asked:
            written.append(asked)
            coming += answers(asked)
        coming += sends(ms)
        if coming:
            probe.feed(coming, ms * 1_000_000)
            coming = b""
    return probe, written


def nothing(_: object) -> bytes:
    return b""


class OwnBoard:
    """Silent until asked."""

    def __init__(self) -> None:
        self.sends = False

    def answer(self, asked: bytes) -> bytes:
        said = b""
        for request in Decoder().feed(asked):
            if isinstance(request, f.Identify):
                said += encode(hello("b-1"))
            elif isinstance(request, f.Start):
                self.sends = True
                said += encode(f.Ack(f.DEVICE, 0, 0, request.TYPE, request.sequence, f.STATUS_DONE))
        return said

    def send(self, ms: int) -> bytes:
        return encode(samples(ms // 100)) if self.sends and ms % 100 == 0 else b""


def test_a_silent_device_of_ours_is_woken_judged_and_put_back_to_sleep() -> None:
    board = OwnBoard()
    probe, _ = probed(board.answer, board.send)
    found = probe.found()
    assert (found.format, found.device, found.integrity, found.refused) == ("edgeecg", "b-1", "crc-32", 0)
    (stream,) = found.streams
    assert (stream.name, stream.kind, stream.rate_hz, stream.rate_measured_hz, stream.leads) == ("b-1/ecg", "ecg", 250.0, 250.0, ("I",))
    assert stream.samples >= 250 * 6
    (goodbye,) = Decoder().feed(probe.goodbye())
    assert isinstance(goodbye, f.Stop)


def test_a_device_that_speaks_by_itself_is_left_speaking() -> None:
    board = OwnBoard()
    board.sends = True
    probe, written = probed(board.answer, lambda ms: (encode(hello("b-1")) if ms == 100 else b"") + board.send(ms))
    assert probe.found().device == "b-1"
    assert written
    assert probe.goodbye() == b""


def test_a_board_that_waits_for_its_makers_word_is_asked_for_it() -> None:
    made = next(one for one in FORMATS if one.adapter == "chords-6")
    rng, state = random.Random(1), {"sends": False}

    def answer(asked: bytes) -> bytes:
        state["sends"] = state["sends"] or b"START\n" in asked
        return b""

    probe, written = probed(answer, lambda ms: made.frame(ms // 4, rng)[0] if state["sends"] and ms % 4 == 0 else b"", 12.0)
    found = probe.found()
    assert (found.format, found.integrity) == ("chords-6", "none")
    assert found.streams[0].rate_hz == 250.0
    assert found.streams[0].estimated == ("rate_hz", "mv_per_unit")
    assert probe.goodbye() == b"STOP\n"
    assert len(written) >= 2


def test_silence_and_noise_are_refused_with_a_sentence() -> None:
    with pytest.raises(InputError, match=r"^tty: silent is not a line on which something is sent"):
        probed(nothing, nothing)[0].found()
    rng = random.Random(2)
    with pytest.raises(InputError, match=r"^tty: \d+ bytes in no format that is known: \d+ bytes that begin .* is not ours"):
        probed(nothing, lambda ms: rng.randbytes(20) if ms % 10 == 0 else b"")[0].found()


@pytest.mark.parametrize("off_until_ms", [5000, 10_000])
def test_a_lead_that_is_off_is_seen(off_until_ms: int) -> None:
    def sends(ms: int) -> bytes:
        return (
            b"".join(b"!\n" if off_until_ms - 2000 < ms < off_until_ms else b"%d\n" % (500 + ms % 50) for _ in range(2))
            if ms % 8 == 0
            else b""
        )

    lead = probed(nothing, sends, 10.0)[0].found().streams[0].quality[0]
    assert "invalid" in lead.troubles
    assert 0.5 < lead.clean_share < 0.85


@contextmanager
def device_in_c(folder: Path, *options: str) -> Iterator[Path]:
    need("make", "cc")
    made = make(folder / "c", "device")
    assert made.returncode == 0, made.stderr
    link = folder / "tty"
    with subprocess.Popen([str(folder / "c" / "edgeecg-device"), "--link", str(link), *options], stdout=subprocess.PIPE) as device:
        try:
            line_from(device.stdout)  # the pty is there
            yield link
        finally:
            device.terminate()
            device.wait(PATIENCE_S)


class ClockOfWhatComes:
    """Ours, but it waits for who is late: after seven seconds without a first word, and after half of one between two."""

    def __init__(self) -> None:
        self._passed_ns, self._last_ns, self._most_ns = 0, time.monotonic_ns(), 7 * 10**9

    def now_ns(self) -> int:
        return self._passed_ns + min(time.monotonic_ns() - self._last_ns, self._most_ns)

    def came(self) -> None:
        self._passed_ns, self._last_ns, self._most_ns = self.now_ns(), time.monotonic_ns(), 5 * 10**8


def test_the_device_in_c_is_told_for_people_and_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard_once, clock, plain_feed = list[Found](), ClockOfWhatComes(), Probe.feed

    def probed_once(port: str, **asked: Any) -> Found:
        if not heard_once:
            heard_once.append(probe_port(port, clock_ns=clock.now_ns, **asked))
        return heard_once[0]

    def feed(probe: Probe, data: bytes, arrival_ns: int) -> None:
        clock.came()
        plain_feed(probe, data, arrival_ns)

    monkeypatch.setattr(Probe, "feed", feed)
    monkeypatch.setattr("edgeecg.cli.probe.probe_port", probed_once)
    with device_in_c(tmp_path, "--id", "c-1", "--heart-bpm", "120", "--frame", "10") as link:
        assert main(["probe", str(link), "--seconds", "6"]) == 0
        told = capsys.readouterr().out
        assert main(["probe", str(link), "--seconds", "6", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
    assert f"{link}: edgeecg, device c-1, at 115200 baud\n" in told
    assert "integrity    crc-32\n" in told
    assert "ecg          c-1/ecg: 250 Hz, " in told
    assert (found["format"], found["baud"], found["sentences"], found["streams"][0]["rate_hz"]) == ("edgeecg", 115200, [], 250.0)
    assert found["streams"][0]["quality"][0]["heart_rate"] == pytest.approx(120, rel=0.1)


def test_a_port_that_is_pulled_out_as_it_is_set_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise termios.error(5, "Input/output error")

    master, slave = os.openpty()
    port = os.ttyname(slave)
    monkeypatch.setattr("termios.tcsetattr", gone)
    with pytest.raises(InputError, match=r"Input/output error.* is not a serial port that can be opened and read"):
        probe_port(port, seconds=1, settings=SerialSettings(port=port))
    os.close(master)
    os.close(slave)


def test_a_port_that_is_none_is_refused(tmp_path: Path) -> None:
    port = str(tmp_path / "none")
    with pytest.raises(InputError, match=r"none: .*No such file.* is not a serial port that can be opened and read"):
        probe_port(port, seconds=6, settings=SerialSettings(port=port))


class LineAtOneSpeed:
    """The far end of a pty: who sets another speed than `baud` hears noise there, as on a wire."""

    def __init__(self, baud: int, sends: Callable[[int], bytes]) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port, self.heard_at = os.ttyname(self._slave), list[int]()
        self._speed, self._sends, self._rng = getattr(termios, f"B{baud}"), sends, random.Random(3)
        self._now_ns = 0

    def clock_ns(self) -> int:
        """Pass 0.1 s at each look, and send what is due: the time of the test is its own."""
        self._now_ns += 100_000_000
        data = self._sends(self._now_ns // 1_000_000)
        speed = termios.tcgetattr(self._slave)[4]
        if data:
            os.write(self._master, data if speed == self._speed else self._rng.randbytes(len(data)))
        return self._now_ns

    def close(self) -> None:
        os.close(self._slave)
        os.close(self._master)


def test_the_usual_speeds_are_tried_and_it_is_said_which_one_spoke() -> None:
    def sends(ms: int) -> bytes:
        return encode(hello("b-1", clock_us=1000 * ms)) * (ms % 1000 == 0) + encode(samples(ms // 100))

    line, told = LineAtOneSpeed(57600, sends), list[str]()
    try:
        found = probe_port(line.port, seconds=6, settings=SerialSettings(port=line.port), clock_ns=line.clock_ns, tell=told.append)
    finally:
        line.close()
    assert (found.baud, found.format, found.device) == (57600, "edgeecg", "b-1")
    assert [sentence.split(" ", maxsplit=1)[0] for sentence in told] == ["115200", "230400"]
    assert all("bytes in no format that is known" in sentence for sentence in told)


def test_a_line_that_is_known_at_no_usual_speed_is_refused_with_all_that_were_tried() -> None:
    line = LineAtOneSpeed(300, lambda _: b"x" * 20)
    try:
        with pytest.raises(InputError, match=r"bytes in no format .* at 115200, 230400, 57600, 9600, .* baud is not a line on which"):
            probe_port(line.port, seconds=6, settings=SerialSettings(port=line.port), clock_ns=line.clock_ns)
    finally:
        line.close()


def test_a_line_that_breaks_off_is_refused() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    port = os.ttyname(slave)
    os.write(master, b"x")
    ends = iter([*[0] * 12, 1])

    def clock_ns() -> int:
        if next(ends, 0):
            os.close(master)
        return 0

    try:
        with pytest.raises(InputError, match=r"is not a serial port that can be opened and read"):
            probe_port(port, seconds=6, settings=SerialSettings(port=port), clock_ns=clock_ns)
    finally:
        os.close(slave)
