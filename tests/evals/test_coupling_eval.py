"""What `edgeecg eval coupling` measures by: figures worked out by hand, people whose kernel is found, controls that say nothing."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from edgeecg.cli import main
from edgeecg.errors import InputError
from edgeecg.evals.coupling import Measured, pearson, summary, truth_of
from edgeecg.evals.coupling_methods import ALL, estimates, middle
from edgeecg.evals.coupling_plots import draw
from edgeecg.evals.coupling_recording import halves
from edgeecg.evals.coupling_subjects import known_person, simulated_person
from edgeecg.evals.coupling_time import against_pot, beat_us
from edgeecg.stages.coupling import in_band


def measured(correlation: float, delay_ms: float, told: float = 1.0) -> Measured:
    return Measured(
        record="r", group="rest", noise="white", snr_db=5.0, method="nmcse", pearson=correlation, delay_ms=delay_ms,
        kernel_ms=2 * delay_ms, beat_delay_ms=np.nan, told=told,
    )  # fmt: skip


def test_a_summary_is_what_a_hand_gives() -> None:
    rows = summary([measured(0.9, -2.0), measured(0.8, 4.0), measured(0.6, np.nan, told=0.0)], ("rest",), (5.0,))
    row = next(row for row in rows if row["method"] == "nmcse")
    assert row["pearson_mean"] == pytest.approx(2.3 / 3, abs=1e-4)
    assert row["mse_median"] == pytest.approx(0.4)
    assert row["slips"] == pytest.approx(1 / 3, abs=1e-4)
    assert row["delay_mean_abs_ms"] == pytest.approx(3.0)
    assert row["kernel_mean_abs_ms"] == pytest.approx(6.0)
    assert row["told_cases"] == pytest.approx(2 / 3, abs=1e-4)
    assert row["beat_delay_mean_abs_ms"] is None


def test_a_kernel_that_says_nothing_is_like_none() -> None:
    assert pearson(np.zeros(5), np.arange(5.0)) == 0.0
    assert pearson(np.arange(5.0), -np.arange(5.0)) == pytest.approx(-1.0)


def test_the_middle_is_that_of_the_first_sound() -> None:
    kernel = np.zeros(601)
    kernel[60:81] = np.hanning(21)
    kernel[300:340] = 3.0
    assert middle(kernel, 50.0) == pytest.approx(70.0, abs=0.1)
    assert np.isnan(middle(np.zeros(601), 50.0))


def test_noise_has_the_snr_it_is_said_to_have_within_the_band() -> None:
    heard = known_person(900, "none").heard
    for kind in ("white", "hospital"):
        noise = heard.with_noise(kind, 5.0, 3).pcg - heard.pcg
        ratio = np.mean(in_band(heard.pcg) ** 2) / np.mean(in_band(noise) ** 2)
        assert 10 * np.log10(ratio) == pytest.approx(5.0, abs=0.01)


def test_ours_finds_a_known_kernel_and_the_controls_do_not() -> None:
    person = known_person(901, "rest")
    found = {name: pearson(one.kernel, person.truth) for name, one in estimates(person.heard.with_noise("pink", 10.0, 1), 1e-4).items()}
    assert set(found) == set(ALL)
    assert found["nmcse"] > 0.85
    assert found["nmcse"] > found["tikhonov"] + 0.05
    assert abs(found["smoothed"]) < 0.3
    assert abs(found["constant"]) < 0.5


def test_people_are_the_same_for_the_same_seed_and_delays_average_to_nothing() -> None:
    one, other = known_person(902, "heavy"), known_person(902, "heavy")
    np.testing.assert_array_equal(one.heard.pcg, other.heard.pcg)
    assert one.delays_ms.mean() == pytest.approx(0.0, abs=1e-9)
    assert one.delays_ms.std() > 3.0
    assert not known_person(902, "none").delays_ms.any()


def test_truth_of_gives_every_method_every_case() -> None:
    rows = list(truth_of([known_person(903, "none")], "none", ("white",), {20.0: 1e-5}))
    assert [row.method for row in rows].count("nmcse") == 1
    assert {row.method for row in rows} == set(ALL)
    ours = next(row for row in rows if row.method == "nmcse")
    assert ours.pearson > 0.9
    assert abs(ours.delay_ms) < 2
    assert abs(ours.kernel_ms) < 6


def test_a_delay_is_from_r_to_s1_whether_the_sound_follows_the_qrs_or_the_instant_of_r() -> None:
    for person, group in ((known_person(904, "rest"), "rest"), (simulated_person(904), "simulate")):
        (ours,) = (row for row in truth_of([person], group, ("pink",), {5.0: 1e-4}) if row.method == "shipped")
        assert abs(ours.delay_ms) < 3
        assert ours.beat_delay_ms < 4
        assert np.isnan(ours.pearson) == (group == "simulate")


def test_what_was_tuned_on_is_not_reported() -> None:
    tuned, fresh = halves([Path(str(n)) for n in range(7)])
    assert not set(tuned) & set(fresh)
    assert len(tuned) + len(fresh) == 7


def test_time_is_told_of_every_beat_and_against_pot_where_it_is() -> None:
    people = [known_person(seed, "rest").heard for seed in (904, 905)]
    told = beat_us(people)
    assert told["beats"] == len(people[1].beats.at)
    assert 0 < told["median"] <= told["p99"] <= told["max"]
    pot = against_pot()
    if pot is not None:
        assert pot["ratio"] > 1


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "coupling", "--parts", "truth", "--people", "1", "--snr", "10", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {row["group"] for row in said["truth"]} == {"none", "rest", "heavy", "simulate"}
    assert said["ridges"]["10"] > 0


def test_a_picture_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--to: nothing to draw"):
        draw([], [], tmp_path / "x.png")


def test_a_picture_without_matplotlib_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["eval", "coupling", "--to", str(tmp_path / "x.png")]) == 2
    assert "pip install 'edgeecg[plot]'" in capsys.readouterr().err
