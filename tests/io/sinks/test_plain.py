"""Alerts to a file and to a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

from edgeecg.errors import InputError
from edgeecg.io.sinks.console import line_of
from edgeecg.io.sinks.jsonl import JsonlSink
from edgeecg.payload.alert import read_alert
from edgeecg.types import AlertState, Priority
from tests.payload.alerts import DEVICE, stamped


def test_each_line_of_the_file_is_an_alert_as_its_schema_says(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path / "alerts.jsonl")
    sink.put([stamped(1), stamped(2, text="of\ntwo lines")])
    sink.close()
    sink = JsonlSink(tmp_path / "alerts.jsonl")
    sink.put([stamped(3)])
    sink.close()
    lines = (tmp_path / "alerts.jsonl").read_bytes().splitlines()
    assert [read_alert(line, device=DEVICE).alert for line in lines] == [
        stamped(1).alert,
        stamped(2, text="of\ntwo lines").alert,
        stamped(3).alert,
    ]


def test_the_file_is_bounded(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path / "alerts.jsonl", max_bytes=4000)
    sink.put([stamped(n) for n in range(50)])
    sink.close()
    assert {path.name for path in tmp_path.iterdir()} == {"alerts.jsonl", "alerts.jsonl.1"}
    assert all(path.stat().st_size <= 4000 for path in tmp_path.iterdir())
    assert f'"{49:032x}"' in (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")


def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    sink = JsonlSink("/dev/full")
    sink.put([stamped(1), stamped(2)])
    assert sink.n_failed == 2
    sink.close()


def test_one_that_cannot_be_begun_anew_costs_lines_until_it_can(tmp_path: Path) -> None:
    in_the_way = tmp_path / "alerts.jsonl.1" / "x"
    in_the_way.mkdir(parents=True)
    sink = JsonlSink(tmp_path / "alerts.jsonl", max_bytes=4000)
    for n in range(10):
        sink.put([stamped(n)])
    assert 0 < sink.n_failed < 10
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    sink.put([stamped(10)])
    sink.close()
    assert f'"{10:032x}"' in (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")


def test_half_a_line_is_none(tmp_path: Path) -> None:
    """A file may be as long as two lines and a half: as on a disk with so much room."""
    program = (
        "import resource, signal, sys; from edgeecg.io.sinks.jsonl import JsonlSink; from tests.payload.alerts import stamped\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "sink = JsonlSink(sys.argv[1]); sink.put([stamped(1)]); room = int(2.5 * sink._file.tell())\n"
        "_, most = resource.getrlimit(resource.RLIMIT_FSIZE); resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))\n"
        "sink.put([stamped(2), stamped(3), stamped(4)]); resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))\n"
        "sink.put([stamped(5)]); print(sink.n_failed)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a"], check=True, capture_output=True, text=True)
    assert done.stdout == "2\n"
    lines = (tmp_path / "a").read_bytes().splitlines()
    assert [read_alert(line, device=DEVICE).alert for line in lines] == [stamped(n).alert for n in (1, 2, 5)]


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a file that can be written"):
        JsonlSink(tmp_path / "nowhere/alerts.jsonl")


def test_a_line_says_when_how_grave_what_whose_and_why() -> None:
    cleared = stamped(
        2, 2, state=AlertState.ACKNOWLEDGED, priority=Priority.TECHNICAL, acknowledged_by="dr.grey", stream="", text="\x1b[2Jx"
    )
    assert [line_of(stamped(1)), line_of(cleared)] == [
        "2026-09-21T14:13:20.123456Z !!! high raised d/ecg: No beat for 4.25 s (limit 4 s)",
        "2026-09-21T14:13:20.123456Z -   technical acknowledged by dr.grey dev-1: \\x1b[2Jx",
    ]


def test_names_and_texts_forge_no_line_and_turn_none_round_and_people_write_in_their_own_script() -> None:
    forged = stamped(1, stream="a\n2026 !!! high raised", text="\u202edesrever", acknowledged_by="\x1b[1A")
    assert line_of(forged).isprintable()
    own = "می\u200cخو 👩\u200d⚕️"
    assert own in line_of(stamped(1, stream=own))
