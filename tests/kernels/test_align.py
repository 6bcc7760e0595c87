"""`align` against its oracle, its laws, and devices that misbehave while the truth is known."""

import hashlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels import align_state as a
from edgeecg_kernels.align import align_break, align_chunk, align_dropped, align_tick
from edgeecg_kernels.align_state import ALIGN_STATE, CHUNK_META, SPAN, SPANS_LEN, align_params, align_state
from tests.naive.align import Aligner, Frame, Rules, Span

RATE_MHZ = 250_000
SAMPLE_NS = 4_000_000


class Stream:
    """The kernel, asked frame by frame; every span it answers with becomes what the oracle would say of it."""

    def __init__(self, rules: Rules, leads: int = 1) -> None:
        self.rules = rules
        self.leads = leads
        self.params = align_params(
            rate_mhz=rules.rate_mhz,
            leads=leads,
            nominal_len=rules.nominal_len,
            sequence_bits=rules.sequence_bits,
            device_bits=rules.device_bits,
            reorder_frames=rules.reorder_frames,
            reorder_ns=rules.reorder_ns,
            silence_ns=rules.silence_ns,
        )
        self.state = align_state()
        self.spans = np.zeros(SPANS_LEN, SPAN)
        self.meta = np.zeros(1, CHUNK_META)
        self.out: list[Span] = []
        self.drifts: list[int] = []
        self.most_spans = 0

    def piece(self, frame: Frame, offset: int, n: int) -> None:
        self.meta[0] = (n, frame.sequence, frame.device_us, frame.arrival_ns, offset, frame.n)
        x = np.repeat(np.array(frame.values[offset : offset + n], dtype=np.float64), self.leads)
        x += np.tile(np.arange(self.leads) / 8, n)
        self.hear(align_chunk(self.state[0], self.params[0], self.meta[0], x, 0, self.spans), x)

    def feed(self, frame: Frame, cuts: Sequence[int] = ()) -> None:
        edges = [0, *sorted(cut % (frame.n + 1) for cut in cuts), frame.n]
        for start, stop in itertools.pairwise(edges):
            self.piece(frame, start, stop - start)

    def tick(self, now_ns: int) -> None:
        self.hear(align_tick(self.state[0], self.params[0], now_ns, self.spans))

    def lost(self) -> None:
        self.hear(align_break(self.state[0], self.params[0], self.spans))

    def hear(self, count: int, x: Any = None) -> None:
        self.most_spans = max(self.most_spans, count)
        for span in self.spans[:count]:
            kind, first, n = int(span["kind"]), int(span["first_sample"]), int(span["n"])
            if kind == a.DATA:
                source = x if span["source"] == a.PIECE else self.state["held_values"][0][span["source"]]
                rows = source[span["source_start"] * self.leads :][: n * self.leads].reshape(n, self.leads)
                assert np.array_equal(rows - rows[:, :1], np.tile(np.arange(self.leads) / 8, (n, 1)))
                self.out += [("data", first + i, 1, int(value)) for i, value in enumerate(rows[:, 0])]
            elif kind == a.GAP:
                self.out.append(("gap", first, n, 0))
            elif kind == a.REJECT:
                self.out.append(("reject", first, n, int(span["reason"])))
            elif span["reason"] == a.JUMP:
                self.out.append(("jump", first, n, int(span["value"])))
            else:
                self.drifts.append(int(span["value"]))


def tiles(out: Sequence[Span]) -> bool:
    """Data and gaps follow one another from 0 without overlap: time never runs backwards and nothing is unmarked."""
    at = 0
    for kind, first, n, _ in out:
        if kind in {"data", "gap"}:
            if first != at or n <= 0:
                return False
            at += n
    return True


def lost_samples(out: Sequence[Span]) -> int:
    return sum(n for kind, _, n, _ in out if kind == "gap")


def wrong_samples(out: Sequence[Span]) -> list[Span]:
    """Samples (numbered by the device) that are not where the first of them says they should be."""
    data = [span for span in out if span[0] == "data"]
    origin = data[0][3] - data[0][1]
    return [span for span in data if span[3] - span[1] != origin]


@dataclass
class Device:
    """A device and its network: every sample is numbered, every fault is asked for by name."""

    rules: Rules
    sample: int = 0
    sequence: int = 0
    clock_offset_us: int = 7_000_000
    delay_ns: int = 3_000_000
    ppm: float = 0.0
    """How much faster than the host's the device's clock, and with it the sampling, runs."""

    def frame(self, n: int, delay_ns: int = 0) -> Frame:
        bits = self.rules.device_bits
        us = self.sample * 10**9 // self.rules.rate_mhz + self.clock_offset_us
        host_ns = int((self.sample + n) * 10**12 / self.rules.rate_mhz / (1 + self.ppm * 1e-6))
        made = Frame(
            self.sequence % (1 << self.rules.sequence_bits) if self.rules.sequence_bits else -1,
            us % (1 << min(bits, 62)) if bits else -1,
            host_ns + self.delay_ns + delay_ns,
            tuple(float(value) for value in range(self.sample, self.sample + n)),
        )
        self.sample += n
        self.sequence += 1
        return made

    def lose(self, n: int) -> None:
        self.sample += n
        self.sequence += 1


ACTIONS = ["next", "lose", "again", "swap", "late", "stall", "jump", "restart", "bare", "break", "tick", "wild", "vanish"]
actions = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(1, 12), st.integers(0, 400)), max_size=60)
rules = st.builds(
    Rules,
    rate_mhz=st.sampled_from([250_000, 360_000, 130_000, 2_000_000]),
    sequence_bits=st.sampled_from([0, 4, 8, 16, 32]),
    device_bits=st.sampled_from([0, 32, 64]),
    nominal_len=st.sampled_from([0, 6]),
    reorder_frames=st.integers(0, 7),
    reorder_ns=st.sampled_from([0, 50_000_000, 500_000_000]),
    silence_ns=st.sampled_from([300_000_000, 2_000_000_000]),
)
Step = Frame | int | None


def swapped(device: Device, n: int, count: int) -> list[Frame]:
    """Frames that come in the wrong order, all at once."""
    frames = [device.frame(n) for _ in range(count)]
    return [replace(frame, arrival_ns=frames[-1].arrival_ns) for frame in frames[::-1]]


def trouble(device: Device, what: str, n: int, much: int) -> None:
    """What happens to a device between two frames."""
    if what == "lose":
        for _ in range(much if much > 300 else much % 12):
            device.lose(n)
    elif what == "stall":
        device.delay_ns += much * 20_000_000
    elif what == "jump":
        device.clock_offset_us = max(0, device.clock_offset_us + (much - 200) * 100_000)
    elif what == "restart":
        device.sequence, device.clock_offset_us = 0, -(device.sample * 10**9 // device.rules.rate_mhz)
    elif what == "vanish":
        device.sample += much


def odd_frame(device: Device, what: str, n: int, much: int) -> Frame:
    """A frame whose stamps may be missing or wrong."""
    frame = device.frame(n, much * 1_000_000 if what == "late" else 0)
    if what == "bare":
        return replace(frame, sequence=-1) if much % 2 else replace(frame, device_us=-1)
    if what == "wild" and device.rules.sequence_bits:
        return replace(frame, sequence=(frame.sequence + much) % (1 << device.rules.sequence_bits))
    return frame


def misbehave(device: Device, todo: Sequence[tuple[str, int, int]]) -> Iterator[Step]:
    """Frames, ticks (a time) and breaks (None) of a device to which all this happens."""
    sent: list[Frame] = [device.frame(6)]
    yield sent[0]
    for what, n, much in todo:
        if what == "again":
            yield replace(sent[-1 - much % len(sent)], arrival_ns=sent[-1].arrival_ns)
        elif what == "swap":
            yield from swapped(device, n, 2 + much % 4)
        elif what == "break":
            yield None
        elif what == "tick":
            yield sent[-1].arrival_ns + much * 10_000_000
        else:
            trouble(device, what, n, much)
            sent.append(odd_frame(device, what, n, much))
            yield sent[-1]


def follow(stream: Stream | Aligner, step: Step) -> None:
    if step is None:
        stream.lost()
    elif isinstance(step, int):
        stream.tick(step)
    else:
        stream.feed(step)


@given(rules, actions)
def test_agrees_with_the_oracle(rule: Rules, todo: list[tuple[str, int, int]]) -> None:
    stream, oracle = Stream(rule), Aligner(rule)
    for step in misbehave(Device(rule), todo):
        before = len(stream.out)
        follow(stream, step)
        follow(oracle, step)
        assert stream.out[before:] == oracle.out[before:], step
    assert tiles(stream.out)
    assert stream.most_spans <= SPANS_LEN


@given(rules, actions, st.lists(st.lists(st.integers(0, 20), max_size=4), min_size=1, max_size=5), st.integers(1, 3))
def test_a_cut_changes_nothing(rule: Rules, todo: list[tuple[str, int, int]], cuts: list[list[int]], leads: int) -> None:
    whole, cut = Stream(rule, leads), Stream(rule, leads)
    at = itertools.cycle(cuts)
    for step in misbehave(Device(rule), todo):
        follow(whole, step)
        if isinstance(step, Frame):
            cut.feed(step, next(at))
        else:
            follow(cut, step)
        assert cut.state.tobytes() == whole.state.tobytes()
    assert cut.out == whole.out
    assert cut.drifts == whole.drifts


@given(rules, actions, st.integers(0, 59), st.integers(0, 5))
def test_a_snapshot_changes_nothing(rule: Rules, todo: list[tuple[str, int, int]], at: int, cut: int) -> None:
    whole, resumed = Stream(rule), Stream(rule)
    for i, step in enumerate(misbehave(Device(rule), todo)):
        follow(whole, step)
        if i == at and isinstance(step, Frame):
            resumed.piece(step, 0, min(cut, step.n))
            resumed.state = np.frombuffer(resumed.state.tobytes(), ALIGN_STATE).copy()
            resumed.piece(step, min(cut, step.n), step.n - min(cut, step.n))
        else:
            follow(resumed, step)
    assert resumed.out == whole.out
    assert resumed.state.tobytes() == whole.state.tobytes()


network = st.lists(st.tuples(st.sampled_from("nnnnldsb"), st.integers(1, 9)), max_size=80)


@given(network, st.sampled_from([8, 16, 32]), st.sampled_from([32, 64]), st.booleans(), st.integers(1, 30))
def test_with_counter_and_device_time_every_sample_is_where_it_was_taken(
    todo: list[tuple[str, int]], sequence_bits: int, device_bits: int, even: bool, first_len: int
) -> None:
    """Losses, copies, frames out of order within the bound, and loss of whole rounds of the counter."""
    rule = Rules(RATE_MHZ, sequence_bits, device_bits, reorder_frames=3, reorder_ns=10**9)
    device, stream = Device(rule, clock_offset_us=(1 << 32) - 3_000_000), Stream(rule)
    stream.feed(device.frame(first_len))
    stream.feed(device.frame(first_len if even else first_len + 1))
    for what, n in todo:
        length = first_len if even else n + first_len
        if what == "l":
            for _ in range(n):
                device.lose(length)
        elif what == "b":
            for _ in range(n * 64):
                device.lose(first_len)
            device.delay_ns += 1_000_000
        elif what == "s":
            stream.feed(device.frame(length))  # frames lost just before, and still waited for, would count into the bound
            stream.tick(1 << 60)
            batch = [device.frame(length) for _ in range(min(n, 4))]
            for frame in batch[::-1]:
                stream.feed(replace(frame, arrival_ns=batch[-1].arrival_ns))
        else:
            frame = device.frame(length)
            stream.feed(frame)
            if what == "d":
                stream.feed(frame)
    stream.lost()
    assert wrong_samples(stream.out) == []
    assert tiles(stream.out)
    duplicates = sum(what == "d" for what, _ in todo)
    assert sum(span[0] == "reject" for span in stream.out) == duplicates


@pytest.mark.parametrize("lost_frames", [1, 255, 256, 257, 700, 5000])
@pytest.mark.parametrize("device_bits", [0, 32])
def test_an_eight_bit_counter_is_helped_over_its_wraps(lost_frames: int, device_bits: int) -> None:
    """By device time, or failing that by arrival."""
    rule = Rules(RATE_MHZ, sequence_bits=8, device_bits=device_bits)
    device, stream = Device(rule), Stream(rule)
    for _ in range(5):
        stream.feed(device.frame(10))
    for _ in range(lost_frames):
        device.lose(10)
    stream.feed(device.frame(10, delay_ns=30_000_000))
    assert lost_samples(stream.out) == lost_frames * 10
    assert wrong_samples(stream.out) == []


def test_an_eight_bit_counter_is_not_taken_round_by_a_mere_stall() -> None:
    rule = Rules(RATE_MHZ, sequence_bits=8)
    device, stream = Device(rule), Stream(rule)
    stream.feed(device.frame(10))
    stream.feed(device.frame(10, delay_ns=1_900_000_000))
    assert lost_samples(stream.out) == 0


@pytest.mark.parametrize("sequence_bits", [0, 8, 16])
@pytest.mark.parametrize("backward_us", [50_000, 1_000_000, 400_000_000])
def test_a_device_clock_set_back_moves_no_sample(sequence_bits: int, backward_us: int) -> None:
    rule = Rules(RATE_MHZ, sequence_bits, 64)
    device, stream = Device(rule, clock_offset_us=10**9), Stream(rule)
    for i in range(40):
        device.clock_offset_us -= backward_us if i == 20 else 0
        stream.feed(device.frame(10))
    assert wrong_samples(stream.out) == []
    assert [span for span in stream.out if span[0] != "data"] == [("jump", 200, 0, -backward_us)]


def test_a_device_clock_set_forward_is_not_a_gap() -> None:
    """Nothing arrives before it was sent: a clock that gained what the host's did not was set."""
    rule = Rules(RATE_MHZ, device_bits=64)
    device, stream = Device(rule), Stream(rule)
    for i in range(40):
        device.clock_offset_us += 5_000_000 if i == 20 else 0
        stream.feed(device.frame(10))
    assert [span for span in stream.out if span[0] != "data"] == [("jump", 200, 0, 5_000_000)]


@pytest.mark.parametrize("sequence_bits", [8, 16])
@pytest.mark.parametrize("device_bits", [0, 32])
def test_a_device_that_begins_anew_makes_a_gap_of_the_time_it_took(sequence_bits: int, device_bits: int) -> None:
    rule = Rules(RATE_MHZ, sequence_bits, device_bits)
    device, stream = Device(rule), Stream(rule)
    frames = 200 if device_bits else 100  # a counter alone cannot tell 56 lost of 256 from a new beginning
    for _ in range(frames):
        stream.feed(device.frame(10))
    device.sample += 750
    device.sequence, device.clock_offset_us = 0, 1_000 - device.sample * 4_000
    stream.feed(device.frame(10))
    assert [span for span in stream.out if span[0] != "data"] == [("gap", 10 * frames, 750, 0)]
    assert int(stream.state["restarts"][0]) == 1


@pytest.mark.parametrize("device_bits", [0, 64])
def test_a_source_that_reopens_goes_on_after_a_marked_gap(device_bits: int) -> None:
    """Device time that goes on with arrival is believed to the sample; else arrival is, late as it may be."""
    rule = Rules(RATE_MHZ, 16, device_bits)
    device, stream = Device(rule), Stream(rule)
    stream.feed(device.frame(10))
    for _ in range(3):
        stream.lost()
        stream.lost()
        device.sample += 1000
        device.sequence = 0
        stream.feed(device.frame(10, delay_ns=2 * SAMPLE_NS))
    gaps = [n for kind, _, n, _ in stream.out if kind == "gap"]
    assert gaps == ([1000, 1000, 1000] if device_bits else [1002, 1000, 1000])


def test_silence_is_a_gap_where_nothing_else_can_tell_and_a_short_one_is_not() -> None:
    rule = Rules(RATE_MHZ, silence_ns=10**9)
    device, stream = Device(rule), Stream(rule)
    for lost in (0, 0, 200, 0, 500):
        device.sample += lost
        stream.feed(device.frame(10))
    assert [span for span in stream.out if span[0] == "gap"] == [("gap", 40, 500, 0)]


def test_what_the_source_says_it_dropped_is_missing() -> None:
    rule = Rules(RATE_MHZ)
    device, stream = Device(rule), Stream(rule)
    stream.feed(device.frame(10))
    align_dropped(stream.state[0], 30)
    align_dropped(stream.state[0], -5)
    device.sample += 30
    stream.feed(device.frame(10))
    stream.feed(device.frame(10))
    assert [span for span in stream.out if span[0] == "gap"] == [("gap", 10, 30, 0)]
    assert wrong_samples(stream.out) == []


def test_a_frame_waits_for_a_late_one_only_so_long() -> None:
    rule = Rules(RATE_MHZ, 16, 64, reorder_frames=4, reorder_ns=100_000_000)
    device, stream = Device(rule), Stream(rule)
    stream.feed(device.frame(10))
    late = device.frame(10)
    held = device.frame(10)
    stream.feed(held)
    stream.tick(held.arrival_ns + 99_999_999)
    assert len(stream.out) == 10
    stream.tick(held.arrival_ns + 100_000_000)
    assert stream.out[10:12] == [("gap", 10, 10, 0), ("data", 20, 1, 20)]
    stream.feed(late)
    assert stream.out[-1] == ("reject", 30, 10, a.STALE)
    stream.feed(held)
    assert stream.out[-1] == ("reject", 30, 10, a.DUPLICATE)


def test_a_frame_released_while_it_arrives_is_finished_in_place() -> None:
    rule = Rules(RATE_MHZ, 16, reorder_frames=4, reorder_ns=0)
    device, stream = Device(rule), Stream(rule)
    stream.feed(device.frame(10))
    device.lose(10)
    frame = device.frame(10)
    stream.piece(frame, 0, 4)
    stream.tick(frame.arrival_ns)
    stream.piece(frame, 4, 6)
    assert stream.out[10:] == [("gap", 10, 10, 0)] + [("data", i, 1, i) for i in range(20, 30)]


def test_a_frame_cut_short_leaves_a_gap_and_its_rest_comes_too_late() -> None:
    rule = Rules(RATE_MHZ, 16, 64)
    device, stream = Device(rule), Stream(rule)
    first, second = device.frame(10), device.frame(10)
    stream.piece(first, 0, 4)
    stream.feed(second)
    stream.piece(first, 4, 6)
    assert stream.out[4] == ("gap", 4, 6, 0)
    assert stream.out[-1] == ("reject", 20, 6, a.NOT_CONTINUING)
    assert wrong_samples(stream.out) == []


def test_a_clock_that_wraps_is_followed_through_hours_of_silence() -> None:
    """71.6 minutes of microseconds: arrival says how many rounds of them went by."""
    rule = Rules(RATE_MHZ, 16, 32)
    device, stream = Device(rule), Stream(rule)
    stream.feed(device.frame(10))
    for minutes in (30, 40, 70, 73, 200, 1000):
        device.sample += minutes * 60 * 250
        stream.feed(device.frame(10))
    assert wrong_samples(stream.out) == []
    assert int(stream.state["jumps"][0]) == 0


def test_a_clock_set_back_while_frames_are_lost_is_outvoted_by_counter_and_arrival() -> None:
    rule = Rules(RATE_MHZ, 8, 64)
    device, stream = Device(rule, clock_offset_us=10**9), Stream(rule)
    stream.feed(device.frame(25))
    for _ in range(300):
        device.lose(25)
    device.clock_offset_us -= 3_000_000
    stream.feed(device.frame(25, delay_ns=200_000_000))
    assert [span for span in stream.out if span[0] != "data"] == [("jump", 25, 0, -3_000_000), ("gap", 25, 7500, 0)]


def test_copies_are_dropped_for_ever_where_only_device_time_tells_them() -> None:
    rule = Rules(RATE_MHZ, device_bits=64)
    device, stream = Device(rule), Stream(rule)
    for _ in range(20):
        frame = device.frame(10)
        stream.feed(frame)
        stream.feed(frame)
    assert wrong_samples(stream.out) == []
    assert int(stream.state["duplicates"][0]) == 20


def test_arrival_from_one_end_of_time_to_the_other_is_a_long_silence() -> None:
    stream = Stream(Rules(RATE_MHZ))
    for arrival_ns in (-(1 << 63), (1 << 63) - 1):
        stream.feed(Frame(-1, -1, arrival_ns, (1.0, 2.0)))
    assert lost_samples(stream.out) == ((1 << 39) * RATE_MHZ + 500_000_000) // 10**9 - 2


def test_an_index_can_be_used_up_and_then_every_piece_is_refused() -> None:
    stream = Stream(Rules(RATE_MHZ, 32))
    x = np.zeros(1)
    for i in range(6):
        stream.meta[0] = (1, i % 2 * ((1 << 31) - 1), -1, i, 0, a.MAX_FRAME_LEN)
        stream.hear(align_chunk(stream.state[0], stream.params[0], stream.meta[0], x, 0, stream.spans), x)
    assert stream.out[-1][0] == "reject"
    assert stream.out[-1][3] == a.EXHAUSTED
    assert a.LAST_START < stream.state["next_index"][0] <= a.MAX_INDEX
    assert tiles(stream.out)


HOSTILE = [-(1 << 63), -2, -1, 0, 1, 5, 255, 65_535, 1 << 24, (1 << 31) - 1, 1 << 32, 1 << 50, 1 << 62, (1 << 63) - 1]
hostile = st.one_of(st.sampled_from(HOSTILE), st.integers(-(1 << 63), (1 << 63) - 1))
lengths = st.one_of(st.integers(0, 8), hostile)
metas = st.tuples(lengths, hostile, hostile, hostile, st.one_of(st.just(0), hostile), st.one_of(st.integers(1, 8), hostile))


@given(rules, st.lists(st.one_of(metas, st.integers(-(1 << 63), (1 << 63) - 1)), max_size=40))
def test_whatever_the_numbers_nothing_breaks(rule: Rules, steps: list[Any]) -> None:
    stream = Stream(rule)
    x = np.zeros(8)
    for step in steps:
        if isinstance(step, int):
            stream.tick(step)
        else:
            stream.meta[0] = step
            stream.hear(align_chunk(stream.state[0], stream.params[0], stream.meta[0], x, 0, stream.spans), x)
        assert 0 <= stream.state["next_index"][0] <= a.MAX_INDEX
    assert tiles(stream.out)
    assert stream.most_spans <= SPANS_LEN


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        ((-1, 0, 0, 0, 0, 5), a.BAD_LEN),
        ((6, 0, 0, 0, 0, 5), a.BAD_LEN),
        ((5, 0, 0, 0, 1, 5), a.BAD_LEN),
        ((9, 0, 0, 0, 0, 9), a.BAD_LEN),
        ((0, 0, 0, 0, 0, 0), a.BAD_LEN),
        ((1, 0, 0, 0, 0, a.MAX_FRAME_LEN + 1), a.BAD_LEN),
        ((5, 65_536, 0, 0, 0, 5), a.BAD_SEQUENCE),
        ((5, -2, 0, 0, 0, 5), a.BAD_SEQUENCE),
        ((5, 0, -2, 0, 0, 5), a.BAD_DEVICE_TIME),
        ((5, 0, 1 << 32, 0, 0, 5), a.BAD_DEVICE_TIME),
        ((4, 0, 0, 0, 1, 5), a.NOT_CONTINUING),
    ],
)
def test_a_piece_that_cannot_be_is_refused_and_changes_nothing(meta: tuple[int, ...], reason: int) -> None:
    stream = Stream(Rules(RATE_MHZ, 16, 32))
    stream.meta[0] = meta
    x = np.zeros(8)
    before = stream.state.copy()
    stream.hear(align_chunk(stream.state[0], stream.params[0], stream.meta[0], x, 0, stream.spans), x)
    assert stream.out == [("reject", 0, meta[0], reason)]
    before["malformed"] += 1
    assert stream.state.tobytes() == before.tobytes()


@pytest.mark.parametrize("name", ["rate_mhz", "leads", "sequence_bits", "device_bits", "reorder_frames", "reorder_ns", "silence_ns"])
def test_settings_out_of_range_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: -1 is not in "):
        align_params(**{"rate_mhz": RATE_MHZ, "leads": 1, name: -1})


def a_day(ppm: float, sequence_bits: int, device_bits: int) -> tuple[Stream, Device, int]:
    """24 h in frames of a second: drift, jitter, losses of up to 20 minutes, copies, and a clock that is set back 24 times."""
    rule = Rules(25_000, sequence_bits, device_bits)
    device, stream = Device(rule, ppm=ppm, clock_offset_us=(1 << 32) - 10**8), Stream(rule)
    rng = np.random.default_rng(5)
    jitter = rng.exponential(15e6, 90_000).astype(np.int64)
    jumps = 0
    for i in range(86_400):
        if i % 3600 == 1800 and device_bits:
            device.clock_offset_us -= int(rng.integers(200_000, 90_000_000))
            jumps += 1
        lost = int(rng.integers(1, 1200)) if i % 4000 == 3000 else int(rng.random() < 0.002)
        for _ in range(lost):
            device.lose(25)
        frame = device.frame(25, int(jitter[i]))
        stream.feed(frame)
        if i % 500 == 250:
            stream.feed(frame)
    return stream, device, jumps


@pytest.mark.skipif(os.environ.get("EDGEECG_EXAMPLES") == "reduced", reason="24 h of frames: not in the reduced runs")
@pytest.mark.parametrize(("ppm", "sequence_bits", "device_bits"), [(200, 8, 32), (-200, 16, 32), (200, 16, 0), (-200, 8, 64)])
def test_a_day_of_drift_losses_wraps_and_backward_jumps_moves_no_sample(ppm: float, sequence_bits: int, device_bits: int) -> None:
    """So a heart rate is off by the drift alone: 200 ppm, 0.012 bpm at 60. A frame a second tells the drift to 10 ppm."""
    stream, device, jumps = a_day(ppm, sequence_bits, device_bits)
    assert wrong_samples(stream.out) == []
    assert tiles(stream.out)
    assert int(stream.state["next_index"][0]) == device.sample
    assert int(stream.state["jumps"][0]) == jumps
    assert abs(stream.drifts[-1] / 1000 - ppm) < 10
    assert int(stream.state["duplicates"][0]) == 173


def digest() -> str:
    found = hashlib.sha256()
    rng = np.random.default_rng(11)
    for sequence_bits, device_bits in itertools.product((0, 8, 16), (0, 32, 64)):
        rule = Rules(RATE_MHZ, sequence_bits, device_bits, reorder_frames=4, reorder_ns=50_000_000)
        stream = Stream(rule)
        todo = [(str(rng.choice(ACTIONS)), int(rng.integers(1, 12)), int(rng.integers(0, 400))) for _ in range(300)]
        for step in misbehave(Device(rule), todo):
            follow(stream, step)
        found.update(repr((stream.out, stream.drifts)).encode() + stream.state.tobytes())
    return found.hexdigest()


def test_compiled_or_not_makes_no_difference() -> None:
    other = "0" if os.environ.get("NUMBA_DISABLE_JIT") == "1" else "1"
    code = "from tests.kernels.test_align import digest; print(digest())"
    environment = os.environ | {"NUMBA_DISABLE_JIT": other, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == digest()
