"""`edgeecg eval fibrillation`: who judges it is judged on fibrillation of which all is known."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edgeecg.cli import main
from edgeecg.evals.fibrillation import Rhythm, add_up, judge, rhythm_of
from edgeecg.io.wfdb import Annotations
from edgeecg.types import Alert, AlertState, Event, Prediction, Priority

HZ = 10.0
WINDOW = 100
HEART = """
bpm = 75
[[episodes]]
start_s = 0
kind = "normal"
[[episodes]]
start_s = 60
kind = "af"
[[episodes]]
start_s = 130
kind = "normal"
"""


def marked(*marks: tuple[float, str], seconds: float) -> Rhythm:
    """Return what marks of rhythm say, with a beat between them."""
    rows = sorted([(round(at * HZ), "+", aux) for at, aux in marks] + [(1, "N", "")])
    n = len(rows)
    return rhythm_of(
        Annotations(
            samples=np.array([row[0] for row in rows], np.int64), symbols=np.array([row[1] for row in rows]), subtypes=np.zeros(n, np.int8),
            channels=np.zeros(n, np.uint8), numbers=np.zeros(n, np.int8), aux=tuple(row[2] for row in rows),
        ),
        HZ,
        round(seconds * HZ),
    )  # fmt: skip


def answer(at: float, label: str, *, abstained: bool = False) -> Prediction:
    return Prediction("s", "m", 0, round(at * HZ), WINDOW, -1, label, (), abstained, (), False, round(at * HZ) + WINDOW)


def alert(begin: float, end: float | None = None, name: str = "x", rule: str = "atrial-fibrillation") -> list[Event]:
    def said(revision: int, state: AlertState, at: float) -> Alert:
        return Alert(
            stream="s", alert_id=name, revision=revision, rule=rule, priority=Priority.MEDIUM, state=state, latched=False, epoch=0,
            onset_sample=0, sample=0, value=0.0, limit=0.5, unit="", score=1.0, quality=1.0, text="", reported_at=round(at * HZ),
        )  # fmt: skip

    told = [said(1, AlertState.RAISED, begin), said(2, AlertState.UPDATED, begin + 5.0)]
    return [*told, said(3, AlertState.CLEARED, end)] if end else list(told)


def counted(rhythm: Rhythm, *events: Sequence[Event]) -> tuple[int, int, tuple[float, ...], int]:
    found = judge("r", rhythm, [event for some in events for event in some])
    return found.episodes, found.told, found.delays_s, found.false_alerts


def test_a_rhythm_holds_until_the_next_is_marked() -> None:
    rhythm = marked((0.0, "(N\0"), (20.0, "(AFIB"), (60.0, "(AFL\0"), (80.0, "(AFIB"), (81.0, "(N"), (100.0, "(AFIB"), seconds=120.0)
    assert rhythm.fibrillates.sum() == 61 * HZ
    assert np.flatnonzero(rhythm.flutters).tolist() == list(range(600, 800))
    assert rhythm.episodes() == [(200, 809)]  # the last is too short to have to be told
    assert not marked(seconds=30.0).fibrillates.any()
    assert marked((0.0, "(AFL"), seconds=90.0).episodes() == []


def test_windows_count_where_they_are_one_thing_as_a_whole() -> None:
    rhythm = marked((0.0, "(N"), (40.0, "(AFIB"), (80.0, "(AFL"), seconds=120.0)
    inside = [answer(40.0, "A"), answer(60.0, "O"), answer(65.0, "A", abstained=True)]
    outside = [answer(0.0, "N"), answer(10.0, "O"), answer(-2.0, "A"), answer(20.0, "A", abstained=True)]
    neither = [answer(35.0, "A"), answer(75.0, "A"), answer(90.0, "A")]
    figures = judge("r", rhythm, [*inside, *outside, *neither]).figures()
    assert (figures["windows_in_fibrillation"], figures["sensitivity"]) == (3, 33.33)
    assert (figures["windows_outside"], figures["specificity"]) == (4, 75.0)
    assert judge("r", rhythm, []).figures()["specificity"] is None


def test_an_episode_is_told_by_an_alert_that_is_open_in_it_or_comes_soon_after() -> None:
    rhythm = marked((0.0, "(N"), (100.0, "(AFIB"), (150.0, "(N"), seconds=400.0)
    assert counted(rhythm) == (1, 0, (), 0)
    assert counted(rhythm, alert(120.0)) == (1, 1, (20.0,), 0)
    assert counted(rhythm, alert(110.0, 115.0), alert(130.0, name="y")) == (1, 1, (10.0,), 0)
    assert counted(rhythm, alert(205.0)) == (1, 1, (105.0,), 0)
    assert counted(rhythm, alert(215.0)) == (1, 0, (), 1)
    assert counted(rhythm, alert(120.0, rule="irregular-rhythm")) == (1, 0, (), 0)
    assert counted(rhythm, alert(90.0, 99.0)) == (1, 0, (), 1)
    assert counted(rhythm, alert(90.0, 101.0)) == (1, 1, (), 1)
    assert counted(rhythm, alert(90.0, 99.0), alert(130.0, name="y")) == (1, 1, (30.0,), 1)


def test_an_alert_in_flutter_is_neither_asked_for_nor_false() -> None:
    rhythm = marked((0.0, "(AFL"), (60.0, "(N"), seconds=300.0)
    assert counted(rhythm, alert(30.0), alert(115.0, name="y"), alert(130.0, name="z")) == (0, 0, (), 1)


def test_recordings_add_up() -> None:
    rhythm = marked((0.0, "(AFIB"), seconds=360.0)
    one = judge("r", rhythm, [answer(0.0, "A"), *alert(20.0)])
    both = add_up([one, judge("q", rhythm, [answer(0.0, "N"), *alert(40.0)])]).figures()
    assert (both["record"], both["hours"], both["sensitivity"], both["median_delay_s"], both["max_delay_s"]) == (
        "all",
        0.2,
        50.0,
        30.0,
        40.0,
    )


def test_a_heart_that_fibrillates_for_a_while_is_told_once_and_soon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "heart.toml").write_text(HEART)
    (tmp_path / "hearts").mkdir()
    assert main(["simulate", "--scenario", str(tmp_path / "heart.toml"), "--seconds", "180", "--to", str(tmp_path / "hearts" / "one")]) == 0
    capsys.readouterr()
    assert main(["eval", "fibrillation", "--data", str(tmp_path), "--records", "hearts", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["records"]
    assert (one["record"], one["episodes"], one["told"], one["false_alerts"]) == ("one", 1, 1, 0)
    assert one["sensitivity"] > 75  # at first it is told of more normal beats than of others
    assert one["specificity"] == 100
    assert 10 < one["max_delay_s"] < 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--data"),
        (["--data", "."], "a folder that holds mitdb/*.hea"),
        (["--data", ".", "--records", "nobody"], "a folder of them"),
        (["--data", ".", "--records", ".", "--model", "beat"], "with the label A"),
    ],
)
def test_what_it_cannot_take_is_said(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGEECG_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.hea").touch()
    assert main(["eval", "fibrillation", *words]) == 2
    assert said in capsys.readouterr().err
