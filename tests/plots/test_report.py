"""The report is one page that needs nothing else, and says what was found."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from edgeecg.cli import main
from edgeecg.plots.findings import cut
from edgeecg.plots.report import page
from edgeecg.plots.svg import strip
from edgeecg.types import AlertState
from tests.plots.made import alert, beat, findings, prediction, simulated


class Tags(HTMLParser):
    """Notes tags, and whether each is closed."""

    VOID = frozenset({"meta", "rect", "path"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, _: object) -> None:
        self.names.add(tag)
        if tag not in {"meta", "!doctype"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _: object) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_well_formed_and_asks_for_nothing() -> None:
    html = page(simulated())
    tags = Tags(html)
    assert tags.open == []
    assert not tags.names & {"script", "link", "img", "iframe"}
    assert "http" not in html
    assert "@import" not in html


def test_what_a_file_says_of_itself_is_no_markup() -> None:
    html = page(findings(60, alerts=(alert("<x>", 1, AlertState.RAISED),)))
    assert "&lt;wide&gt; beats, &lt;x&gt;" in html
    assert "a heart &lt;b&gt;" in page(simulated())


def test_events_stand_with_their_strip_and_their_time() -> None:
    html = page(simulated(), datetime(2026, 5, 4, 23, 59, 50, tzinfo=UTC))
    (card,) = re.findall(r'<div class="card high">(?:(?!<div).)*?entricular tachycardia.*?</div>', html)
    assert "05 May 00:00:1" in card
    assert card.count('class="V"') > 5
    assert "2026" in html


def test_rhythm_is_told_in_words_and_shares() -> None:
    html = page(findings(60, predictions=(prediction(0, "N"), prediction(2500, "A"))))
    assert "AF 50.0%" in html
    assert "2 of 2 windows answered by rhythm" in html
    assert "Rhythm</h2>" not in page(findings(60))


def test_a_gap_breaks_the_trace() -> None:
    whole = findings(10, beats=(beat(500),))
    assert strip(whole).count("M") == strip(cut(whole, 0, 10)).count("M")
    broken = findings(10)
    broken.samples_mv[1000:1200] = np.nan
    (path,) = re.findall(r'class="trace" d="([^"]*)"', strip(broken))
    assert path.count("M") == 2


def test_the_command_writes_a_new_file_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record, target = tmp_path / "heart", tmp_path / "heart.html"
    assert main(["simulate", "--to", str(record), "--seconds", "40"]) == 0
    assert main(["report", f"{record}.hea", "--to", str(target), "--model", "none"]) == 0
    assert "0.7 min" in capsys.readouterr().out
    assert "<!doctype html>" in target.read_text(encoding="utf-8")
    assert main(["report", f"{record}.hea", "--to", str(target)]) == 2
    assert "a file that exists is not the name of a new one" in capsys.readouterr().err
    assert main(["report", f"{record}.hea", "--to", "x.pdf"]) == 2


def test_a_sound_that_comes_first_is_not_taken_for_an_ecg(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beat_mv = [1.0 if i % 200 == 0 else 0.0 for i in range(1000)]
    lines = [f"{i / 250:.3f},0.0,{mv}" for i, mv in enumerate(beat_mv)]
    (tmp_path / "both.csv").write_text("\n".join(["time_s,PCG,II [mV]", *lines]))
    assert main(["plot", str(tmp_path / "both.csv"), "--to", str(tmp_path / "strip.svg"), "--model", "none"]) == 0
    assert "of lead II" in capsys.readouterr().out
