"""What `condition` claims: equal to its oracle, the baseline and the mains taken off, the QRS complex left, bad input marked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import resample_poly

from edgeecg.io.wfdb import read_annotations, read_record
from edgeecg_kernels.condition import condition, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, STUCK_LEN, condition_params
from edgeecg_kernels.state import FLAG_BAD, FLAG_FLAT, FLAG_INVALID, FLAG_LEAD_OFF, FLAG_MAINS, FLAG_SATURATED, GRID_HZ
from tests.laws.signals import Signal, cuts_of, heart, hearts, pieces, spoiled
from tests.naive import condition as naive

MAINS_HZ = (49.8, 50.0, 50.2, 59.8, 60.0, 60.2)
QUIET_RECORDS = ("115", "116", "119", "205", "220", "223")
"""mitdb records without mains of their own above a microvolt, by their spectra."""


def fresh() -> NDArray[np.void]:
    state = np.zeros(1, CONDITION_STATE)
    condition_reset(state[0])
    return state


def run(
    x: Signal, first: int = 0, state: NDArray[np.void] | None = None, params: NDArray[np.void] | None = None
) -> tuple[Signal, NDArray[np.uint8]]:
    y, flags = np.full(len(x), np.nan), np.full(len(x), 255, np.uint8)
    n = condition(fresh() if state is None else state, condition_params() if params is None else params, x, first, y, flags)
    assert n == len(x)
    return y, flags


def tone(hz: float, mv: float, n: int) -> Signal:
    return mv * np.sin(2 * np.pi * hz * np.arange(n) / GRID_HZ + 1.0)


def seconds(x: NDArray[Any], begin: float, end: float) -> NDArray[Any]:
    return x[int(begin * GRID_HZ) : int(end * GRID_HZ)]


def cut_db(removed_from: Signal, reference: Signal, mv: float) -> float:
    """How far below a tone of `mv` what is left of it lies."""
    left = np.sqrt(np.mean((removed_from - reference) ** 2))
    return float(20 * np.log10(mv / np.sqrt(2) / max(left, 1e-12)))


def qrs_heights(y: Signal, peaks: NDArray[np.int64]) -> Signal:
    inside = peaks[(peaks > 2 * GRID_HZ) & (peaks < len(y) - 15)]
    return np.array([np.ptp(y[k - 15 : k + 15]) for k in inside])


# --- the oracle ---------------------------------------------------------------------------------------------------


def expected(x: Signal, first: int, params: NDArray[np.void]) -> tuple[Signal, list[int]]:
    y, flags = naive.condition(x.tolist(), first, naive.Limits(*map(float, params[0])))
    return np.array(y), flags


@pytest.mark.parametrize("first", range(5))
@pytest.mark.parametrize("length", range(10, 20))
def test_a_stuck_stretch_of_any_length_and_place_equals_the_oracle(first: int, length: int) -> None:
    x, _ = heart(GRID_HZ, 4.0)
    x[603 : 603 + length] = 4.0
    y, flags = run(x, first)
    expected_y, expected_flags = expected(x, first, condition_params())
    assert y.tobytes() == expected_y.tobytes()
    assert flags.tolist() == expected_flags
    assert (flags & FLAG_SATURATED > 0).sum() == max(length - STUCK_LEN, 0)


@pytest.mark.parametrize("rail", [-4.0, 4.0])
@pytest.mark.parametrize("place", range(600, 605))
def test_one_sample_on_a_rail_equals_the_oracle_wherever_it_stands_in_its_group(place: int, rail: float) -> None:
    x, _ = heart(GRID_HZ, 3.0)
    x[place] = rail
    params = condition_params(rail_low_mv=-4.0, rail_high_mv=4.0)
    y, flags = run(x, params=params)
    expected_y, expected_flags = expected(x, 0, params)
    assert y.tobytes() == expected_y.tobytes()
    assert flags.tolist() == expected_flags
    assert marked(flags, FLAG_SATURATED) == [place]


def test_a_lead_that_comes_back_under_huge_mains_equals_the_oracle() -> None:
    x, _ = heart(GRID_HZ, 16.0)
    x[500:2500] *= 0.01
    x += tone(50.1, 0.9, len(x))
    params = condition_params(lead_off_mains_mv=0.5)
    y, flags = run(x, 7, params=params)
    expected_y, expected_flags = expected(x, 7, params)
    assert y.tobytes() == expected_y.tobytes()
    assert flags.tolist() == expected_flags
    assert marked(flags, FLAG_LEAD_OFF)
    assert max(marked(flags, FLAG_LEAD_OFF)) < 2800


@given(spoiled(hearts()), st.integers(0, 2**40), st.sampled_from((np.inf, 4.0)), st.sampled_from((3.0, 0.1)), st.data())
def test_it_equals_the_oracle_bit_for_bit_however_it_is_cut(
    x: Signal, first: int, rail: float, lead_off_mains: float, data: st.DataObject
) -> None:
    params = condition_params(rail_low_mv=-rail, rail_high_mv=rail, lead_off_mains_mv=lead_off_mains)
    expected_y, expected_flags = expected(x, first, params)
    state, at = fresh(), first
    for piece in pieces(x, data.draw(cuts_of(len(x)))):
        y, flags = run(piece, at, state, params)
        begin = at - first
        assert y.tobytes() == expected_y[begin : begin + len(piece)].tobytes()
        assert flags.tolist() == expected_flags[begin : begin + len(piece)]
        at += len(piece)


def test_a_reset_forgets_everything() -> None:
    state = fresh()
    x, _ = heart(GRID_HZ, 5.0)
    x[700:] = np.nan
    run(x + tone(50.0, 0.3, len(x)), 12, state)
    condition_reset(state[0])
    assert state.tobytes() == fresh().tobytes()


# --- baseline -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-300.0, 0.5, 900.0])
def test_an_offset_of_any_size_leaves_no_transient(offset: float) -> None:
    x, _ = heart(GRID_HZ, 6.0)
    plain, _ = run(x)
    moved, _ = run(x + offset)
    np.testing.assert_allclose(moved, plain, rtol=0, atol=1e-11 * abs(offset))


@pytest.mark.parametrize(
    ("hz", "least", "most"), [(0.05, 0.0, 0.15), (0.25, 0.3, 0.6), (0.5, 0.6, 0.85), (5.0, 0.95, 1.1), (20.0, 0.98, 1.02)]
)
def test_the_baseline_filter_is_a_high_pass_at_half_a_hertz(hz: float, least: float, most: float) -> None:
    n = 60 * GRID_HZ
    y, _ = run(tone(hz, 1.0, n))
    assert least <= np.sqrt(2) * np.std(y[n // 2 :]) <= most


def test_an_r_wave_keeps_its_place_and_height() -> None:
    x, peaks = heart(GRID_HZ, 30.0, noise_mv=0.0)
    y, _ = run(x)
    for peak in peaks[(peaks > 250) & (peaks < len(x) - 15)]:
        around = slice(peak - 10, peak + 10)
        assert abs(int(np.argmax(y[around])) - int(np.argmax(x[around]))) <= 1
        assert y[peak] - y[peak - 25] == pytest.approx(x[peak] - x[peak - 25], rel=0.02)
    # The baseline has begun to follow the R wave when the S wave comes, which is the deeper for it.
    np.testing.assert_allclose(qrs_heights(y, peaks), qrs_heights(x, peaks), rtol=0.05)


def test_gain_scales_and_inversion_mirrors_the_output() -> None:
    x, _ = heart(GRID_HZ, 10.0)
    y, _ = run(x)
    for gain in (0.25, 4.0, -1.0):
        assert np.array_equal(run(gain * x)[0], gain * y)


def test_it_is_back_half_a_second_after_a_jump() -> None:
    x, _ = heart(GRID_HZ, 12.0)
    plain, _ = run(x)
    x[5 * GRID_HZ :] += 40.0
    y, _ = run(x)
    np.testing.assert_allclose(seconds(y, 5.8, 12.0), seconds(plain, 5.8, 12.0), atol=0.25)
    np.testing.assert_allclose(seconds(y, 7.0, 12.0), seconds(plain, 7.0, 12.0), atol=0.03)


# --- mains --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", MAINS_HZ)
@pytest.mark.parametrize(("mv", "least_cut_db"), [(0.02, 18.0), (0.1, 30.0), (1.0, 40.0)])
@pytest.mark.parametrize("bpm", [55.0, 100.0, 170.0])
def test_mains_is_found_within_two_seconds_and_cut(hz: float, mv: float, least_cut_db: float, bpm: float) -> None:
    x, peaks = heart(GRID_HZ, 20.0, bpm=bpm, noise_mv=0.005)
    plain, plain_flags = run(x)
    assert not plain_flags.any()
    y, flags = run(x + tone(hz, mv, len(x)))
    assert (flags[2 * GRID_HZ :] == FLAG_MAINS).all()
    assert cut_db(seconds(y, 2.0, 20.0), seconds(plain, 2.0, 20.0), mv) >= least_cut_db
    np.testing.assert_allclose(qrs_heights(y, peaks), qrs_heights(plain, peaks), rtol=0.02)


@pytest.mark.parametrize("record", QUIET_RECORDS)
def test_mains_is_found_and_cut_on_real_hearts(edgeecg_data: Path, record: str) -> None:
    path = edgeecg_data / "mitdb" / record
    lead = read_record(path).lead(0).millivolts()[: 360 * 60]
    marks = read_annotations(path.with_suffix(".atr"))
    beats = marks.samples[np.isin(marks.symbols, list("NLRVAJFE"))] * GRID_HZ // 360
    x = resample_poly(lead, 25, 36)
    peaks = beats[beats < len(x)]
    plain, plain_flags = run(x)
    assert not (plain_flags & FLAG_MAINS).any()
    for hz in MAINS_HZ:
        y, flags = run(x + tone(hz, 1.0, len(x)))
        assert (flags[2 * GRID_HZ :] == FLAG_MAINS).all()
        assert cut_db(seconds(y, 2.0, 60.0), seconds(plain, 2.0, 60.0), 1.0) >= 30.0
        np.testing.assert_allclose(qrs_heights(y, peaks), qrs_heights(plain, peaks), rtol=0.02)


@pytest.mark.parametrize("hz", [50.0, 60.2])
def test_mains_may_appear_change_and_vanish(hz: float) -> None:
    x, _ = heart(GRID_HZ, 25.0, noise_mv=0.005)
    plain, _ = run(x)
    t = np.arange(len(x)) / GRID_HZ
    loudness = np.select([t < 5, t < 10, t < 15, t < 20], [0.0, 0.1, 0.5, 0.2], 0.0)
    y, flags = run(x + loudness * tone(hz, 1.0, len(x)), first=1_000_003)
    off = np.abs(y - plain)
    assert not flags[: 5 * GRID_HZ].any()
    for begin, end, mv in ((7, 10, 0.1), (11, 15, 0.5), (16, 20, 0.2)):
        assert (seconds(flags, begin, end) == FLAG_MAINS).all()
        assert seconds(off, begin, end).max() < max(0.1 * mv, 0.02)
    assert seconds(off, 21, 25).max() < 0.01
    assert not seconds(flags, 22, 25).any()


def test_a_heart_as_regular_as_a_clock_is_not_taken_for_mains() -> None:
    t = np.arange(60 * GRID_HZ) % GRID_HZ / GRID_HZ
    x = np.exp(-0.5 * ((t - 0.4) / 0.008) ** 2)
    y, flags = run(x)
    deaf = condition_params(mains_min_mv=1e6)
    assert not flags.any()
    assert y.tobytes() == run(x, params=deaf)[0].tobytes()


def test_noise_alone_is_seldom_taken_for_mains_and_then_little_is_taken_off() -> None:
    x = np.random.default_rng(5).normal(0.0, 0.05, 600 * GRID_HZ)
    y, flags = run(x)
    unheard, _ = run(x, params=condition_params(mains_min_mv=1e6))
    assert np.mean(flags & FLAG_MAINS > 0) < 0.02
    assert np.abs(y - unheard).max() < 0.05


# --- bad input ----------------------------------------------------------------------------------------------------


def marked(flags: NDArray[np.uint8], bit: int) -> list[int]:
    return [int(i) for i in np.flatnonzero(flags & bit)]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_what_is_no_voltage_is_invalid_and_held(value: float) -> None:
    x, _ = heart(GRID_HZ, 6.0)
    x[800:810] = value
    y, flags = run(x)
    assert marked(flags, FLAG_INVALID) == list(range(800, 810))
    np.testing.assert_allclose(y[800:810], y[799], atol=0.02)


def test_known_rails_saturate_at_once() -> None:
    x, _ = heart(GRID_HZ, 6.0)
    x[800:900] = 4.999
    _, flags = run(x, params=condition_params(rail_low_mv=-5.0, rail_high_mv=5.0))
    assert marked(flags, FLAG_SATURATED) == list(range(800, 900))


@pytest.mark.parametrize("rail", [5.0, -7.0])
def test_an_unknown_rail_is_known_by_its_standing_still_far_out(rail: float) -> None:
    x, _ = heart(GRID_HZ, 6.0)
    x[800:900] = rail
    _, flags = run(x)
    assert marked(flags, FLAG_SATURATED) == list(range(812, 900))


def test_a_flat_line_is_flat_after_two_seconds_and_not_one_sample_longer() -> None:
    x, _ = heart(GRID_HZ, 12.0)
    x[1000:2000] = x[1000]
    _, flags = run(x)
    assert marked(flags, FLAG_FLAT) == list(range(1500, 2000))


def test_a_pause_of_a_slow_heart_without_noise_is_not_flat() -> None:
    x, _ = heart(GRID_HZ, 30.0, bpm=30.0, noise_mv=0.0)
    assert not (run(x)[1] & FLAG_BAD).any()


def test_a_huge_offset_is_a_lead_off() -> None:
    x, _ = heart(GRID_HZ, 6.0)
    x[800:900] += 350.0
    _, flags = run(x, params=condition_params(lead_off_mv=330.0))
    assert marked(flags, FLAG_LEAD_OFF) == list(range(800, 900))


def test_huge_mains_without_a_heart_is_a_lead_off_and_with_one_is_not() -> None:
    x, _ = heart(GRID_HZ, 20.0)
    hum = tone(50.1, 10.0, len(x))
    _, with_heart = run(x + hum)
    _, without = run(0.05 * x + hum)
    assert not (with_heart & FLAG_LEAD_OFF).any()
    assert (without[6 * GRID_HZ :] & FLAG_LEAD_OFF).all()


@pytest.mark.parametrize(("value", "params"), [(np.nan, {}), (5.0, {}), (5.0, {"rail_high_mv": 5.0}), (400.0, {"lead_off_mv": 330.0})])
@pytest.mark.parametrize("length", [20, 400])
def test_it_is_back_half_a_second_after_a_bad_stretch(value: float, params: dict[str, float], length: int) -> None:
    x, _ = heart(GRID_HZ, 12.0)
    x += np.linspace(0.0, 4.0, len(x))
    plain, _ = run(x)
    begin, end = 1000, 1000 + length
    x[begin:end] = value
    y, flags = run(x, params=condition_params(**params))
    assert not flags[end:].any()
    after = end + GRID_HZ // 2
    assert np.abs(y[begin:after]).max() < 6.0
    np.testing.assert_allclose(y[after:], plain[after:], atol=0.2)


def test_mains_stays_locked_through_a_short_dropout() -> None:
    x, _ = heart(GRID_HZ, 12.0, noise_mv=0.005)
    plain, _ = run(x)
    x += tone(50.2, 0.5, len(x))
    x[1000:1100] = np.nan
    y, flags = run(x)
    assert (flags[250:] & FLAG_MAINS).all()
    assert np.abs(y[1130:] - plain[1130:]).max() < 0.1


def test_denormals_do_not_stay() -> None:
    x, _ = heart(GRID_HZ, 40.0, noise_mv=0.0)
    x[1000:9000] = 5e-310
    state = fresh()
    y, _ = run(x, state=state)
    assert np.isfinite(y).all()
    held = np.concatenate([np.ravel(state[name]) for name in CONDITION_STATE.names or () if CONDITION_STATE[name].base.kind == "f"])
    assert (np.abs(held[held != 0.0]) > np.finfo(float).tiny).all()
