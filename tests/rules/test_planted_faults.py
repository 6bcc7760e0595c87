"""What the rules are held to is shown to fail on rules that break it."""

import pytest

from edgeecg.stages.rules import episodes, heart, stream
from edgeecg.types import Event
from tests.rules import test_about_the_heart, test_life, test_technical


def test_alarms_told_when_asked_instead_of_when_due(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(rules: stream.StreamRules, until: int, out: list[Event]) -> None:
        if rules.due <= until:
            rules.due = until
            honest(rules, until, out)

    honest = stream.StreamRules.pass_time
    monkeypatch.setattr(stream.StreamRules, "pass_time", late)
    with pytest.raises(AssertionError):
        test_life.test_time_passed_in_steps_or_at_once_is_the_same()


@pytest.mark.parametrize(("name", "cut_s"), [("counted_at", 25.5), ("over_at", 43.0), ("revision", 16.0), ("said_at", 16.0)])
def test_state_that_is_not_kept(monkeypatch: pytest.MonkeyPatch, name: str, cut_s: float) -> None:
    honest = episodes.Episode.load

    def forgetful(episode: episodes.Episode, data: bytes) -> None:
        honest(episode, data)
        setattr(episode, name, 0)
        episode.plan()

    monkeypatch.setattr(episodes.Episode, "load", forgetful)
    with pytest.raises(AssertionError):
        test_life.test_rules_made_from_anothers_state_go_on_as_those_do(cut_s)


def test_a_streak_that_every_flicker_sets_back(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = episodes.Episode.over

    def set_back(episode: episodes.Episode, now: int, out: list[Event]) -> None:
        honest(episode, now, out)
        episode.credit = 0

    monkeypatch.setattr(episodes.Episode, "over", set_back)
    with pytest.raises(AssertionError):
        test_technical.test_what_flickers_is_counted_by_what_it_lasts()


def test_a_gap_taken_for_silence_of_the_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart.Heart, "missed", lambda _heart, _start, _end: None)
    with pytest.raises(AssertionError):
        test_about_the_heart.test_no_asystole_in_a_gap()


def test_ids_that_are_of_the_onset_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes.Episode, "alert_id", property(lambda episode: f"{episode.onset:032d}"))
    with pytest.raises(AssertionError):
        test_life.test_an_id_is_of_its_stream_epoch_rule_and_onset()
