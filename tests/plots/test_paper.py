"""A strip is on paper in true millimetres, with what was found written on it."""

import re
from pathlib import Path

import numpy as np
import pytest

from edgeecg.api import records_of
from edgeecg.cli import main
from edgeecg.daemon.keeper import Keeper
from edgeecg.engine import Engine
from edgeecg.errors import InputError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.plots.findings import cut
from edgeecg.rulefacts import default_rules
from edgeecg.types import Alert
from tests.plots.made import beat, findings, prediction, simulated

pytest.importorskip("matplotlib")

from edgeecg.plots.paper import LEFT_MM, MM_PER_MV, MM_PER_S, RIGHT_MM, ROW_S, draw, strip


def axes_mm(figure: object) -> tuple[float, float, float, float]:
    """Width and height of the first row in millimetres, and what it spans in seconds and millivolt."""
    width, height = figure.get_size_inches() * 25.4  # type: ignore[attr-defined]
    axes = figure.axes[0]  # type: ignore[attr-defined]
    box = axes.get_position()
    return box.width * width, box.height * height, np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())


def test_a_second_is_25_mm_wide_and_a_millivolt_10_mm_high() -> None:
    across, up, seconds, millivolts = axes_mm(strip(cut(simulated(), 20, 20)))
    assert across / seconds == pytest.approx(MM_PER_S)
    assert up / millivolts == pytest.approx(MM_PER_MV)


def test_rows_are_ten_seconds_each() -> None:
    assert len(strip(cut(simulated(), 0, 31)).axes) == 4


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_it_is_drawn_as_its_ending_says(tmp_path: Path, suffix: str, begins: bytes) -> None:
    path = tmp_path / f"strip{suffix}"
    draw(cut(simulated(), 22, 10), path)
    assert path.read_bytes().startswith(begins)


def test_an_svg_has_the_papers_true_width(tmp_path: Path) -> None:
    path = tmp_path / "strip.svg"
    draw(findings(10), path)
    (points,) = re.findall(r'<svg[^>]* width="([\d.]+)pt"', path.read_text())
    assert float(points) / 72 * 25.4 == pytest.approx(LEFT_MM + ROW_S * MM_PER_S + RIGHT_MM, abs=0.1)


def test_beats_are_named_and_intervals_written() -> None:
    figure = strip(findings(10, beats=(beat(500), beat(700, wide=True), beat(950))))
    said = [text.get_text() for text in figure.axes[0].texts]
    assert said.count("N") == 2
    assert said.count("V") == 1
    assert {"800", "1000"} <= set(said)


def test_where_the_model_looked_is_shaded_and_what_it_said_written() -> None:
    plain = strip(findings(10))
    looked = strip(findings(10, predictions=(prediction(0, "A", activation=(0.0, 1.0, -0.5, 0.4)),)))
    assert len(looked.axes[0].patches) == len(plain.axes[0].patches) + 2
    assert "AF 90% (rhythm)" in [text.get_text() for text in looked.texts]


def test_nothing_but_missing_samples_is_paper_too(tmp_path: Path) -> None:
    empty = findings(10)
    empty.samples_mv[:] = np.nan
    draw(empty, tmp_path / "empty.png")


def test_what_is_too_long_or_of_no_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="121 s is not at most 120 s"):
        draw(findings(121), tmp_path / "long.png")
    with pytest.raises(InputError, match=r"\.png, \.svg, \.pdf"):
        draw(findings(10), tmp_path / "strip.gif")


def test_the_command_draws_the_seconds_around_an_alert_out_of_a_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, alerts = simulated(), list[Alert]()
    stream = StreamFacts(name="bed-1", rate_hz=found.rate_hz, leads=("II",))
    keep = lambda _, given: alerts.extend(event for events in given for event in events if isinstance(event, Alert))  # noqa: E731
    keeper = Keeper(tmp_path / "journal", EngineConfig(streams=(stream,), rules=default_rules()), told=keep, make_engine=Engine)
    keeper.feed(list(records_of(found.samples_mv.astype(np.float32), stream, chunk_len=250)))
    keeper.close()
    (tachycardia,) = {alert.alert_id for alert in alerts if alert.rule == "v-tach"}
    assert main(["plot", str(tmp_path), "--alert", tachycardia[:8], "--to", str(tmp_path / "alert.svg")]) == 0
    assert "20.0 s of lead II" in capsys.readouterr().out
    assert "v-tach" in (tmp_path / "alert.svg").read_text()


def test_the_command_draws_a_recording_and_refuses_what_is_behind_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "heart"
    assert main(["simulate", "--to", str(record), "--seconds", "30"]) == 0
    command = ["plot", f"{record}.hea", "--to", str(tmp_path / "heart.png"), "--model", "none", "--seconds", "10", "--from"]
    assert main([*command, "5"]) == 0
    assert "10.0 s of lead ECG" in capsys.readouterr().out
    assert main([*command, "31"]) == 2
    assert "--from: 31 s is not within the recording, 30.0 s" in capsys.readouterr().err
