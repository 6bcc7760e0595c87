"""`edgeecg eval alarms`: who judges alarms is judged on alarms whose truth is known."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from edgeecg.cli import main
from edgeecg.evals import alarms, alarms_lost
from edgeecg.evals.alarm_truth import add_up, high_ones, runs_of, score_alarms
from edgeecg.evals.alarms import CASES, Delay, add_noise, alerts_of, delay_figures
from edgeecg.evals.alarms_lost import Loss, over_a_radio
from edgeecg.evals.noise import STRETCH_S, Noise
from edgeecg.io.wfdb import Annotations
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.shapes import qrs_swing_mv
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Alert, AlertState, Priority
from tests.laws.signals import heart

HZ = 100.0


def annotated(*runs: tuple[float, float, str]) -> Annotations:
    """Beats: (from second, interval, their symbols)."""
    rows = sorted((round((start + i * interval) * HZ), symbol) for start, interval, symbols in runs for i, symbol in enumerate(symbols))
    n = len(rows)
    samples, symbols = np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows])
    return Annotations(
        samples=samples,
        symbols=symbols,
        subtypes=np.zeros(n, np.int8),
        channels=np.zeros(n, np.uint8),
        numbers=np.zeros(n, np.int8),
        aux=("",) * n,
    )


def alert(rule: str, seconds: float, limit: float = 5.0, priority: Priority = Priority.HIGH, alert_id: str = "x") -> Alert:
    return Alert(
        stream="s", alert_id=alert_id, revision=1, rule=rule, priority=priority, state=AlertState.RAISED, latched=False, epoch=0,
        onset_sample=0, sample=0, value=0.0, limit=limit, unit="", score=1.0, quality=1.0, text="", reported_at=round(seconds * HZ),
    )  # fmt: skip


def test_runs_are_beats_in_a_row_with_the_rate_of_their_fastest_five() -> None:
    short, slow, fast = (10.0, 0.5, "NVVVN"), (20.0, 0.8, "NVVVVVVN"), (40.0, 0.4, "NVVVVVN")
    runs = runs_of(annotated(short, slow, fast), HZ)
    assert [(run.n_beats, round(run.fastest), run.is_tachycardia) for run in runs] == [(3, 0, False), (6, 75, False), (5, 150, True)]
    assert (runs[0].first, runs[0].last) == (1050, 1150)
    assert runs_of(annotated((0.0, 0.5, "NNVVVV")), HZ)[0].n_beats == 4


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(21.8, "true"), (31.9, "true"), (19.0, "false"), (33.0, "false"), (53.0, "neither"), (81.0, "neither")]
)
def test_tachycardia_is_judged_by_the_runs_around_it(seconds: float, verdict: str) -> None:
    truth = annotated((0.0, 0.8, "N" * 20), (20.0, 0.4, "NVVVVVN"), (50.0, 0.4, "NVVVN"), (80.0, 1.0, "[]"))
    told = alert("v-tach", seconds)
    score = score_alarms("r", [told, replace(told, state=AlertState.CLEARED, reported_at=told.reported_at + 50)], truth, HZ, 10_000)
    assert {name: getattr(score, name)["v-tach"] for name in ("true", "false", "neither")} == {
        name: int(name == verdict) for name in ("true", "false", "neither")
    }
    assert (score.runs, score.found) == (1, int(verdict == "true"))


@pytest.mark.parametrize(
    ("rule", "limit", "seconds", "is_true"),
    [
        ("asystole", 4.0, 24.3, True),
        ("asystole", 4.0, 22.0, False),
        ("extreme-tachycardia", 140.0, 43.0, True),
        ("extreme-tachycardia", 140.0, 18.0, False),
        ("extreme-bradycardia", 40.0, 78.0, True),
        ("extreme-bradycardia", 40.0, 18.0, False),
    ],
)
def test_others_are_judged_by_the_beats_before(rule: str, limit: float, seconds: float, is_true: bool) -> None:
    truth = annotated((0.0, 0.8, "N" * 26), (40.0, 0.4, "N" * 20), (60.0, 1.7, "N" * 20))
    score = score_alarms("r", [alert(rule, seconds, limit)], truth, HZ, 10_000)
    assert (score.true[rule], score.false[rule]) == (int(is_true), int(not is_true))


@pytest.mark.parametrize(("slow", "is_true"), [("EEE", True), ("EE", False)])
def test_a_heart_that_is_slow_after_fibrillation_need_not_have_been_so_for_long(slow: str, is_true: bool) -> None:
    truth = annotated((0.0, 0.8, "N" * 20), (20.0, 20.0, "[]"), (42.0, 2.4, slow))
    score = score_alarms("r", [alert("extreme-bradycardia", 48.0, 40.0)], truth, HZ, 10_000)
    assert score.true["extreme-bradycardia"] == int(is_true)
    without = annotated((0.0, 0.8, "N" * 20), (42.0, 2.4, slow))
    assert not score_alarms("r", [alert("extreme-bradycardia", 48.0, 40.0)], without, HZ, 10_000).true


def test_a_run_in_an_alert_that_is_still_open_is_found() -> None:
    truth = annotated((20.0, 0.4, "NVVVVVN"), (26.0, 0.4, "NVVVVVN"), (60.0, 0.4, "NVVVVVN"))
    told = alert("v-tach", 21.9)
    score = score_alarms("r", [told, replace(told, state=AlertState.CLEARED, reported_at=2_800)], truth, HZ, 10_000)
    assert (score.runs, score.found, score.true["v-tach"]) == (3, 2, 1)


def test_recordings_add_up() -> None:
    one = score_alarms("r", [alert("asystole", 24.3, 4.0)], annotated((0.0, 0.8, "N" * 26)), HZ, 360_000)
    both = add_up([one, one])
    assert (both.hours, both.true["asystole"], both.record) == (2.0, 2, "all")


def test_an_alert_is_urgent_once_it_has_ever_been() -> None:
    low = alert("tachycardia", 1.0, priority=Priority.MEDIUM)
    risen = replace(low, priority=Priority.HIGH, revision=2)
    other = alert("asystole", 2.0, alert_id="y")
    assert high_ones([low, risen, other, replace(other, revision=2)]) == [risen, other]


def test_what_comes_late_or_never_is_said() -> None:
    case, *_ = CASES
    good = [Delay("a", case, seed, 4.0 + seed / 10) for seed in range(5)]
    assert delay_figures(good)[case.name] == {
        "hearts": 5, "told": 5, "median_s": 4.2, "max_s": 4.4, "must_be_s": case.within_s, "as_another": 0, "within": True,
    }  # fmt: skip
    assert not delay_figures([*good, Delay("a", case, 9, None)])[case.name]["within"]
    assert not delay_figures([*good, Delay("a", case, 9, 4.6)])[case.name]["within"]
    assert delay_figures([*good, Delay("a", case, 9, 4.4, ("v-tach", "v-fib"))])[case.name]["as_another"] == 1


def test_noise_is_as_loud_as_it_says_and_joins_without_a_step() -> None:
    source = np.sin(np.arange(round(700 * alarms.RATE_HZ)) / 40.0)
    noise = Noise("n", alarms.RATE_HZ, (source,), (float(np.sqrt(0.5)),))
    samples = np.zeros(round(480 * alarms.RATE_HZ))
    add_noise(samples, [noise], 0)
    length = round(STRETCH_S * alarms.RATE_HZ)
    assert not samples[:length].any()
    assert np.ptp(samples[2 * length : 3 * length]) == 0
    signal_rms = qrs_swing_mv(60.0 / 70.0) / np.sqrt(8)
    for stretch, snr_db in ((1, 24.0), (3, 18.0)):
        loud = samples[stretch * length : (stretch + 1) * length].std()
        assert 20 * np.log10(signal_rms / loud) == pytest.approx(snr_db, abs=0.1)
    assert np.abs(np.diff(samples)).max() < 0.02


def test_of_noise_that_was_mixed_in_by_stretches_only_those_count() -> None:
    n_samples = round(1805 * alarms.RATE_HZ)
    seconds = np.arange(n_samples) / alarms.RATE_HZ
    is_noisy = (seconds >= 300) & ((seconds - 300) % 240 < 120)
    mixed = Noise("em", alarms.RATE_HZ, (is_noisy.astype(np.float64),), (1.0,), is_in_stretches=True)
    parts = alarms.parts_of(mixed)
    assert len(parts) == 6
    assert all(part.all() for part in parts)
    assert len(alarms.parts_of(replace(mixed, is_in_stretches=False))) == 15


def test_sparks_are_of_all_heights_and_come_once_a_minute() -> None:
    samples = np.zeros(round(100 * 60 * alarms.RATE_HZ))
    alarms.add_sparks(samples, 3)
    heights = np.abs(samples[np.flatnonzero(np.diff(samples, prepend=0.0) * (samples != 0))])
    assert 90 <= len(heights) <= 100
    assert 2 <= heights.min() < 4
    assert 150 < heights.max() <= 300
    assert np.median(heights) == pytest.approx(24.5, rel=0.4)
    assert samples.min() < -20
    assert samples.max() > 20
    again = np.zeros(len(samples))
    alarms.add_sparks(again, 3)
    assert np.array_equal(samples, again)


def test_the_command_counts_what_sparks_make_urgent(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "HOUR_S", 600.0)
    assert main(["eval", "alarms", "--parts", "sparks", "--hours", "1"]) == 0
    assert capsys.readouterr().out == "normal rhythm with sparks: 0 false urgent alarms in 1 h\n"
    monkeypatch.setattr("edgeecg.stages.rules.heart.TALL", 1e9)
    monkeypatch.setattr("edgeecg.stages.rules.heart.TALLEST", 1e9)
    assert main(["eval", "alarms", "--parts", "sparks", "--hours", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sparks"]["false_urgent"] > 0, "as it was without what keeps them from teaching"


def test_whatever_is_urgent_is_acknowledged_and_so_told_anew() -> None:
    x, peaks = heart(alarms.RATE_HZ, 60.0)
    stops = np.random.default_rng(3).normal(0.0, 0.005, 2500)
    twice = np.concatenate([x[: peaks[20] + 100], stops, x[: peaks[40] + 100], stops])
    told = high_ones(alerts_of(twice, alarms.RATE_HZ))
    assert [one.rule for one in told] == ["asystole", "asystole"]


def test_the_command_measures_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "alarms", "--parts", "delays", "--hearts", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["seed"] == 1000
    assert set(figures["delays"]) == {case.name for case in CASES}
    assert all(own["within"] and own["told"] == 1 for own in figures["delays"].values())


def test_a_radio_loses_what_it_says() -> None:
    by_chance, regular = Loss("5%", share=0.05), Loss("20th", every=20)
    assert by_chance.came(100_000, 1).mean() == pytest.approx(0.95, abs=0.003)
    assert (by_chance.came(1000, 1) == by_chance.came(1000, 1)).all()
    assert np.flatnonzero(~regular.came(60, 3)).tolist() == [19, 39, 59]
    assert Loss("none").came(10, 1).all()


@pytest.mark.parametrize("comes", [False, True])
def test_over_a_radio_a_heart_is_told_of_when_it_stops(*, comes: bool) -> None:
    x, peaks = heart(alarms.RATE_HZ, 60.0)
    stops = np.concatenate([x[: peaks[20] + 100], np.random.default_rng(3).normal(0.0, 0.005, 2500)])
    told = high_ones(over_a_radio(stops, Loss("20th", every=20, comes=comes), 3))
    assert [(one.rule, round((one.reported_at - peaks[20]) / alarms.RATE_HZ, 1)) for one in told] == [
        ("asystole", pytest.approx(5.0 if comes else 4.5, abs=0.2))
    ]


def test_the_command_measures_radios(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms_lost, "LOSSES", (Loss("none"), Loss("all but the last", every=1), Loss("all", share=2.0, comes=True)))
    monkeypatch.setattr(alarms_lost, "HOUR_S", 60.0)
    assert main(["eval", "alarms", "--parts", "lost", "--hearts", "1", "--hours", "1", "--json"]) == 0
    clear, nothing, none = json.loads(capsys.readouterr().out)["lost"]["radios"]
    assert (clear["lost"], clear["hours"], clear["false_urgent"]) == ("none", 1, 0)
    assert all(own["told"] == own["hearts"] == 1 for own in clear["told"].values())
    assert all((own["told"], own["median_s"]) == (0, None) for own in (*nothing["told"].values(), *none["told"].values()))
    assert main(["eval", "alarms", "--parts", "lost", "--hearts", "1", "--hours", "1"]) == 0
    assert re.search(r"^asystole: told, median +1 of 1, 4\.\d s +0 of 1$", capsys.readouterr().out, re.MULTILINE)


def test_without_recordings_the_command_says_what_it_needs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEECG_DATA", raising=False)
    assert main(["eval", "alarms", "--parts", "recorded"]) == 2
    assert "--data" in capsys.readouterr().err


@pytest.mark.parametrize("bpm", [110.0, 130.0, 180.0])
def test_a_tachycardia_that_lasts_is_told_as_what_it_is_and_once(bpm: float) -> None:
    lasting = Scenario(name="lasting", episodes=(Episode(0.0, "normal"), Episode(15.0, "vt", {"bpm": bpm})))
    x = next(Simulation(Setup(scenario=lasting, seed=1, rate_hz=alarms.RATE_HZ)).blocks(round(90 * alarms.RATE_HZ))).ecg_mv
    high = high_ones(alerts_of(x, alarms.RATE_HZ))
    assert [alert.rule for alert in high] == ["v-tach"]
