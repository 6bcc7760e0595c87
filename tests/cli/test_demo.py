"""The demonstration tells through what happened, and is content only with all of it."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgeecg.cli import main
from edgeecg.cli.demo import FIBRILLATION, RATE_HZ, SEEN_AFTER_S, VTACH, Story, _watch
from edgeecg.io.broker import free_port
from edgeecg.io.ptyline import PtyLine
from edgeecg.payload.stamped import StampedAlert, Times
from edgeecg.types import Alert, AlertState, Measure, Priority


def revision(rule: str, state: AlertState, revision: int, reported_at: int) -> StampedAlert:
    alert = Alert(
        stream="simulated/ecg", alert_id=f"{rule:0>32}", revision=revision, rule=rule, priority=Priority.HIGH, state=state, latched=False,
        epoch=1, onset_sample=5000, sample=5300, value=5.0, limit=5.0, unit="", score=0.8, quality=0.9, text="five wide beats",
        beats=(5000, 5083), evidence=(Measure("rate", 179.61, "1/min"),), reported_at=reported_at,
    )  # fmt: skip
    return StampedAlert(alert, "demo", Times(0, 0, 1_000_000, False), publish_ns=17_000_000)


def test_it_explains_what_was_raised_and_acknowledges_it_once_it_was_seen() -> None:
    story = Story(speed=8.0)
    lines = story.take(revision("v-tach", AlertState.RAISED, 1, 5375))
    assert "high      v-tach raised: five wide beats" in lines[0]
    assert "told 1.5 s later" in lines[1]
    assert "rests on 2 beats: rate 179.6 1/min" in lines[2]
    assert not story.to_acknowledge()
    story.take(revision("v-tach", AlertState.UPDATED, 2, 5000 + round(SEEN_AFTER_S * RATE_HZ)))
    (seen,) = story.to_acknowledge()
    assert seen.alert.revision == 2
    assert not story.to_acknowledge()
    assert "2.0 ms (median)" in story.closing()[-1]


def test_it_is_over_once_both_episodes_were_raised_and_cleared() -> None:
    story = Story(speed=8.0)
    for rule in (VTACH, FIBRILLATION):
        for number, state in enumerate((AlertState.RAISED, AlertState.CLEARED), start=1):
            assert not story.is_over
            story.take(revision(rule, state, number, 6000))
    assert story.is_over
    assert story.is_told_through(VTACH)
    assert story.is_told_through(FIBRILLATION)
    assert replace(story, told={}, newest={}).is_told_through(VTACH) is False


def test_without_a_broker_it_is_refused_before_anything_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "iotcore", None)
    assert main(["demo"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "pip install 'edgeecg[broker]'" in printed.err


def test_it_waits_for_a_daemon_as_long_as_that_is_there(tmp_path: Path) -> None:
    """The first start compiles for minutes; one that has ended is not waited for."""
    line, story, asked = PtyLine(), Story(speed=8.0), iter([True, True, False])
    try:
        _watch(line, free_port(), tmp_path, story, lambda: next(asked, False))
    finally:
        line.close()
    assert next(asked, None) is None
    assert story.revisions == 0
