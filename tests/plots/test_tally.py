"""What a long recording comes to, counted by hand and by the report."""

import pytest

from edgeecg.plots.findings import cut
from edgeecg.plots.tally import happenings, step_s, stretches, whole
from edgeecg.types import AlertState, Priority
from tests.plots.made import alert, beat, findings, prediction, quality, simulated, vitals


def test_stretches_cover_all_of_it_once_and_a_short_tail_belongs_to_the_one_before() -> None:
    cut_up = stretches(findings(130), 60)
    assert [(one.start_s, one.seconds) for one in cut_up] == [(0, 60), (60, 70)]
    assert [(one.start_s, one.seconds) for one in stretches(findings(150), 60)] == [(0, 60), (60, 60), (120, 30)]
    assert [(one.start_s, one.seconds) for one in stretches(findings(5), 60)] == [(0, 5)]


@pytest.mark.parametrize(("seconds", "step"), [(60, 30), (700, 120), (4000, 600), (90_000, 3600)])
def test_stretches_are_hours_of_a_day_and_minutes_of_an_hour(seconds: float, step: float) -> None:
    assert step_s(seconds) == step


def test_beats_are_counted_where_they_lie_and_by_what_they_are() -> None:
    beats = (
        beat(100),
        beat(300, wide=True, prematurity=0.6),
        beat(500, prematurity=0.7),
        beat(700, prematurity=0.0),
        beat(16000, wide=True),
    )
    first, second = stretches(findings(120, beats=beats), 60)
    assert (first.n_beats, first.n_wide, first.n_premature) == (4, 1, 1)
    assert (second.n_beats, second.n_wide, second.n_premature) == (1, 1, 0)


def test_a_pause_that_noise_may_have_made_is_none() -> None:
    beats = (beat(1000), beat(1600), beat(2200))
    assert whole(findings(20, beats=beats)).n_pauses == 2
    assert whole(findings(20, beats=beats, qualities=(quality(1750, good=False),))).n_pauses == 1
    assert whole(findings(20, beats=(beat(1000), beat(1400)))).n_pauses == 0


def test_heart_rates_that_are_not_known_do_not_count() -> None:
    now = whole(findings(20, vitals=(vitals(250, 60), vitals(500, -1), vitals(750, 80))))
    assert now.rate_median == 70
    assert whole(findings(20)).rate_median is None


def test_rhythm_is_a_share_of_the_windows_that_were_answered() -> None:
    predictions = (prediction(0, "N"), prediction(500, "A"), prediction(1000, "A"), prediction(1500, "N", abstained=True))
    assert whole(findings(20, predictions=predictions)).rhythms == {"A": pytest.approx(2 / 3), "N": pytest.approx(1 / 3)}


def test_an_alert_is_one_happening_from_its_onset_to_its_end() -> None:
    told = (
        alert("a", 1, AlertState.RAISED),
        alert("b", 1, AlertState.RAISED, onset=500, priority=Priority.LOW),
        alert("a", 2, AlertState.UPDATED, sample=2000),
        alert("a", 3, AlertState.CLEARED, sample=3500),
    )
    grave, slight = happenings(told, 250)
    assert (grave.first.alert_id, grave.seconds) == ("a", 10.0)
    assert (slight.first.alert_id, slight.seconds) == ("b", None)


def test_a_stretch_keeps_its_numbers_and_what_touches_it() -> None:
    part = cut(findings(40, beats=(beat(100), beat(2600)), predictions=(prediction(1000, "N"), prediction(7000, "N"))), 10, 10)
    assert (part.start_sample, len(part.samples_mv)) == (2500, 2500)
    assert [one.sample for one in part.beats] == [2600]
    assert [one.start_sample for one in part.predictions] == [1000]


def test_a_heart_that_runs_away_is_found_and_counted() -> None:
    found = simulated()
    now = whole(found)
    assert 70 < now.n_beats < 110
    assert 20 < now.n_wide < 40
    (tachycardia,) = [one for one in happenings(found.alerts, found.rate_hz) if one.first.rule == "v-tach"]
    assert tachycardia.first.onset_sample / found.rate_hz == pytest.approx(25, abs=2)
    assert tachycardia.seconds == pytest.approx(10, abs=5)
