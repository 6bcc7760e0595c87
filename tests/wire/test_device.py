"""`edgeecg-device`: a device under test that no Python wrote, built with the sanitizers."""

import os
import select
import struct
import subprocess
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, Result, encode
from tests.waiting import line_from

PATIENCE_S = 20.0


def streamed(build: Path, *options: str, requests: bytes = b"") -> list[Result]:
    """Everything a device says over stdout, in virtual time, to requests that wait for it when it wakes."""
    asked = build / "requests"
    asked.write_bytes(requests)
    with asked.open("rb") as stdin:
        command = [str(build / "san" / "edgeecg-device"), "--stdout", "--virtual-time", *options]
        done = subprocess.run(command, stdin=stdin, capture_output=True, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, b"")
    return Decoder().feed(done.stdout)


def of_stream(results: list[Result], stream: int) -> list[f.Samples]:
    return [result for result in results if isinstance(result, f.Samples) and result.stream == stream]


def values_of(many: list[f.Samples]) -> list[int]:
    return [value for frame in many for (value,) in struct.iter_unpack("<h", frame.data)]


def test_it_says_hello_then_streams_without_a_gap(c_build: Path) -> None:
    results = streamed(c_build, "--start", "--seconds", "25", "--pcg", "--id", "belt-7")
    hello = results[0]
    assert isinstance(hello, f.Hello)
    assert (hello.device_id, [stream.kind for stream in hello.streams]) == ("belt-7", [f.KIND_ECG, f.KIND_PCG])
    assert {type(result) for result in results} == {f.Hello, f.Samples}
    assert sum(isinstance(result, f.Hello) for result in results) == 3
    ecg, pcg = of_stream(results, 0), of_stream(results, 1)
    assert [frame.sequence for frame in ecg] == list(range(250))
    assert [frame.clock_us for frame in ecg] == [100_000 * i for i in range(250)]
    assert [frame.clock_us for frame in pcg] == [100_000 * i for i in range(250)]
    assert {frame.dropped for frame in ecg + pcg} == {0}
    ecg_uv = values_of(ecg)
    beats = sum(1 for before, after in pairwise(ecg_uv) if before < 600 <= after)
    assert 28 <= beats <= 30, "25 s at 70 beats a minute"


def test_it_is_silent_until_asked_and_after(c_build: Path) -> None:
    asked = encode(f.Start(f.DEVICE, 0, 0, 1)) + encode(f.Stop(f.DEVICE, 1, 0, 255))
    assert [type(result) for result in streamed(c_build, "--seconds", "5")] == [f.Hello]
    assert [type(result) for result in streamed(c_build, "--seconds", "5", requests=asked)] == [f.Ack, f.Ack, f.Hello]


def test_it_obeys_start_of_one_stream_and_set_rate(c_build: Path) -> None:
    asked = encode(f.Start(f.DEVICE, 0, 0, 1)) + encode(f.SetRate(f.DEVICE, 1, 0, 0, 500_000)) + encode(f.SetRate(f.DEVICE, 2, 0, 1, 1000))
    results = streamed(c_build, "--seconds", "3", "--pcg", requests=asked)
    acks = [(ack.request, ack.status) for ack in results if isinstance(ack, f.Ack)]
    assert acks == [(0, f.STATUS_DONE), (1, f.STATUS_DONE), (2, f.STATUS_REFUSED)]
    assert [hello.streams[0].rate_millihz for hello in results if isinstance(hello, f.Hello)] == [500_000]
    ecg = of_stream(results, 0)
    assert of_stream(results, 1) == []
    assert {frame.rate_millihz for frame in ecg} == {500_000}
    assert {after.clock_us - before.clock_us for before, after in pairwise(ecg)} == {50_000}


def test_it_answers_time_sync_with_the_times_it_read_and_wrote(c_build: Path) -> None:
    results = streamed(
        c_build, "--seconds", "1", "--clock-start-us", "5000000", requests=encode(f.TimeSync(f.DEVICE, 77, 1_700_000_000_000_000))
    )
    (reply,) = [result for result in results if isinstance(result, f.TimeReply)]
    assert (reply.request, reply.host_us) == (77, 1_700_000_000_000_000)
    assert 5_000_000 <= reply.received_us <= reply.clock_us


def test_its_clock_wraps_where_it_says(c_build: Path) -> None:
    results = streamed(c_build, "--start", "--seconds", "2", "--clock-bits", "32", "--clock-start-us", str(2**32 - 1_000_000))
    ecg = of_stream(results, 0)
    assert [frame.clock_us for frame in ecg] == [(2**32 - 1_000_000 + 100_000 * i) % 2**32 for i in range(20)]


def test_it_streams_a_recording_value_for_value(c_build: Path, tmp_path: Path) -> None:
    recording = tmp_path / "samples.txt"
    values = [(i * 7919) % 65536 - 32768 for i in range(2000)]
    recording.write_text("\n".join(map(str, values)), encoding="ascii")
    results = streamed(c_build, "--start", "--file", str(recording), "--leads", "2", "--frame", "50")
    assert values_of(of_stream(results, 0)) == values
    refused = streamed(c_build, "--file", str(recording), "--seconds", "1", requests=encode(f.SetRate(f.DEVICE, 0, 0, 0, 500_000)))
    assert [result.status for result in refused if isinstance(result, f.Ack)] == [f.STATUS_REFUSED]


def test_a_lead_that_comes_off_is_told_twice_over(c_build: Path) -> None:
    results = streamed(c_build, "--start", "--seconds", "5", "--lead-off-at", "1.05")
    assert [event.leads_off for event in results if isinstance(event, f.LeadOff)] == [1, 0]
    marked = [frame.clock_us // 100_000 for frame in of_stream(results, 0) if frame.lead_off]
    assert marked == list(range(10, 31))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--rate", "0"], "--rate: 0 is not in 1..2000"),
        (["--bits", "20"], "--bits: 20 is not 16 or 24"),
        (["--frame", "200", "--leads", "8"], "--frame: 200 samples of 8 leads do not fit a frame"),
        (["--speed", "2"], "--speed: no such option"),
    ],
)
def test_a_bad_option_is_refused_with_a_sentence(c_build: Path, options: list[str], sentence: str) -> None:
    done = subprocess.run([c_build / "san" / "edgeecg-device", *options], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert f"edgeecg-device: {sentence}" in done.stderr


class Host:
    """The other end of a pty."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._decoder = Decoder()

    def ask(self, frame: f.Frame) -> None:
        os.write(self._fd, encode(frame))

    def results(self) -> Iterator[Result]:
        while select.select([self._fd], [], [], PATIENCE_S)[0]:
            yield from self._decoder.feed(os.read(self._fd, 4096))
        pytest.fail(f"the device said nothing for {PATIENCE_S} s")

    def until(self, kind: type[f.Frame]) -> f.Frame:
        return next(result for result in self.results() if isinstance(result, kind))


@contextmanager
def device_on_a_pty(build: Path, *options: str) -> Iterator[tuple[Host, "subprocess.Popen[str]"]]:
    command = [str(build / "san" / "edgeecg-device"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as device:
        try:
            fd = os.open(line_from(device.stdout), os.O_RDWR | os.O_NOCTTY)
            tty.setraw(fd)
            try:
                yield Host(fd), device
            finally:
                os.close(fd)
        finally:
            device.terminate()
            device.wait(PATIENCE_S)


def test_over_a_pty_it_talks_and_listens_in_real_time(c_build: Path, tmp_path: Path) -> None:
    link = tmp_path / "ttyECG"
    with device_on_a_pty(c_build, "--link", str(link), "--frame", "5") as (host, device):
        assert link.is_symlink()
        host.ask(f.Identify(f.DEVICE, 0, 0))
        host.until(f.Hello)
        host.ask(f.Start(f.DEVICE, 1, 0, 255))
        host.until(f.Ack)
        first, second = (host.until(f.Samples) for _ in range(2))
        assert second.sequence == first.sequence + 1
        assert second.clock_us - first.clock_us == 20_000
        host.ask(f.TimeSync(f.DEVICE, 2, 123))
        reply = host.until(f.TimeReply)
        assert isinstance(reply, f.TimeReply)
        assert reply.host_us == 123
        host.ask(f.Stop(f.DEVICE, 3, 0, 255))
        host.until(f.Ack)
    assert device.returncode == 0
    assert not link.exists()


def test_a_host_that_comes_back_finds_the_device_still_there(c_build: Path, tmp_path: Path) -> None:
    link = tmp_path / "ttyECG"
    with device_on_a_pty(c_build, "--start", "--link", str(link)) as (host, _):
        before = host.until(f.Samples)
        again = os.open(link, os.O_RDWR | os.O_NOCTTY)
        after = Host(again).until(f.Samples)
        os.close(again)
    assert after.clock_us > before.clock_us
