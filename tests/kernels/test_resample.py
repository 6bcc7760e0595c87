"""`resample` against its oracle, its laws, and the filter it promises."""

import hashlib
import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg_kernels.resample import grid_to_input, input_needed, resample, resample_block, resample_reset
from edgeecg_kernels.resample_state import MAX_HALF, RESAMPLE_STATE, RING_LEN, design, half_width, output_capacity, ratio
from tests.naive import resample as naive

RATES = [100.0, 125.0, 128.0, 130.0, 200.0, 249.9, 250.0, 250.1, 256.0, 333.3, 360.0, 500.0, 1000.0, 1024.0, 1999.9, 2000.0]
DESIGNS = {rate_hz: design(rate_hz) for rate_hz in RATES}
rates = st.sampled_from(RATES)
starts = st.one_of(st.integers(0, 3000), st.integers(0, 1 << 49))
Signal = NDArray[np.float64]


class Channel:
    """One channel being resampled."""

    def __init__(self, rate_hz: float, first_input: int = 0) -> None:
        self.params, self.taps = DESIGNS[rate_hz]
        self.p: Any = self.params[0]
        self.state = np.zeros(1, RESAMPLE_STATE)
        resample_reset(self.state[0], self.p, first_input)

    def feed(self, x: Signal) -> Signal:
        y = np.full(output_capacity(len(x), int(self.p["up"]), int(self.p["down"])), -7.0)
        n = resample(self.state, self.params, self.taps, x, y)
        assert np.all(y[n:] == -7.0)
        return y[:n].copy()

    def next_output(self) -> int:
        return int(self.state["next_output"][0])


def noise(n: int, seed: int = 0) -> Signal:
    return np.random.default_rng(seed).normal(0.0, 1.0, n)


def cuts_of(n: int, at: Sequence[int]) -> list[slice]:
    edges = [0, *sorted(min(a, n) for a in at), n]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


@given(rates, starts, st.integers(0, 400), st.integers(0, 99))
def test_agrees_with_the_oracle(rate_hz: float, first_input: int, n: int, seed: int) -> None:
    x = noise(n, seed)
    channel = Channel(rate_hz, first_input)
    first = channel.next_output()
    y = channel.feed(x)
    expected = naive.resample(x.tolist(), rate_hz, first_input)
    assert [g for g, _, _ in expected] == list(range(first, first + len(y)))
    assert [needed for _, needed, _ in expected] == [input_needed(first + i, channel.p) for i in range(len(y))]
    np.testing.assert_allclose(y, [value for _, _, value in expected], rtol=0, atol=1e-11)


@given(rates, starts, st.integers(0, 1500), st.lists(st.integers(0, 1500), max_size=12))
def test_a_cut_changes_nothing(rate_hz: float, first_input: int, n: int, at: list[int]) -> None:
    x = noise(n)
    whole, cut = Channel(rate_hz, first_input), Channel(rate_hz, first_input)
    y = whole.feed(x)
    pieces = [cut.feed(x[piece]) for piece in cuts_of(n, at)]
    assert np.concatenate(pieces).tobytes() == y.tobytes()
    assert cut.state.tobytes() == whole.state.tobytes()


@given(rates, st.integers(0, 900))
def test_a_sample_at_a_time_changes_nothing(rate_hz: float, first_input: int) -> None:
    x = noise(3 * RING_LEN)
    whole, cut = Channel(rate_hz, first_input), Channel(rate_hz, first_input)
    y = whole.feed(x)
    assert np.concatenate([cut.feed(x[i : i + 1]) for i in range(len(x))]).tobytes() == y.tobytes()
    assert cut.state.tobytes() == whole.state.tobytes()


@given(rates, st.integers(0, 800), st.integers(0, 800))
def test_a_snapshot_changes_nothing(rate_hz: float, before: int, after: int) -> None:
    x = noise(before + after)
    whole, stopped, resumed = Channel(rate_hz), Channel(rate_hz), Channel(rate_hz)
    y = whole.feed(x)
    head = stopped.feed(x[:before])
    resumed.state = np.frombuffer(stopped.state.tobytes(), RESAMPLE_STATE).copy()
    assert np.concatenate([head, resumed.feed(x[before:])]).tobytes() == y.tobytes()


@given(rates, st.integers(0, 499), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_bad_sample_spoils_its_support_and_no_more(rate_hz: float, bad: int, value: float) -> None:
    x = noise(500)
    x[bad] = value
    channel = Channel(rate_hz)
    first = channel.next_output()
    y = channel.feed(x)
    needed = [input_needed(first + i, channel.p) for i in range(len(y))]
    width = int(channel.p["width"])
    assert np.isfinite(y).tolist() == [not last - width < bad <= last for last in needed]
    clean = Channel(rate_hz).feed(noise(500))
    assert np.array_equal(y[np.isfinite(y)], clean[np.isfinite(y)])


@given(rates, st.integers(1, 4), st.integers(0, 3))
def test_a_column_of_many_leads_is_a_channel(rate_hz: float, leads: int, start: int) -> None:
    table = noise(start + 400 * leads).reshape(-1)
    channel, column = Channel(rate_hz), Channel(rate_hz)
    expected = channel.feed(np.ascontiguousarray(table[start::leads][:400]))
    y = np.zeros(output_capacity(400, int(column.p["up"]), int(column.p["down"])))
    n = resample_block(column.state[0], column.p, column.taps, table, start, leads, 400, y)
    assert y[:n].tobytes() == expected.tobytes()


@given(rates, st.integers(0, 300), st.integers(0, 1 << 49), st.integers(0, 300))
def test_after_a_reset_nothing_of_before_is_left(rate_hz: float, before: int, resumes_at: int, after: int) -> None:
    used, new = Channel(rate_hz), Channel(rate_hz, resumes_at)
    used.feed(noise(before, 1))
    resample_reset(used.state[0], used.p, resumes_at)
    assert used.next_output() == new.next_output()
    x = noise(after, 2)
    assert used.feed(x).tobytes() == new.feed(x).tobytes()


@given(rates, starts)
def test_an_edge_costs_half_a_support(rate_hz: float, first_input: int) -> None:
    channel = Channel(rate_hz, first_input)
    up, down, half = (int(channel.p[name]) for name in ("up", "down", "half"))
    g = channel.next_output()
    assert input_needed(g, channel.p) - (2 * half or 1) + 1 >= first_input
    assert g * down / up - first_input < half + down / up or half == 0
    assert input_needed(g - 1, channel.p) - (2 * half or 1) + 1 < first_input


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("first_input", [0, 123_456_789_012])
def test_a_wave_stays_where_it_is(rate_hz: float, first_input: int) -> None:
    """5 Hz in, 5 Hz out, at the same time to 0.1 ms, however long the stream has run."""
    channel = Channel(rate_hz, first_input)
    first = channel.next_output()
    up, down = ratio(rate_hz)
    omega = 2 * np.pi * 5 / rate_hz
    y = channel.feed(np.cos(omega * np.arange(4000)))
    position = np.array([float(((first + i) * down - first_input * up) / up) for i in range(len(y))])
    wave = np.exp(1j * omega * position)
    phase = np.angle(np.vdot(wave, y - y.mean()))
    assert abs(phase) / (2 * np.pi * 5) < 1e-4
    assert np.max(np.abs(y - np.cos(omega * position))) < 0.008


def responses(rate_hz: float, frequency_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where one input frequency comes out on the grid, and with what gain; the first is where it belongs."""
    up, down = ratio(rate_hz)
    taps = DESIGNS[rate_hz][1].reshape(up, -1)
    half = taps.shape[1] // 2
    distance = np.arange(up)[:, None] / up + (half - 1) - np.arange(2 * half)
    by_phase = (taps * np.exp(-2j * np.pi * frequency_hz / rate_hz * distance)).sum(axis=1)
    gains = np.abs(np.fft.fft(by_phase[np.arange(up) * down % up])) / up
    at = frequency_hz + np.arange(up) * 250 / up
    return np.abs((at + 125) % 250 - 125), gains


@pytest.mark.parametrize("rate_hz", [rate for rate in RATES if rate not in {249.9, 250.0, 250.1, 333.3, 1999.9}])
def test_the_filter_is_as_flat_and_as_steep_as_declared(rate_hz: float) -> None:
    edge = 0.36 * min(rate_hz, 250)
    low = medium = 0.0
    for frequency_hz in np.arange(0.5, rate_hz / 2 if rate_hz > 250 else edge, 1.0):
        at, gains = responses(rate_hz, frequency_hz)
        if frequency_hz <= min(40, 0.32 * rate_hz):
            assert abs(gains[0] - 1) < 0.01
        if frequency_hz <= edge:
            assert abs(gains[0] - 1) < 0.05
        if frequency_hz <= 125:
            gains[0] = 0.0
        low = max(low, gains[at <= 40].max(initial=0.0))
        medium = max(medium, gains[at <= 100].max(initial=0.0))
    assert low < (10 ** (-57 / 20) if rate_hz == 100 else 10 ** (-60 / 20))
    assert medium < 10 ** (-50 / 20)


def test_a_constant_stays_a_constant() -> None:
    for rate_hz in RATES:
        assert np.max(np.abs(Channel(rate_hz).feed(np.full(3000, 7.0)) - 7.0)) < 1e-13


def test_the_delay_is_bounded_at_every_rate() -> None:
    for tenths in range(1000, 20_001):
        half = half_width(tenths / 10)
        assert half <= min(MAX_HALF, 0.032 * tenths / 10 if tenths >= 2500 else 0.0561 * tenths / 10)


def test_the_grid_itself_passes_through() -> None:
    x = noise(1000)
    channel = Channel(250.0, 17)
    assert channel.next_output() == 17
    assert channel.feed(x).tobytes() == x.tobytes()
    assert input_needed(1234, channel.p) == 1234


def test_the_nearest_input_sample_is_the_later_of_two() -> None:
    assert [grid_to_input(g, 1, 2) for g in range(4)] == [0, 2, 4, 6]
    assert [grid_to_input(g, 2, 1) for g in range(5)] == [0, 1, 1, 2, 2]
    assert [grid_to_input(g, 25, 36) for g in range(5)] == [0, 1, 3, 4, 6]


@pytest.mark.parametrize("rate_hz", [99.9, 2000.1, 360.05, float("nan"), float("inf"), -250.0, 0.0])
def test_a_rate_that_cannot_be_is_refused_by_name(rate_hz: float) -> None:
    with pytest.raises(ValueError, match=r"^rate_hz: .* is not a multiple of 0\.1 in 100\.\.2000$"):
        design(rate_hz)


@pytest.mark.parametrize(
    ("rate_hz", "expected"),
    [
        (100.0, "cfebcf91ff81d33f"),
        (249.9, "b5dd3cfaa5b5f65e"),
        (360.0, "d50169c2fce7b60b"),
        (1000.0, "eaaabd7c6383be82"),
        (2000.0, "bd87e5927408f639"),
    ],
)
def test_taps_are_the_same_bits_on_every_machine(rate_hz: float, expected: str) -> None:
    """As found on x86 with and without AVX-512 and fused multiply-add, and on arm64: a journal is replayed elsewhere than it was written."""
    taps = design(rate_hz)[1]
    assert hashlib.sha256(taps.astype("<f8").tobytes()).hexdigest()[:16] == expected


def digest() -> str:
    found = hashlib.sha256()
    for rate_hz in RATES:
        channel = Channel(rate_hz, 12_345)
        found.update(channel.feed(noise(500)).tobytes() + channel.state.tobytes())
    return found.hexdigest()


def test_compiled_or_not_makes_no_difference() -> None:
    other = "0" if os.environ.get("NUMBA_DISABLE_JIT") == "1" else "1"
    code = "from tests.kernels.test_resample import digest; print(digest())"
    environment = os.environ | {"NUMBA_DISABLE_JIT": other, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=os.curdir)
    assert answer.stdout.strip() == digest()
