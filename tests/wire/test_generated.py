"""What is generated says what the table says, and a change of the table is noticed."""

from pathlib import Path

import pytest

from edgeecg_wire import vectors
from edgeecg_wire.codec import Decoder
from edgeecg_wire.generate import SPEC, generated, stale, to_spec
from edgeecg_wire.rows import row
from edgeecg_wire.schema import FRAMES, HEADER


def test_nothing_generated_is_stale() -> None:
    assert stale() == []


def test_the_vectors_are_what_is_written_now() -> None:
    assert vectors.PATH.read_text(encoding="utf-8") == vectors.text()


def test_every_generated_file_follows_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    before = generated()
    monkeypatch.setattr("edgeecg_wire.generate.to_c.FRAMES", FRAMES[:-1])
    monkeypatch.setattr("edgeecg_wire.generate.to_python.FRAMES", FRAMES[:-1])
    assert {path.name for path, text in generated().items() if text != before[path]} == {"frames.py", "edgeecg_wire.h", "edgeecg_rows.h"}


def test_a_frame_without_a_table_in_the_spec_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SPEC.read_text(encoding="utf-8")
    monkeypatch.setattr("edgeecg_wire.generate.to_spec.FRAMES", FRAMES[:-1])
    with pytest.raises(ValueError, match=r"SPEC\.md: markers"):
        to_spec.refreshed(spec)


def test_no_two_frames_have_one_type_and_bit_7_says_who_sends() -> None:
    assert len({frame.type for frame in FRAMES}) == len(FRAMES)
    assert all((frame.type >= 0x80) == (frame.sender == "host") for frame in FRAMES)
    assert [field.name for field in HEADER.fields[:2]] == ["version", "type"]


def read_vectors(path: Path) -> dict[str, tuple[bytes, list[str]]]:
    found: dict[str, tuple[bytes, list[str]]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            name = line[2:]
        elif line.startswith(">"):
            found[name] = (bytes.fromhex(line[2:]), [])
        elif line.startswith("<"):
            found[name][1].append(line[2:])
    return found


def test_the_vectors_on_disk_are_read_as_they_say() -> None:
    found = read_vectors(vectors.PATH)
    assert len(found) > 50
    for name, (wire, rows) in found.items():
        assert [row(result) for result in Decoder().feed(wire)] == rows, name
