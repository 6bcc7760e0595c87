"""Many frames in one read are fewer chunks and nothing else: the same samples, stamps, sentences and events as frame by frame."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg import encoding
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig
from edgeecg.io.sources import runs
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.intake import RESTART_FRAMES, Intake, Stream
from edgeecg.io.sources.items import Announced, Item, Notice
from edgeecg.io.sources.own import OwnDevice
from edgeecg.io.sources.reception import Reception
from edgeecg.io.sources.refusals import Refusals
from edgeecg.io.sources.runs import MANY_BYTES, Reader, Run, samples_of
from edgeecg.io.sources.scanned import MAX_RUN_VALUES, readings
from edgeecg.io.sources.twins import Twins
from edgeecg.types import Chunk, Event, Record, RefusalReason, Refused, SourceChange, SourceState
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder, Overlong, Result, encode
from edgeecg_wire.damage import KINDS, damage
from tests.io.sources.pty_device import ECG
from tests.io.sources.publishing import hello, samples
from tests.wire.strategies import any_frame, cuts_of, lines

TWO = replace(ECG, stream=1, leads=2, bits=24)
SOUND = replace(ECG, stream=2, kind=f.KIND_PCG, rate_millihz=1_000_000)


class Sender:
    """A device that counts, stamps and sends, and to whom things happen."""

    def __init__(self, seed: int, clock_bits: int, streams: tuple[f.Stream, ...]) -> None:
        self._rng = rng = random.Random(seed)
        self._wave = np.random.default_rng(seed)
        self._hello = replace(hello("belt"), clock_bits=clock_bits, streams=streams)
        self._modulus = 2 ** min(clock_bits, 63)
        self._clock_us = (-3_000_000, 0, 10**9)[seed % 3] % self._modulus  # it comes round, or begins, or is in the midst
        self._sequences = [rng.choice((0, 65500)) for _ in streams]
        self._off = 0

    def line(self, n: int) -> Iterator[bytes]:
        """Give n turns of its streams; every twentieth turn something happens."""
        yield encode(self._hello)
        for _ in range(n):
            happening = self._rng.choice(HAPPENINGS) if self._rng.random() < 0.05 else ""
            for number, stream in enumerate(self._hello.streams):
                yield from self._told(number, stream, happening)
            self._clock_us = (self._clock_us + 100_000 + self._rng.randrange(-20, 20)) % self._modulus

    def _told(self, number: int, stream: f.Stream, happening: str) -> Iterator[bytes]:
        rng, dropped = self._rng, 0
        if happening == "lost":
            self._sequences[number] += rng.randrange(1, 40)
        elif happening == "jump":
            self._clock_us = (self._clock_us + rng.choice((-(10**7), 40_000, 60_000, 10**8))) % self._modulus
        elif happening == "dropped":
            dropped = 25
        elif happening == "off":
            self._off ^= 1
        elif happening == "hello":
            yield encode(replace(self._hello, clock_us=self._clock_us))
        elif happening == "restart":
            self._clock_us, self._sequences[number] = 0, 0
            yield encode(f.Clock(f.DEVICE, 0, 0, f.CLOCK_RESTARTED, 0))
        elif happening == "says":
            yield encode(f.Battery(f.DEVICE, 0, self._clock_us, 50, 0, 3700))
        elif happening == "noise":
            yield rng.randbytes(rng.randrange(1500))
        count = max(1, stream.rate_millihz // 10_000)
        values = self._wave.integers(-2000, 2000, count * stream.leads)
        data = b"".join(int(value).to_bytes(stream.bits // 8, "little", signed=True) for value in values)
        rate = stream.rate_millihz * (2 if happening == "rate" else 1)
        frame = f.Samples(
            stream.stream, self._sequences[number] & 0xFFFF, self._clock_us, rate, stream.leads, stream.bits, self._off, dropped, data
        )
        self._sequences[number] += 1
        wire = encode(frame)
        yield damage(wire, wire[::-1], rng.choice(KINDS), rng) if happening == "harm" else wire
        if happening == "twice":
            yield wire


HAPPENINGS = ("lost", "jump", "dropped", "off", "hello", "restart", "says", "noise", "rate", "harm", "harm", "twice")
ROOMS = {"one lead": (ECG,), "two of 24 bits": (TWO,), "with its sound": (ECG, SOUND), "both": (ECG, TWO)}


def read_by(pieces: Iterable[tuple[bytes, int]], only: str | None = None) -> tuple[list[Item], list[Notice]]:
    notices: list[Notice] = []
    device = OwnDevice(Intake("tty", 6, Claims(), Refusals(notices.append), notices.append), only)
    return [item for data, arrival_ns in pieces for item in device.feed(data, arrival_ns)], notices


def alone(items: Iterable[Any]) -> list[Any]:
    """Each frame a chunk of its own again."""
    apart: list[Any] = []
    for item in items:
        if not isinstance(item, Chunk) or item.frames is None:
            apart.append(item)
            continue
        done = 0
        for n, sequence, device_us, arrival_ns in item.frames.tolist():
            apart.append(Chunk(item.stream, item.samples[done : done + n], arrival_ns, sequence, device_us))
            done += n
        assert done == len(item.samples)
    return apart


def spelled(items: Iterable[Any]) -> list[Any]:
    return [encoding.encode(item) if type(item) in encoding.TAGS.values() else item for item in items]


def heard(items: list[Item]) -> tuple[list[bytes], bytes]:
    """All events of an engine, and its state in the end."""
    engine, records = Engine(EngineConfig()), Reception(EngineConfig()).records(items)
    events = [event for given in engine.feed_many(records) for event in given]
    return [encoding.encode(event) for event in events], engine.snapshot()


@pytest.mark.parametrize("only", [None, "belt"])
@pytest.mark.parametrize("bits", [24, 32, 40, 64])
@pytest.mark.parametrize("room", ROOMS)
def test_runs_are_what_their_frames_are(room: str, bits: int, only: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(3):
        wires = list(Sender(seed, bits, ROOMS[room]).line(300))
        line, rng = b"".join(wires), random.Random(seed)
        cuts = sorted(rng.randrange(len(line)) for _ in range(6))
        pieces = [(line[a:b], 10**9 * b // 400) for a, b in pairwise([0, *cuts, len(line)])]
        monkeypatch.setattr(runs, "MANY_BYTES", MANY_BYTES)
        merged, notices = read_by(pieces, only)
        monkeypatch.setattr(runs, "MANY_BYTES", len(line) + 1)
        single, expected = read_by(pieces, only)
        assert notices == expected
        assert spelled(alone(merged)) == spelled(single)
        if len(ROOMS[room]) == 1:  # streams that take turns give no runs
            fewer = 3 if only is None else 1  # by whom a count is after a jump is found out frame by frame
            assert sum(isinstance(item, Chunk) for item in single) > fewer * sum(isinstance(item, Chunk) for item in merged) > 0
        if seed == 0 and only is None:
            assert heard(merged) == heard(single)


@pytest.mark.parametrize("only", [None, "belt"])
@pytest.mark.parametrize("n", range(1, RESTART_FRAMES + 3))
def test_frames_sent_again_together_are_counted_as_one_by_one(n: int, only: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many and no fewer are believed to be a device that began anew, however they come."""
    honest = b"".join(encode(samples(i)) for i in range(200))
    again = b"".join(encode(samples(i)) for i in range(50, 50 + n))
    pieces = [(encode(hello("belt")) + honest, 10**9), (again, 2 * 10**9)]
    monkeypatch.setattr(runs, "MANY_BYTES", 1)
    merged, notices = read_by(pieces, only)
    monkeypatch.setattr(runs, "MANY_BYTES", 1 << 20)
    single, expected = read_by(pieces, only)
    assert sum(isinstance(item, Chunk) for item in single) == 200 + max(0, n - RESTART_FRAMES + 1)
    assert notices == expected
    assert spelled(alone(merged)) == spelled(single)


@given(lines(), st.data())
def test_the_reader_reads_what_the_decoder_reads(line: bytes, data: st.DataObject) -> None:
    """Whatever comes, however it is cut, in the quick way and in the slow one."""
    expected = Decoder().feed(line)
    for many in (0, 100):
        reader, found = Reader(), list[Result]()
        for piece in data.draw(cuts_of(line)):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(runs, "MANY_BYTES", many)
                for one in reader.feed(piece):
                    found += one.frames() if isinstance(one, Run) else [one]
        assert found == expected


def run_lengths(*frames: f.Frame) -> list[int]:
    return [len(one.table) if isinstance(one, Run) else 0 for one in readings(b"".join(map(encode, frames)))]


BREAKS: dict[str, tuple[Callable[[f.Samples], f.Samples], list[int]]] = {
    "nothing": (lambda frame: frame, [9]),
    "a counter that skips": (lambda frame: replace(frame, sequence=frame.sequence + 1), [4, 1, 4]),
    "another rate": (lambda frame: replace(frame, rate_millihz=125_000), [4, 1, 4]),
    "a lead that is off": (lambda frame: replace(frame, lead_off=1), [4, 1, 4]),
    "samples the device dropped": (lambda frame: replace(frame, dropped=3), [4, 5]),
    "a clock half a frame early": (lambda frame: replace(frame, clock_us=frame.clock_us - 50_000), [9]),
    "a clock more than half a frame early": (lambda frame: replace(frame, clock_us=frame.clock_us - 50_001), [4, 1, 4]),
    "a clock more than half a frame late": (lambda frame: replace(frame, clock_us=frame.clock_us + 50_001), [4, 1, 4]),
    "the latest clock there can be": (lambda frame: replace(frame, clock_us=2**63 - 1), [4, 1, 4]),
    "another stream": (lambda frame: replace(frame, stream=3), [4, 1, 4]),
    "other bits": (lambda frame: replace(frame, bits=24, data=frame.data + bytes(25)), [4, 1, 4]),
    "more leads": (lambda frame: replace(frame, leads=2, data=2 * frame.data), [4, 1, 4]),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_ends_a_run(what: str) -> None:
    change, expected = BREAKS[what]
    assert run_lengths(*(change(samples(i)) if i == 4 else samples(i) for i in range(9))) == expected


def test_a_hello_ends_a_run_and_so_does_what_is_no_frame() -> None:
    assert run_lengths(*map(samples, range(3)), hello("belt"), *map(samples, range(3, 5))) == [3, 0, 2]
    line = b"".join([encode(samples(0)), b"\x05\x05\0", encode(samples(1))])
    assert [type(one).__name__ for one in readings(line)] == ["Run", "Damaged", "Run"]


def test_a_counter_that_comes_round_does_not_end_a_run_and_length_does() -> None:
    assert run_lengths(*(replace(samples(i), sequence=(65530 + i) & 0xFFFF) for i in range(9))) == [9]
    most = MAX_RUN_VALUES // 25
    assert run_lengths(*map(samples, range(2 * most + 5))) == [most, most, 5]


@given(st.lists(any_frame(), min_size=1, max_size=5))
def test_a_run_gives_its_frames_back(frames: list[f.Frame]) -> None:
    found: list[Any] = []
    for one in readings(b"".join(map(encode, frames))):
        found += one.frames() if isinstance(one, Run) else [one]
    assert found == frames


@pytest.mark.parametrize("bits", [16, 24])
def test_samples_of_a_run_are_those_of_its_frames(bits: int) -> None:
    rng = random.Random(0)
    frames = [
        replace(samples(i), bits=bits, leads=2, lead_off=2, data=rng.randbytes(25 * 2 * bits // 8), clock_us=100_000 * i) for i in range(5)
    ]
    (run,) = readings(b"".join(map(encode, frames)))
    assert isinstance(run, Run)
    expected = np.concatenate([samples_of(frame) for frame in frames])
    np.testing.assert_array_equal(run.samples(), expected)
    assert run.samples().dtype == expected.dtype


@pytest.mark.parametrize("seed", range(20))
def test_one_sender_by_the_run_is_one_sender_by_the_frame(seed: int) -> None:
    rng = random.Random(seed)
    by_run, by_frame, counts = Twins(), Twins(), [1000, 1000 + rng.choice((5, 40, 30_000))]
    for _ in range(200):
        who, n = rng.choice((0, 0, 0, 1)), rng.randrange(1, 30)
        counts[who] += rng.choice((0, 0, 0, -1, 5))
        frames = [((counts[who] + i) & 0xFFFF, counts[who] + i) for i in range(n)]
        counts[who] += n
        table = np.array([(25, sequence, clock, 0) for sequence, clock in frames])
        if not by_run.take_one_sender(table):
            for frame in frames:
                by_run.are_two(*frame)
        for frame in frames:
            by_frame.are_two(*frame)
        assert (by_run._last, by_run._turns, by_run._who, by_run._alone) == (
            by_frame._last,
            by_frame._turns,
            by_frame._who,
            by_frame._alone,
        )


def test_a_delay_that_shrinks_within_a_run_is_told_as_frame_by_frame() -> None:
    (announced,) = [item for item in read_by([(encode(hello("belt")), 0)])[0] if isinstance(item, Announced)]
    told: list[list[Notice]] = [[], []]
    for notices, is_run in zip(told, (True, False), strict=True):
        stream, intake = Stream(announced), Intake("tty", 6, Claims(), Refusals(notices.append), notices.append)
        for us, arrival_ns in ((np.zeros(1, np.int64), 0), (100_000 * np.arange(1, 50), 5 * 10**9)):
            if is_run:
                stream.watch_all(us, arrival_ns, intake)
            else:
                for one_us in us.tolist():
                    stream.watch(one_us, arrival_ns, intake)
    assert told[0] == told[1]
    assert len(told[0]) == 2


def test_after_an_endless_segment_nothing_more_is_skipped() -> None:
    reader = Reader()
    pieces = (b"\x01" * 1100, b"\x01\0" + encode(samples(0)), encode(samples(1)))
    found = [one for piece in pieces for one in reader.feed(piece)]
    assert found == [Overlong(), samples(0), samples(1)]


# --- what the engine makes of a chunk of several frames ---------------------------------------------------------------


def opened() -> tuple[Engine, list[Record]]:
    items, _ = read_by([(encode(hello("belt")), 0)])
    engine = Engine(EngineConfig())
    records = Reception(EngineConfig()).records(items)
    engine.feed_many(records)
    return engine, records


def test_frames_within_a_chunk_may_be_missing_or_twice_and_mean_what_they_mean_alone() -> None:
    rng = np.random.default_rng(0)
    table, at_us = [], 0
    for i in [*range(30), *range(33, 60), 59, 40, *range(60, 90)]:
        at_us = i * 100_000
        table.append((25, i, at_us, 10**6 * at_us))
    frames = np.array(table)
    chunk = Chunk("belt/ecg", rng.integers(-500, 500, 25 * len(table)).astype(np.int16), int(frames[-1, 3]), 0, 0, frames=frames)
    (together, _), (apart, _) = opened(), opened()
    given = together.feed(chunk)
    expected: list[Event] = [event for one in alone([chunk]) for event in apart.feed(one)]
    assert spelled(given) == spelled(expected)
    assert {type(event).__name__ for event in given} >= {"Gap", "Refused"}
    assert together.snapshot() == apart.snapshot()


@pytest.mark.parametrize("frames", [
    np.array([(25, 0, 0, 0), (26, 1, 0, 0)]), np.array([(51, 0, 0, 0), (-1, 1, 0, 0)]), np.zeros((2, 3), np.int64), np.zeros((50, 4)),
    np.zeros((0, 4), np.int64),
], ids=["too many", "fewer than none", "no stamps", "no integers", "none"])  # fmt: skip
def test_frames_that_do_not_make_up_a_chunk_are_refused(frames: Any) -> None:
    engine, _ = opened()
    before = engine.snapshot()
    (refused,) = engine.feed(Chunk("belt/ecg", np.zeros(50), 0, frames=frames))
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.got) == (RefusalReason.MALFORMED_PIECE, "frames that do not make up its 50 samples")
    assert engine.snapshot() == before
    (closed,) = Engine(engine.config).feed(Chunk("belt/ecg", np.zeros(50), 0, frames=np.array([(50, 0, 0, 0)])))
    assert isinstance(closed, Refused)
    assert closed.reason == RefusalReason.NOT_OPEN


def test_what_was_opened_is_open_to_runs() -> None:
    line = encode(hello("belt")) + b"".join(encode(samples(i)) for i in range(60))
    items, _ = read_by([(line, 5)])
    assert [item.change for item in items if isinstance(item, SourceState)] == [SourceChange.OPENED]
    (chunk,) = [item for item in items if isinstance(item, Chunk)]
    assert (chunk.arrival_ns, chunk.sequence, chunk.device_us, len(chunk.samples)) == (5, 0, 0, 1500)
    assert chunk.frames is not None
    assert chunk.frames.tolist() == [[25, i, 100_000 * i, 5] for i in range(60)]
