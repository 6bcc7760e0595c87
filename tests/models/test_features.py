"""What a tree reads: always as many numbers, finite or missing, whatever the window; and what is said of known rhythms is known."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.models.features import HEARD, NAMES, SETS, beat, rhythm, strip
from edgeecg.models.features.heart_sound import SOUND_LEN
from edgeecg.types import BEAT_FIELDS
from edgeecg_kernels.features_sequence import N_SEQUENCE
from edgeecg_kernels.features_strip import AFTER, BEAT, BEFORE, typical_of

GRID_HZ = 250
LENGTH = 2500
TABLE = {"rhythm-3": N_SEQUENCE}
"""What follows the values that have names: the table of the minute's beats."""


def heart(length: int, at_s: NDArray[np.float64], widths: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
    """An R wave at each moment, a P before it and a T behind."""
    t = np.arange(length) / GRID_HZ
    x = np.zeros(length)
    for k, peak in enumerate(at_s):
        width = 0.012 if widths is None else float(widths[k])
        x += np.exp(-0.5 * ((t - peak) / width) ** 2) + 0.12 * np.exp(-0.5 * ((t - peak + 0.17) / 0.025) ** 2)
        x += 0.3 * np.exp(-0.5 * ((t - peak - 0.28) / 0.05) ** 2)
    return x.astype(np.float32)


def rows(at_s: NDArray[np.float64]) -> NDArray[np.float32]:
    told = np.zeros((len(at_s), len(BEAT_FIELDS)), np.float32)
    told[:, 0] = at_s
    told[:, 1:] = (0.95, 1, 90, 1, 0.1, 1)
    return told


def named(asked: str, x: NDArray[np.float32], told: NDArray[np.float32]) -> dict[str, float]:
    return dict(zip(NAMES[asked], SETS[asked](x, told).tolist(), strict=False))


@pytest.mark.parametrize("asked", SETS)
def test_every_value_has_a_name_and_no_name_comes_twice(asked: str) -> None:
    x, told = heart(LENGTH, np.arange(0.6, 9.9, 0.8)), rows(np.arange(0.8, 9.9, 0.8))
    values = SETS[asked](x, told)
    assert values.dtype == np.float32
    assert len(values) == len(NAMES[asked]) + TABLE.get(asked, 0)
    assert len(NAMES[asked]) == len(set(NAMES[asked]))


@pytest.mark.parametrize("asked", SETS)
@given(data=st.data())
def test_no_window_makes_an_infinity_or_a_warning(asked: str, data: Any) -> None:
    length = LENGTH
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))
    n_beats = data.draw(st.sampled_from([0, 1, 2, 3, 4, 7, 12, 40]), label="beats")
    size = data.draw(st.sampled_from([0.0, 1e-6, 1.0, 1e5]), label="size")
    x = (size * rng.normal(size=length)).astype(np.float32)
    x[rng.random(length) < data.draw(st.sampled_from([0.0, 0.1, 1.0]), label="missing")] = np.nan
    at = np.sort(rng.uniform(-5, length / GRID_HZ, n_beats))
    if n_beats and data.draw(st.booleans(), label="about a beat"):
        at[-1] = beat.BEFORE_S
    told = rows(np.sort(at))
    told[:, 1:] = np.abs(rng.normal(size=(n_beats, 6))) * data.draw(st.sampled_from([0.0, 1.0, 300.0]), label="values")
    values = SETS[asked](x, told)
    assert len(values) == len(NAMES[asked]) + TABLE.get(asked, 0)
    assert not np.isinf(values).any(), np.flatnonzero(np.isinf(values))
    assert not np.isnan(values[len(NAMES[asked]) :]).any(), "a net cannot read what is not known"


ODD = {
    "not known": (0, np.nan), "not known last": (-1, np.nan), "without end": (-1, np.inf), "without beginning": (0, -np.inf),
    "in no int64": (-1, 1e30), "long before": (0, -1e30), "not in order": (4, -1e4),
}  # fmt: skip


@pytest.mark.parametrize("asked", [*SETS, *HEARD])
@pytest.mark.parametrize("odd", ODD)
def test_a_beat_at_no_moment_is_refused_by_name_and_reaches_no_kernel(asked: str, odd: str) -> None:
    told = rows(np.arange(0.6, 9.9, 0.8))
    at, moment = ODD[odd]
    told[at, 0] = moment
    sentence = f"beats: the moment {moment:g} s of beat {at % len(told)} is not known, within 1e+06 s, and behind the beat before"
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        asked_with(asked, told)


@pytest.mark.parametrize("asked", [*SETS, *HEARD])
def test_rows_of_another_shape_are_refused_by_name(asked: str) -> None:
    for told in (rows(np.arange(0.6, 9.9, 0.8))[:, :3], np.arange(0.6, 9.9, 0.8, dtype=np.float32)):
        with pytest.raises(InputError, match=r"^beats: an array of shape .* is not rows of 7 values: offset_s, confidence"):
            asked_with(asked, told)


def test_a_window_that_ends_within_its_beat_is_refused_by_name() -> None:
    shortest, told = round(beat.BEFORE_S * GRID_HZ) + AFTER, rows(np.arange(0.6, 9.5, 0.8))
    assert len(SETS["beat-3"](heart(shortest, told[:, 0].astype(np.float64)), told)) == len(beat.NAMES)
    with pytest.raises(InputError, match=rf"^window: {shortest - 1} samples is not the {shortest} or more"):
        SETS["beat-3"](heart(shortest - 1, told[:, 0].astype(np.float64)), told)


def asked_with(asked: str, told: NDArray[np.float32]) -> NDArray[np.float32]:
    x = heart(LENGTH, np.arange(0.6, 9.9, 0.8))
    return HEARD[asked][0](x, told, np.zeros(SOUND_LEN, np.float32)) if asked in HEARD else SETS[asked](x, told)


@given(gain=st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_what_is_said_of_time_does_not_depend_on_the_gain(gain: float) -> None:
    at = np.array([0.7, 1.5, 2.2, 3.1, 3.9, 4.8, 5.5, 6.3, 7.2, 8.0, 8.8])
    x, told = heart(2500, at), rows(at)
    plain, louder = named("rhythm-3", x, told), named("rhythm-3", x * np.float32(gain), told)
    alike = [name for name in rhythm.NAMES if not name.endswith(("size_mv", "t_height"))]
    np.testing.assert_allclose([louder[name] for name in alike], [plain[name] for name in alike], rtol=2e-2, atol=2e-2)


def of_intervals(rr: NDArray[np.float64]) -> dict[str, float]:
    at = np.concatenate(([0.0], np.cumsum(rr))) - 0.5
    return named("rhythm-3", heart(LENGTH, at), rows(at))


def test_a_regular_rhythm_scatters_nowhere() -> None:
    said = of_intervals(np.full(11, 0.8))
    assert said["minute_rr_mean"] == pytest.approx(0.8)
    assert said["minute_rr_cv"] == pytest.approx(0.0, abs=1e-6)
    assert said["minute_rr_kept_share"] == 1.0
    assert said["minute_drr_over_20ms"] == 0.0
    assert said["minute_lorenz_evidence"] < 0


def test_bigeminy_is_told_from_fibrillation() -> None:
    paired = of_intervals(np.tile([0.6, 1.0], 6))
    random = of_intervals(np.array([0.62, 0.91, 0.55, 0.78, 1.02, 0.66, 0.83, 0.51, 0.97, 0.71, 0.88, 0.59]))
    assert paired["minute_same_as_before_last"] == pytest.approx(0.0, abs=1e-5)
    assert paired["minute_turning"] == 1.0
    assert paired["minute_cosen"] < random["minute_cosen"]
    assert random["minute_lorenz_evidence"] > paired["minute_lorenz_evidence"]


def test_the_minute_knows_beats_that_the_window_does_not() -> None:
    at = np.concatenate((np.arange(-49.5, 0, 1.0), np.arange(0.4, 9.9, 0.5)))
    said = named("rhythm-3", heart(LENGTH, at), rows(at))
    assert said["rr_n"] == 18
    assert said["rr_median"] == pytest.approx(0.5)
    assert said["minute_rr_n"] == len(at) - 1
    assert said["minute_rr_median"] == pytest.approx(1.0)


def test_one_early_beat_is_seen_and_left_out_of_what_is_kept() -> None:
    at = np.cumsum([0.6, 0.8, 0.8, 0.8, 0.5, 1.1, 0.8, 0.8, 0.8, 0.8])
    said = named("rhythm-3", heart(2500, at), rows(at))
    assert said["rr_short"] == pytest.approx(1 / 9)
    assert said["rr_long"] == pytest.approx(1 / 9)
    assert said["rr_kept_cv"] == pytest.approx(0.0, abs=1e-4)
    assert said["compensated"] == pytest.approx(0.0, abs=1e-4)


def test_a_fine_wave_between_beats_is_found_at_its_rate() -> None:
    at = np.arange(0.6, 9.6, 0.9)
    wave = 0.08 * np.sin(2 * np.pi * 6.0 * np.arange(2500) / GRID_HZ)
    with_wave = named("rhythm-3", heart(2500, at) + wave.astype(np.float32), rows(at))
    assert with_wave["f_peak_hz"] == pytest.approx(6.0, abs=0.11)
    assert with_wave["f_share"] > named("rhythm-3", heart(2500, at), rows(at))["f_share"]


def test_an_early_wide_beat_is_unlike_those_before() -> None:
    at = np.append(np.arange(0.8, 8.8, 0.8), beat.BEFORE_S)
    narrow = np.full(len(at), 0.012)
    wide = np.append(narrow[:-1], 0.045)
    alike, odd = (named("beat-3", heart(LENGTH, at, widths), rows(at)) for widths in (narrow, wide))
    assert alike["a_like"] > 0.97 > odd["a_like"]
    assert odd["o_width_50"] > 2 * alike["o_width_50"]
    assert odd["rr_to_recent"] == pytest.approx((at[-1] - at[-2]) / 0.8, rel=1e-5)


def test_where_the_past_is_missing_nothing_is_said_of_it() -> None:
    at = np.array([beat.BEFORE_S])
    x = heart(LENGTH, at)
    x[: 9 * GRID_HZ] = np.nan
    said = named("beat-3", x, rows(at))
    assert np.isnan(said["a_like"])
    assert np.isnan(said["rr_to_recent"])
    assert np.isfinite(said["o_width_50"])


def test_missing_samples_are_bridged_and_counted() -> None:
    x = heart(2500, np.arange(0.6, 9.6, 0.9))
    x[1000:1250] = np.nan
    assert strip.strip(x).missing == pytest.approx(0.1)
    assert np.isfinite(strip.strip(x).clean).all()


def test_a_window_s_own_bytes_are_stripped_once_and_nothing_that_may_change_is_remembered() -> None:
    rng = np.random.default_rng(2)
    first, second = (rng.normal(size=LENGTH).astype("<f4") for _ in range(2))
    own, other = first.tobytes(), second.tobytes()
    once, again = (strip.strip(np.frombuffer(own, "<f4")) for _ in range(2))
    assert once is again
    np.testing.assert_array_equal(once.clean, strip.strip(first).clean)
    np.testing.assert_array_equal(strip.strip(np.frombuffer(other, "<f4")).clean, strip.strip(second).clean)
    part = strip.strip(np.frombuffer(other, "<f4", count=LENGTH // 2))
    assert len(part.clean) == LENGTH // 2
    before = strip.strip(first).clean
    first[100:200] += 1.0
    assert not np.array_equal(strip.strip(first).clean, before)
    features = SETS["beat-3"](np.frombuffer(own, "<f4"), rows(np.arange(0.6, 9.5, 0.8)))
    np.testing.assert_array_equal(once.clean, strip.strip(np.frombuffer(bytes(bytearray(own)), "<f4")).clean)
    np.testing.assert_array_equal(features, SETS["beat-3"](np.frombuffer(own, "<f4").copy(), rows(np.arange(0.6, 9.5, 0.8))))


def test_a_run_is_known_by_its_onset_however_long_ago() -> None:
    sinus, onset = np.arange(beat.BEFORE_S - 45, beat.BEFORE_S - 20, 0.8), beat.BEFORE_S - 20
    run = np.append(np.arange(onset, beat.BEFORE_S - 0.2, 0.4), beat.BEFORE_S)
    x = heart(LENGTH, run[run > 0], np.full((run > 0).sum(), 0.012))
    sudden = named("beat-3", x, rows(np.concatenate((sinus, run))))
    assert sudden["run_n"] >= 49
    assert sudden["run_to_before"] == pytest.approx(0.5, abs=0.02)
    assert sudden["rr_to_slowest"] == pytest.approx(0.5, abs=0.02)
    hastens = np.cumsum(np.concatenate((np.full(20, 0.8), np.linspace(0.8, 0.4, 25), np.full(45, 0.4))))
    slowly = named("beat-3", x, rows(hastens - hastens[-1] + beat.BEFORE_S))
    assert slowly["run_step"] > 0.9
    assert slowly["run_to_before"] > 0.75


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 14, 41, 360])
def test_the_typical_beat_is_the_median_of_each_sample(n: int) -> None:
    rng = np.random.default_rng(n)
    y = rng.choice((-1.0, -0.0, 0.0, 0.5, 1.0), 4000) * rng.choice((1.0, 1.0, rng.normal()), 4000)
    peaks = np.sort(rng.integers(BEFORE, len(y) - AFTER, n))
    typical, ordered = np.zeros(BEAT + 1), np.zeros(2 * n + 4)
    typical_of(y, peaks, n, ordered, typical)
    np.testing.assert_array_equal(typical[:BEAT], np.median([y[at - BEFORE : at + AFTER] for at in peaks], axis=0))
    assert typical[BEAT] == 0, "nothing is written behind it"
