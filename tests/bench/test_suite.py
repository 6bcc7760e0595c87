"""The whole suite at the smallest sizes, and what is made of its report."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from edgeecg.bench import capacity, compare, document, history, page, suite, table
from edgeecg.bench.child import measured
from edgeecg.bench.effort import TINY
from edgeecg.cli import main

VOID = {"meta", "line", "circle", "polyline"}


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    said: list[str] = []
    found = suite.measure(TINY, said.append)
    assert len(said) > 20
    return dict(json.loads(json.dumps(found, allow_nan=False)))


def test_every_stage_is_measured(report: dict[str, Any]) -> None:
    stages = {one["stage"] for one in report["timings"]}
    assert stages == {"decode", "feed", "feed_many", "bytes to events", "journal", "outbox", "ECG and sound", "kernel"}
    assert all(one["n"] > 0 and one["p50_us"] > 0 for one in report["timings"])
    windows = {"length of windows, one each 2 s", "hop of windows of 10 s"}
    assert {curve["name"] for curve in report["growth"]} == {"rate", "chunk", *windows, "streams, with rules", "streams, without rules"}
    assert all(us > 0 for curve in report["growth"] for us in curve["us"])


def test_the_answer_was_run(report: dict[str, Any]) -> None:
    (answer,) = report["capacity"]
    (first, *_) = answer["runs"]
    assert first["latency"]["n"] >= first["spec"]["streams"] * round(TINY.run_s * 25)
    assert first["parts_us"].keys() >= {"source", "journal", "engine", "told"}
    assert first["memory_mb"] > 20
    assert [one["streams"] for one in report["memory"]] == [1, 4]


class Page(HTMLParser):
    """Checks that tags close in order; collects what could be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.fetched += [
            f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset", "data", "xlink:href", "action", "onload"}
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(report: dict[str, Any]) -> None:
    html = page.html(report)
    reader = Page()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert reader.fetched == []
    assert not reader.seen & {"script", "link", "img", "iframe", "object", "embed"}
    assert "url(" not in html
    assert "http" not in html
    assert reader.seen >= {"svg", "table", "polyline"}


def test_text_and_document_hold_every_stage(report: dict[str, Any]) -> None:
    for written in (table.text(report), document.markdown(report)):
        assert all(one["name"] in written for one in report["timings"])
        assert report["machine"]["processor"] in written


def test_the_page_keeps_the_rows_of_its_history(report: dict[str, Any]) -> None:
    first = document.markdown(report, note="nothing")
    second = document.markdown(report, note="a | and\nmore", before=first)
    rows = history.kept(second)
    assert rows[:1] == history.kept(first)
    assert len(rows) == 2
    assert rows[0].endswith("| nothing |")
    assert rows[1].endswith("| a \\| and more |")
    assert document.markdown(report, note="a | and\nmore", before=first) == second
    assert all(len(row.replace("\\|", "").split("|")) == len(history.COLUMNS) + 2 for row in rows)


def test_a_report_beside_itself_has_no_news_and_beside_a_slower_one_has(report: dict[str, Any]) -> None:
    assert {row[-1] for row in compare.rows(report, report)[1:]} == {""}
    slower = json.loads(json.dumps(report))
    slower["timings"][0]["p50_us"] *= 2
    news = [row for row in compare.rows(report, slower)[1:] if row[-1]]
    assert [(row[0], row[-1]) for row in news] == [(f"{report['timings'][0]['name']}, p50 us", "worse")]
    slower["machine"]["processor"] = "another"
    assert "another machine" in compare.warning(slower, report)


def test_the_command_shows_a_report_again_and_refuses_what_is_none(
    report: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "old.json"
    given.write_text(json.dumps(report))
    made = tmp_path / "new.json"
    assert main(["bench", "--from", str(given), "--compare", str(given), "--to", str(made), "--document", str(tmp_path / "page.md")]) == 0
    assert "Beside the earlier report" in capsys.readouterr().out
    assert json.loads(made.read_text()) == report
    assert (tmp_path / "new.html").read_text().startswith("<!DOCTYPE html>")
    assert (tmp_path / "page.md").read_text().startswith("# How fast")
    assert main(["bench", "--from", str(given), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == report
    given.write_text('{"schema": 0}')
    assert main(["bench", "--from", str(given)]) == 2
    assert main(["bench", "--from", str(tmp_path / "none.json")]) == 2


def machine_that_holds(most: int, *, most_long: int = 10**6, stops_in: int = 0) -> tuple[list[tuple[int, bool]], Any]:
    """Return a machine and what it was asked; it stops for a moment in its `stops_in`-th run, and all is late."""
    asked: list[tuple[int, bool]] = []

    def run(streams: int, is_long: bool) -> dict[str, Any]:
        asked.append((streams, is_long))
        is_held = streams <= (min(most, most_long) if is_long else most) and len(asked) != stops_in
        return {
            "spec": {"streams": streams, "hop_s": 2.0}, "latency": {"p99_us": 1000.0 if is_held else 1e6}, "waiting": 0, "slowed": 0,
            "windows": 0, "windows_lost": 0, "windows_waiting": 0,
        }  # fmt: skip

    return asked, run


@pytest.mark.parametrize("most", [1, 37, 500, 700, 3600, 5000, 8000, 19_000])
def test_the_capacity_found_was_run_for_long_and_little_more_is_not_held(most: int) -> None:
    asked, run = machine_that_holds(most)
    found = capacity.best(capacity.find(run, tries=20, few=500, most=20_000))
    assert found is not None
    assert not found["short"]
    assert most / capacity.CLOSE / 1.05 - 1 <= found["spec"]["streams"] <= most
    assert all(asked.count(one) == (1 if one[0] <= most else 2) for one in asked), "only what was late is run again"
    assert [is_long for _, is_long in asked] == [False] * (len(asked) - 1) + [True]


def test_all_that_may_be_asked_for_is_enough() -> None:
    _, run = machine_that_holds(10**6)
    found = capacity.best(capacity.find(run, tries=20, few=500, most=20_000))
    assert found is not None
    assert found["spec"]["streams"] == 20_000


def test_what_is_held_for_a_moment_only_is_no_answer() -> None:
    asked, run = machine_that_holds(5000, most_long=4500)
    found = capacity.best(capacity.find(run, tries=20, few=500, most=20_000))
    assert found is not None
    assert 0.9 * 4500 <= found["spec"]["streams"] <= 4500
    _, run = machine_that_holds(5000, most_long=2600)
    fewer = capacity.best(capacity.find(run, tries=20, few=500, most=20_000))
    assert fewer is not None, "half of what was held for a moment is tried too"
    assert 0.4 * 5000 <= fewer["spec"]["streams"] <= 2600
    _, run = machine_that_holds(5000, most_long=10)
    assert capacity.best(capacity.find(run, tries=20, few=500, most=20_000)) is None
    assert sum(is_long for _, is_long in asked) <= len(capacity.SHARES)


def test_a_host_that_stops_for_a_moment_is_asked_again() -> None:
    steady, run = machine_that_holds(700)
    capacity.find(run, tries=20, few=500, most=20_000)
    for stops_in in range(1, len(steady) + 1):
        asked, run = machine_that_holds(700, stops_in=stops_in)
        found = capacity.best(capacity.find(run, tries=20, few=500, most=20_000))
        assert found is not None
        assert found["spec"]["streams"] > 600
        assert asked[:stops_in] == steady[:stops_in]


def test_what_is_never_held_has_no_answer() -> None:
    _, run = machine_that_holds(0)
    assert capacity.best(capacity.find(run, tries=20, few=100, most=1000)) is None


def test_held_needs_the_windows_too() -> None:
    _, run = machine_that_holds(10)
    told = run(5, True)
    assert capacity.holds(told)
    assert not capacity.holds(told | {"windows": 100, "windows_lost": 1})
    assert not capacity.holds(told | {"waiting": 1})
    assert not capacity.holds(told | {"slowed": 1})
    assert capacity.holds(told | {"windows_waiting": 3})
    assert not capacity.holds(told | {"windows_waiting": 4})


def test_so_many_are_run_and_the_status_says_whether_they_are_held(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, Any]] = []
    told = measured("ward", {"streams": 2, "seconds": 0.4, "warm_s": 0.0})
    told["latency"]["p99_us"], told["waiting"] = 1.0, 0

    def ran(_kind: str, spec: dict[str, Any]) -> dict[str, Any]:
        asked.append(spec)
        return told

    monkeypatch.setattr("edgeecg.bench.child.measured", ran)
    assert main(["bench", "--streams", "2", "--model", "rhythm", "--hop", "4"]) == 0
    assert "2 streams, rhythm, a window every 4 s: held" in capsys.readouterr().out
    assert asked[0] | {"streams": 2, "model": "rhythm", "hop_s": 4.0} == asked[0]
    told["waiting"] = 1
    assert main(["bench", "--streams", "2"]) == 1
    assert "NOT held" in capsys.readouterr().out


def test_a_model_is_asked_in_time() -> None:
    told = measured("ward", {"streams": 2, "seconds": 3.0, "warm_s": 0.0, "model": "rhythm"})
    assert told["windows"] >= 1
    assert told["memory_mb"] > 100
