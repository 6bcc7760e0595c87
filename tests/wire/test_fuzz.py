"""A hundred thousand harmed frames: none is read as a sample it was not, and none takes more than one other with it."""

import random
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg.io.sources import scanned
from edgeecg_kernels import wire_scan as scan
from edgeecg_wire import codec
from edgeecg_wire.damage import KINDS, damage
from tests.wire.conftest import C_SIDE, make, need
from tests.wire.fuzzing import Fuzzer, Tally, pool_of, scan_all

N_SCANNED = 100_000
N_BY_PYTHON = 20_000


def judged(tally: Tally) -> tuple[int, int, int]:
    return tally.wrong, tally.disagreements, max(0, tally.worst_loss - 1)


def test_no_harmed_frame_is_a_wrong_sample() -> None:
    fuzzer = Fuzzer(seed=1, c_library=None)
    fuzzer.run(N_BY_PYTHON)
    tally = fuzzer.run(N_SCANNED - N_BY_PYTHON, with_python=False)
    assert tally.harmed >= N_SCANNED
    assert judged(tally) == (0, 0, 0)
    assert set(tally.verdicts) >= {scan.SAMPLES, scan.DAMAGED_COBS, scan.DAMAGED_SHORT, scan.DAMAGED_CRC, scan.ASIDE}
    assert tally.longest_run >= 2, "no two frames were ever read as one run"
    assert tally.lost_with_it > N_SCANNED // 100, "the harm is too gentle: it hardly ever takes a delimiter"


def test_c_reads_every_harmed_frame_as_the_others_do(c_build: Path) -> None:
    tally = Fuzzer(seed=2, c_library=c_build / "libedgeecg_wire.so").run(N_BY_PYTHON)
    assert judged(tally) == (0, 0, 0)


def test_a_decoder_that_does_not_check_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: Python's decoder takes every CRC for a good one."""
    monkeypatch.setattr(codec, "crc32", lambda _data: 0x2144DF1C)
    assert Fuzzer(seed=3, c_library=None).run(1000).disagreements > 0


def test_a_c_decoder_that_does_not_check_is_caught(tmp_path: Path) -> None:
    """The same fault in C, which then gives rows of wrong samples."""
    need("make", "cc")
    for folder in ("c", "include"):
        shutil.copytree(C_SIDE.parent / folder, tmp_path / folder, ignore=shutil.ignore_patterns("build"))
    codec_c = tmp_path / "c" / "edgeecg_codec.c"
    checked = codec_c.read_text(encoding="utf-8")
    unchecked = checked.replace("decoder->n) != CRC_RESIDUE", "decoder->n) == CRC_RESIDUE + 1u")
    assert unchecked != checked
    codec_c.write_text(unchecked, encoding="utf-8")
    made = make(tmp_path, f"{tmp_path}/libedgeecg_wire.so", folder=tmp_path / "c")
    assert made.returncode == 0, made.stderr
    assert Fuzzer(seed=4, c_library=tmp_path / "libedgeecg_wire.so").run(1000).disagreements > 0


def test_one_wrong_sample_among_thousands_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault planted in what the scanner gives: one bit of one sample of one frame."""
    fuzzer = Fuzzer(seed=6, c_library=None)

    def scan_wrongly(line: bytes) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.uint8]]:
        rows, values, aside = scan_all(line)
        values[len(values) // 2] ^= 1
        return rows, values, aside

    monkeypatch.setattr("tests.wire.fuzzing.scan_all", scan_wrongly)
    assert fuzzer.run(1000, with_python=False).wrong == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_harm_does_harm(kind: str) -> None:
    rng = random.Random(5)
    wires = [codec.encode(frame) for frame in pool_of(200, rng)]
    changed = [damage(wire, other, kind, rng) != wire for wire, other in pairwise(wires)]
    assert sum(changed) > 190


def test_a_reader_of_runs_that_takes_a_break_for_none_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: whatever a frame says, it goes on with the one before."""
    monkeypatch.setattr(scanned, "_breaks", lambda rows: rows["verdict"][1:] != rows["verdict"][:-1])
    assert Fuzzer(seed=7, c_library=None).run(1000).disagreements > 0
