"""`edgeecg replay` and `edgeecg demo beats` show what the engine says, whatever the file."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import edgeecg
from edgeecg.api import records_of
from edgeecg.cli import main
from edgeecg.data import load_excerpt
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.journal import open_for_append
from edgeecg.types import Beat
from tests.io.test_edf import SIGNAL, written

SECONDS = 30


@pytest.fixture(scope="module")
def csv_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first half minute of the bundled recording, as a spreadsheet would have it."""
    excerpt = load_excerpt()
    samples = excerpt.samples_mv[: int(SECONDS * excerpt.rate_hz)]
    path = tmp_path_factory.mktemp("csv") / "excerpt.csv"
    rows = (f"{i / excerpt.rate_hz:.6f},{value:.3f}" for i, value in enumerate(samples))
    path.write_text("time,MLII\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def peaks() -> list[int]:
    """What the plain way in finds there."""
    excerpt = load_excerpt()
    found = edgeecg.rpeaks(excerpt.samples_mv[: int(SECONDS * excerpt.rate_hz)], excerpt.rate_hz, mv_per_unit=1.0)
    return [int(sample) for sample in found["sample"]]


def beats_of(out: str) -> list[int]:
    events = [json.loads(line) for line in out.splitlines()]
    return sorted(event["sample"] for event in events if event["event"] == "Beat")


@pytest.mark.parametrize("chunk_len", [1, 36, 5000])
def test_json_gives_the_same_beats_as_the_plain_way_in(
    csv_file: Path, peaks: list[int], chunk_len: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(csv_file), "--json", "--chunk", str(chunk_len)]) == 0
    assert beats_of(capsys.readouterr().out) == peaks
    assert len(peaks) > 40


def test_edf_gives_the_beats_of_its_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    excerpt = load_excerpt()
    microvolts = np.round(excerpt.samples_mv[: int(SECONDS * excerpt.rate_hz)] * 1000).astype("<i2")
    signal = {**SIGNAL, "pmin": "-32768", "pmax": "32767", "n": str(int(excerpt.rate_hz))}
    changes = {"duration": "1", "records": str(SECONDS), "n_bytes": "512", "reserved": ""}
    path = written(tmp_path, [signal], microvolts.tobytes(), changes)
    found = edgeecg.rpeaks(microvolts / 1000, excerpt.rate_hz, mv_per_unit=1.0)
    assert main(["replay", str(path), "--json"]) == 0
    beats = beats_of(capsys.readouterr().out)
    assert len(beats) > 40
    assert beats == [int(sample) for sample in found["sample"]]


def test_text_shows_every_beat_and_the_summary(csv_file: Path, peaks: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(csv_file)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^excerpt.csv: 0:30 of lead MLII at 360 Hz$", out, re.MULTILINE)
    drawn = "".join(re.findall(r"^ 0:\d\d  ([|V?x.]+)", out, re.MULTILINE))
    assert len(drawn) == SECONDS * 10
    assert re.search(rf"^beats        {len(peaks)}, ", out, re.MULTILINE)
    assert len(peaks) - 2 <= len(drawn.replace(".", "")) <= len(peaks)  # the last are decided when the stream ends


def test_a_lead_is_chosen_by_name_or_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.csv"
    wave = np.sin(np.arange(1000) / 10)
    path.write_text("I,II\n" + "\n".join(f"{value:.3f},0" for value in wave) + "\n")
    for which, name in (("II", "II"), ("1", "II"), ("0", "I")):
        assert main(["replay", str(path), "--rate", "250", "--lead", which]) == 0
        assert f"of lead {name} at 250 Hz" in capsys.readouterr().out
    assert main(["replay", str(path), "--rate", "250", "--lead", "aVR"]) == 2
    assert capsys.readouterr().err == "edgeecg replay: two: lead: 'aVR' is not one of I, II\n"


def test_a_wfdb_record_is_replayed(edgeecg_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(edgeecg_data / "mitdb" / "101"), "--json"]) == 0
    assert 1850 <= len(beats_of(capsys.readouterr().out)) <= 1880  # 1865 are annotated


def test_the_demo_says_how_well_it_went(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "beats", "--speed", "inf"]) == 0
    out = capsys.readouterr().out
    assert " 4:54  " in out
    figures = re.search(r"(\d+) missed, (\d+) false; sensitivity (\d+\.\d+)%, predictivity (\d+\.\d+)%", out)
    assert figures
    missed, false = int(figures[1]), int(figures[2])
    assert missed <= 15  # of 509
    assert false <= 10
    assert float(figures[3]) == pytest.approx(100 * (1 - missed / 509), abs=0.01)
    assert out.endswith("Not a medical device: not for diagnosis, treatment or monitoring of patients.\n")


def journal_in(folder: Path, *, forget_a_beat: bool = False) -> Path:
    """Journal half a minute of the bundled recording, as a live run would; perhaps with a beat that it did not give."""
    excerpt = load_excerpt()
    facts = StreamFacts(name="ward-7", rate_hz=excerpt.rate_hz)
    config = EngineConfig(streams=(facts,))
    engine = Engine(config)
    forgotten = not forget_a_beat
    with open_for_append(folder, config=config) as journal:
        for record in records_of(excerpt.samples_mv[: int(SECONDS * excerpt.rate_hz)], facts, chunk_len=360):
            journal.append([record])
            (events,) = engine.feed_many([record])
            if not forgotten and any(isinstance(event, Beat) for event in events):
                events, forgotten = (), True
            journal.answered([events])
    return folder


def test_a_journal_gives_its_events_again(tmp_path: Path, peaks: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    folder = journal_in(tmp_path / "journal")
    assert main(["replay", str(folder), "--json"]) == 0
    assert beats_of(capsys.readouterr().out) == peaks
    assert main(["replay", str(folder)]) == 0
    assert "32 records in 32 calls" in capsys.readouterr().out


def test_a_journal_that_says_something_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = journal_in(tmp_path / "journal", forget_a_beat=True)
    assert main(["replay", str(folder)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("edgeecg replay: ")
    assert "ward-7" in err
    assert err.count("\n") == 1


def test_a_folder_that_is_no_journal_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith("a folder without segments is not a journal's; of recordings name one\n")


def test_a_journal_is_not_replayed_live(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path), "--live"]) == 2
    assert (
        capsys.readouterr().err == "edgeecg replay: --live: given with a journal is not possible: a recording can be paced, a journal not\n"
    )


def test_a_recording_shows_what_a_bedside_monitor_would_tell_each_time_it_happens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beats = [(0, "normal"), (20, "asystole"), (29, "normal"), (60, "asystole"), (69, "normal")]
    twice = tmp_path / "twice.toml"
    twice.write_text("".join(f'[[episodes]]\nstart_s = {start_s}\nkind = "{kind}"\n' for start_s, kind in beats))
    for name, more in (("ecg", []), ("both", ["--pcg"])):
        assert main(["simulate", "--scenario", str(twice), "--seconds", "100", "--to", str(tmp_path / name), *more]) == 0
        assert main(["replay", str(tmp_path / name)]) == 0
        shown = capsys.readouterr().out
        assert len(re.findall(r"^ +\d:\d\d  !!! Asystole: no beat for 4.\d s \(limit 4 s\)$", shown, re.MULTILINE)) == 2
        assert re.search(r"^alerts +2 asystole", shown, re.MULTILINE)
        assert main(["replay", str(tmp_path / name), "--json"]) == 0
        alerts = [event for event in map(json.loads, capsys.readouterr().out.splitlines()) if event["event"] == "Alert"]
        assert [one["state"] for one in alerts if one["rule"] == "asystole" and one["state"] in {"raised", "cleared"}] == [
            "raised",
            "cleared",
        ] * 2
        assert not [one for one in alerts if one["rule"] == "silent"]
