"""`edgeecg record`: what a device sends, as a file of now."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import edfio
import pytest

from edgeecg.cli import main
from tests.daemon.rehearsal import playing


@pytest.mark.parametrize("ending", ["edf", "json"])
def test_a_recording_says_when_it_was_made(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = datetime.now(UTC) - timedelta(seconds=90)
    with playing("normal", speed=20.0) as device:
        assert main(["record", device.port, "--seconds", "20", "--to", str(tmp_path / f"x.{ending}")]) == 0
    capsys.readouterr()
    if ending == "edf":
        read = edfio.read_edf(tmp_path / "x.edf")
        begun = datetime.combine(read.recording.startdate, read.starttime, UTC)
        assert read.duration == 20
        assert sum(note.text.startswith("N") for note in read.annotations) > 15
    else:
        told = json.loads((tmp_path / "x.json").read_text())
        begun = datetime.fromisoformat(told["effectivePeriod"]["start"])
    assert before < begun < datetime.now(UTC)
