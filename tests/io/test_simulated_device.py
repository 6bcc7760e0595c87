"""The simulated device speaks our protocol: what a host decodes is what the heart gave."""

import os

import numpy as np
import pytest

from edgeecg.io.device import HELLO_EVERY_S, MAX_COUNT, SimulatedDevice
from edgeecg.io.ptyline import PtyLine
from edgeecg.simulate.converter import ecg_counts, pcg_counts
from edgeecg.simulate.device import Packet, Trouble, packets
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, encode

SETUP = Setup(scenario=NAMED["lead-off"], pcg_rate_hz=1000.0)


def decoded(data: bytes) -> list[object]:
    return list(Decoder().feed(data))


def sent(trouble: Trouble | None = None, *, setup: Setup = SETUP, seconds: float = 30.0) -> list[object]:
    made = packets(Simulation(setup), n_samples=round(seconds * setup.rate_hz), trouble=trouble)
    return decoded(b"".join(data for _, data in SimulatedDevice(setup, trouble=trouble).frames(made)))


def test_a_host_decodes_what_the_heart_gave() -> None:
    seen = sent()
    block = next(Simulation(SETUP).blocks(30 * 250))
    assert block.pcg is not None
    for stream, expected in ((0, ecg_counts(block.ecg_mv)), (1, pcg_counts(block.pcg))):
        frames = [frame for frame in seen if isinstance(frame, f.Samples) and frame.stream == stream]
        np.testing.assert_array_equal(np.concatenate([np.frombuffer(frame.data, "<i2") for frame in frames]), expected)
        assert [frame.sequence for frame in frames] == list(range(len(frames)))
    assert all(isinstance(frame, f.Samples | f.Hello) for frame in seen)
    assert {frame.clock_us >= 20_000_000 for frame in seen if isinstance(frame, f.Samples) and frame.lead_off} == {True}


def test_it_says_who_it_is_first_and_often_enough() -> None:
    seen = sent()
    hello = seen[0]
    assert isinstance(hello, f.Hello)
    assert [(stream.kind, stream.rate_millihz) for stream in hello.streams] == [(f.KIND_ECG, 250_000), (f.KIND_PCG, 1_000_000)]
    assert hello.streams[0].scale_pico * 1000 == 10**9  # a thousand counts are a millivolt
    clocks = [frame.clock_us for frame in seen if isinstance(frame, f.Hello)]
    assert np.diff(clocks).max() <= (HELLO_EVERY_S + 0.1) * 1e6


def test_a_restart_is_said() -> None:
    seen = sent(Trouble(restarts_s=(10.0,), clock_bits=32))
    at = next(i for i, frame in enumerate(seen) if isinstance(frame, f.Clock))
    clock, hello, first = seen[at : at + 3]
    assert isinstance(clock, f.Clock)
    assert clock.reason == f.CLOCK_RESTARTED
    assert isinstance(hello, f.Hello)
    assert hello.clock_bits == 32
    assert isinstance(first, f.Samples)
    assert (first.sequence, first.clock_us) == (0, 0)


def test_it_answers_what_it_is_asked() -> None:
    device = SimulatedDevice(SETUP)
    asked = b"".join(
        encode(request)
        for request in (
            f.Identify(255, 0, 5),
            f.TimeSync(255, 1, 99),
            f.Start(255, 2, 5, 255),
            f.Stop(255, 3, 5, 255),
            f.SetRate(255, 4, 5, 0, 1000),
        )
    )
    seen = decoded(device.answer(asked[:30]) + device.answer(asked[30:]) + device.answer(b"\x05noise\0"))
    hello, reply, *acks = seen
    assert isinstance(hello, f.Hello)
    assert isinstance(reply, f.TimeReply)
    assert (reply.request, reply.host_us) == (1, 99)
    assert [(ack.request, ack.status) for ack in acks if isinstance(ack, f.Ack)] == [
        (2, f.STATUS_DONE),
        (3, f.STATUS_DONE),
        (4, f.STATUS_REFUSED),
    ]


def test_it_ceases_when_it_is_told_and_begins_again_where_its_heart_is_by_then() -> None:
    device = SimulatedDevice(SETUP)
    sending = device.frames(packets(Simulation(SETUP), n_samples=30 * 250))

    def numbers(n: int) -> list[tuple[int, int]]:
        seen = decoded(b"".join(next(sending).data for _ in range(n)))
        return [(frame.stream, frame.sequence) for frame in seen if isinstance(frame, f.Samples)]

    assert numbers(9) == [(stream, i) for i in range(4) for stream in (0, 1)]
    device.answer(encode(f.Stop(255, 0, 0, 0b10)))
    assert numbers(4) == [(0, i) for i in range(4, 8)]
    device.answer(encode(f.Stop(255, 1, 0, 255)))
    assert numbers(1) == [], "the next it says is its hello"
    device.answer(encode(f.Start(255, 2, 0, 255)))
    assert numbers(2) == [(0, 50), (1, 50)]
    assert device.n_withheld == 4 + 2 * 42


@pytest.mark.parametrize("count", [1, MAX_COUNT])
def test_a_frame_holds_what_it_is_said_to(count: int) -> None:
    packet = Packet(0.0, 0, 0, 0, np.full(count, -1, np.int16), 250.0, lead_off=False, boot=0, first_sample=0)
    _, (_, data) = SimulatedDevice(SETUP).frames([packet])
    (frame,) = decoded(data)
    assert isinstance(frame, f.Samples)
    assert frame.count == count


def test_a_host_that_does_not_read_loses_whole_frames() -> None:
    line = PtyLine()
    port = os.open(line.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        made = SimulatedDevice(SETUP).frames(packets(Simulation(SETUP), n_samples=250 * 120))
        seen: list[object] = []
        decoder = Decoder()
        for i, (_, data) in enumerate(made):
            line.send(data)
            if i > 1500:
                seen += decoder.feed(os.read(port, 1 << 16))
        os.write(port, encode(f.Identify(255, 0, 0)))
        assert decoded(line.received()) == [f.Identify(255, 0, 0)]
        assert line.received() == b""
        assert line.n_overrun > 500
        assert all(isinstance(frame, f.Samples | f.Hello) for frame in seen)
        assert len(seen) > 800
    finally:
        os.close(port)
        line.close()
