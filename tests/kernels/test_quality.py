"""What `quality` claims: equal to its oracle however cut, seconds rated by what is in them, on time, never better for more noise."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import resample_poly

from edgeecg.evals.ec57 import truth_of
from edgeecg.evals.noise import mix, read_noise
from edgeecg.evals.pairing import pair
from edgeecg.io.wfdb import read_annotations, read_record
from edgeecg_kernels.condition import condition, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, MAINS_RING, condition_params
from edgeecg_kernels.qrs import qrs, qrs_reset
from edgeecg_kernels.qrs_state import QRS_STATE, qrs_params
from edgeecg_kernels.quality import QUALITY_BOUND, quality, quality_finish, quality_reset
from edgeecg_kernels.quality_state import (
    FEATURES,
    QUALITY_STATE,
    REASON_BAD_SAMPLES,
    REASON_DOUBT,
    REASONS,
    quality_params,
)
from edgeecg_kernels.state import EVENT, GRID_HZ, KIND_BEAT, KIND_QUALITY, LEFT_OPEN
from tests.laws.signals import Signal, cuts_of, heart, hearts, pieces, spoiled
from tests.naive import quality as naive

Rows = NDArray[np.void]


class Chain:
    """Condition, detector and quality, as the engine runs them on one lead."""

    def __init__(self, first: int = 0) -> None:
        self.at = first
        self.condition, self.qrs, self.quality = np.zeros(1, CONDITION_STATE), np.zeros(1, QRS_STATE), np.zeros(1, QUALITY_STATE)
        condition_reset(self.condition[0])
        qrs_reset(self.qrs[0])
        quality_reset(self.quality[0])
        self.limits, self.taught, self.calibrated = condition_params(rail_low_mv=-5.0, rail_high_mv=5.0), qrs_params(), quality_params()
        self.clean, self.flags = np.empty(0), np.empty(0, np.uint8)

    def feed(self, x: Signal) -> Rows:
        y, flags, rows = np.empty(len(x)), np.empty(len(x), np.uint8), np.zeros(len(x) + 64, EVENT)
        condition(self.condition, self.limits, x, self.at, y, flags)
        n_beats = qrs(self.qrs, self.taught, y, flags, self.at, rows)
        mains = self.condition["mains_mv"][0]
        n = quality(self.quality, self.calibrated, y, flags, self.at, mains, rows, n_beats)
        self.at += len(x)
        self.clean, self.flags = np.append(self.clean, y), np.append(self.flags, flags)
        return rows[:n]


def run(x: Signal, first: int = 0, block: int = 125) -> Rows:
    chain = Chain(first)
    return np.concatenate([chain.feed(x[at : at + block]) for at in range(0, len(x), block)])


def ratings(rows: Rows) -> Rows:
    return np.asarray(rows[rows["kind"] == KIND_QUALITY])


def good(rows: Rows) -> NDArray[np.bool_]:
    return np.asarray(ratings(rows)["value"][:, 1] == 1.0)


def table() -> naive.Table:
    p = quality_params()[0]
    return naive.Table(p["knee"].tolist(), p["weight"].tolist(), float(p["bias"]), float(p["good"]))


@given(spoiled(hearts(seconds=9.0)), st.integers(0, 2**40), st.data())
def test_it_equals_the_oracle_bit_for_bit_however_it_is_cut(x: Signal, first: int, data: st.DataObject) -> None:
    chain = Chain(first)
    rows = np.concatenate([chain.feed(piece) for piece in pieces(x, data.draw(cuts_of(len(x))))])
    beats = [
        naive.Beat(int(row["sample"]), int(row["known_at"]), float(row["value"][0]), float(row["value"][7]), row["value"][6] >= LEFT_OPEN)
        for row in rows[rows["kind"] == KIND_BEAT]
    ]
    expected = naive.quality(naive.Signal(chain.clean.tolist(), chain.flags.tolist(), first), beats, table())
    found = [(int(row["sample"]), int(row["known_at"]), *map(float, row["value"][:5]), float(row["value"][7])) for row in ratings(rows)]
    assert found == [
        (one.start, one.known_at, one.index, float(one.good), float(one.reason), one.bad_share, one.noise_mv, one.level_mv)
        for one in expected
    ]


@pytest.mark.parametrize("first", [0, 1, 124, 251, 10**9 + 7])
def test_every_whole_second_is_rated_once_and_on_time(first: int) -> None:
    x, _ = heart(GRID_HZ, 20.0)
    rows = ratings(run(x, first))
    second = -(-first // GRID_HZ) * GRID_HZ
    assert rows["sample"].tolist() == list(range(second, first + len(x) - QUALITY_BOUND, GRID_HZ))
    assert (rows["known_at"] - rows["sample"] == QUALITY_BOUND).all()
    assert ((rows["value"][:, 0] >= 0.0) & (rows["value"][:, 0] <= 1.0)).all()


@pytest.mark.parametrize("bpm", [45.0, 75.0, 150.0])
@pytest.mark.parametrize("gain", [0.25, 1.0, -1.0, 4.0])
def test_a_clean_heart_is_good_at_any_gain(bpm: float, gain: float) -> None:
    x, _ = heart(GRID_HZ, 60.0, bpm=bpm)
    assert good(run(gain * x))[4:].mean() >= 0.97


def test_noise_alone_is_not_good() -> None:
    rng = np.random.default_rng(3)
    motion = np.cumsum(rng.normal(0.0, 0.1, 60 * GRID_HZ))
    for x in (rng.normal(0.0, 0.3, 60 * GRID_HZ), motion - np.convolve(motion, np.ones(50) / 50, "same")):
        assert good(run(x)).mean() < 0.05


def test_a_burst_of_noise_spoils_its_own_seconds_and_not_those_long_after() -> None:
    x, _ = heart(GRID_HZ, 60.0)
    x[20 * GRID_HZ : 30 * GRID_HZ] += np.random.default_rng(4).normal(0.0, 0.6, 10 * GRID_HZ)
    rated = good(run(x))
    assert rated[4:18].all()
    assert not rated[21:30].any()
    assert rated[40:].all()


def test_bad_samples_count_against_a_second_and_are_its_reason() -> None:
    x, _ = heart(GRID_HZ, 20.0)
    x[10 * GRID_HZ + 20 : 10 * GRID_HZ + 70] = np.nan
    rows = ratings(run(x))
    assert rows["value"][:, 3].tolist() == [0.2 if k == 10 else 0.0 for k in range(len(rows))]
    assert rows["value"][10, :3].tolist() == [rows["value"][10, 0], 0.0, REASON_BAD_SAMPLES]
    assert rows["value"][10, 0] <= 0.8


def test_a_reason_is_given_where_and_only_where_a_second_is_not_good() -> None:
    x, _ = heart(GRID_HZ, 40.0)
    x += np.random.default_rng(4).normal(0.0, 1.0, len(x)) * np.linspace(0.0, 1.5, len(x))
    rows = ratings(run(x))
    assert 0 < good(rows).sum() < len(rows)
    assert ((rows["value"][:, 2] == 0.0) == good(rows)).all()


def rated_with(open_beat: int | None) -> Rows:
    """Rate a minute of a heart whose detector was sure of all beats, and of one that nothing was missed before it."""
    x, beats = heart(GRID_HZ, 60.0)
    chain, out = Chain(), np.zeros(256, EVENT)
    chain.feed(x)
    places = np.asarray(beats, np.int64)
    rows = out[: len(places)]
    rows["kind"], rows["sample"], rows["known_at"] = KIND_BEAT, places, places + 46
    rows["value"][:, 0], rows["value"][:, 7] = 1.0, 1.0
    if open_beat is not None:
        rows["value"][open_beat, 6] = LEFT_OPEN
    state, n = np.zeros(1, QUALITY_STATE), len(places)
    quality_reset(state[0])
    return ratings(out[: quality(state, quality_params(), chain.clean, chain.flags, 0, chain.condition["mains_mv"][0], out, n)].copy())


def test_a_second_is_not_good_while_its_rate_rests_on_what_may_have_been_a_beat() -> None:
    sure, doubtful = rated_with(None), rated_with(30)
    changed = np.flatnonzero(good(sure) != good(doubtful))
    _, beats = heart(GRID_HZ, 60.0)
    first, after = int(beats[30]) // GRID_HZ, int(beats[40]) // GRID_HZ
    assert changed.tolist() == list(range(first, after))
    assert (doubtful["value"][changed, 2] == REASON_DOUBT).all()
    assert doubtful["value"][:, [0, 6]].tolist() == sure["value"][:, [0, 6]].tolist()
    assert (doubtful["value"][changed, 6] == 1.0).all()


def test_a_second_is_not_good_before_three_intervals_are_known_and_a_gap_changes_nothing_in_that() -> None:
    rows = rated_with(None)
    _, beats = heart(GRID_HZ, 60.0)
    third = int(beats[3]) // GRID_HZ
    assert good(rows).tolist() == [k >= third for k in range(len(rows))]
    x, _ = heart(GRID_HZ, 20.0)
    chain = Chain()
    chain.feed(x)
    known = chain.quality["intervals"][0]
    finish(chain)
    assert chain.quality["intervals"][0] == known > 3
    quality_reset(chain.quality[0])
    assert chain.quality["intervals"][0] == 0


@pytest.mark.parametrize("noise_mv", [0.01, 0.05, 0.2])
def test_the_noise_estimate_is_that_of_white_noise(noise_mv: float) -> None:
    x, _ = heart(GRID_HZ, 60.0, noise_mv=noise_mv)
    assert np.median(ratings(run(x))["value"][:, 4]) == pytest.approx(noise_mv, rel=0.3)


def test_the_mains_taken_off_is_reported() -> None:
    x, _ = heart(GRID_HZ, 20.0)
    x[10 * GRID_HZ :] += 0.3 * np.sin(2 * np.pi * 50 / GRID_HZ * np.arange(10 * GRID_HZ))
    mains_mv = ratings(run(x))["value"][:, 5]
    assert (mains_mv[:10] == 0.0).all()
    np.testing.assert_allclose(mains_mv[12:], 0.3, rtol=0.05)
    assert QUALITY_BOUND + 1024 < MAINS_RING * GRID_HZ, "a block of the engine must not outrun the ring"


def test_no_weight_is_negative_and_every_feature_has_a_reason() -> None:
    p = quality_params()[0]
    assert (p["weight"] >= 0.0).all()
    assert (p["knee"] > 0.0).all()
    assert len(REASONS) == len(FEATURES)


@pytest.mark.parametrize("record", ["119", "205"])
@pytest.mark.parametrize("snr_db", [None, 6.0, -6.0])
def test_a_good_second_of_a_real_heart_is_good_even_under_electrode_motion(edgeecg_data: Path, record: str, snr_db: float | None) -> None:
    path = edgeecg_data / "mitdb" / record
    recording, annotations = read_record(path), read_annotations(path.with_suffix(".atr"))
    lead = recording.lead(0).millivolts()
    if snr_db is not None:
        lead = mix(recording, annotations, read_noise(edgeecg_data / "nstdb" / "118e06"), snr_db)
    rows = run(np.asarray(resample_poly(lead[: 360 * 720], 25, 36)))
    starts, rated = ratings(rows)["sample"], good(rows)
    truth = truth_of(annotations).beats
    detected = np.sort(rows["sample"][rows["kind"] == KIND_BEAT]) * 360 // GRID_HZ
    pairing = pair(truth[truth < starts[-1] * 360 // GRID_HZ], detected, 54)

    def in_good(samples: NDArray[np.int64]) -> int:
        second = np.searchsorted(starts, samples * GRID_HZ // 360, side="right") - 1
        return int(rated[second].sum())

    missed, hit = in_good(pairing.reference[~pairing.found]), in_good(pairing.reference[pairing.found])
    false = in_good(pairing.detected[pairing.false])
    assert hit / (hit + 0.5 * (missed + false)) >= 0.995
    if snr_db is None:
        assert rated.mean() >= 0.97
    else:
        assert 0.4 < rated.mean() < 0.97


def finish(chain: Chain) -> Rows:
    rows = np.zeros(4, EVENT)
    mains = chain.condition["mains_mv"][0]
    n = quality_finish(chain.quality[0], chain.calibrated[0], chain.at - 1, 0, mains, rows, 0, 0)
    return rows[:n]


@pytest.mark.parametrize(("seconds", "pending"), [(10.0, [9]), (10.2, [9]), (10.5, []), (10.9, []), (0.5, []), (1.0, [0])])
def test_the_end_of_a_stretch_rates_the_second_that_waits(seconds: float, pending: list[int]) -> None:
    x, _ = heart(GRID_HZ, seconds)
    chain = Chain()
    chain.feed(x)
    rows = finish(chain)
    assert (rows["sample"] // GRID_HZ).tolist() == pending
    assert (rows["known_at"] == chain.at - 1).all()


def test_a_reset_forgets_all_that_matters() -> None:
    x, _ = heart(GRID_HZ, 12.0)
    noisy = x + np.random.default_rng(1).normal(0.0, 0.5, len(x))
    chain = Chain()
    chain.feed(noisy)
    condition_reset(chain.condition[0])
    qrs_reset(chain.qrs[0])
    quality_reset(chain.quality[0])
    chain.at = 0
    assert chain.feed(x).tobytes() == run(x, block=len(x)).tobytes()


def test_its_state_stays_finite_and_of_one_size() -> None:
    x, _ = heart(GRID_HZ, 30.0)
    x[1000:1100], x[2000:2300], x[3000:3001], x[4000:6000] = np.nan, 1e300, -np.inf, 5e-324
    chain = Chain()
    size = chain.quality.nbytes
    for at in range(0, len(x), 99):
        assert np.isfinite(chain.feed(x[at : at + 99])["value"]).all()
        floats: list[Any] = [chain.quality[name] for name in QUALITY_STATE.names or () if QUALITY_STATE[name].base.kind == "f"]
        assert all(np.isfinite(values).all() for values in floats)
    assert chain.quality.nbytes == size
