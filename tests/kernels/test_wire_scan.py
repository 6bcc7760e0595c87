"""The bulk scanner reads what the slow oracle and the one-by-one decoder read, however the bytes are cut."""

import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels import wire_scan as scan
from edgeecg_wire import frames
from edgeecg_wire.codec import Damaged, Decoder, Overlong, Refused, Result, encode, read, seal
from edgeecg_wire.frames import Samples
from edgeecg_wire.schema import HEADER, MAX_STREAMS
from edgeecg_wire.vectors import vectors
from tests.naive import wire_scan as naive
from tests.wire.strategies import cuts_of, lines, samples

VERDICTS = {
    scan.SAMPLES: "samples", scan.DAMAGED_COBS: "cobs", scan.DAMAGED_SHORT: "short", scan.DAMAGED_CRC: "crc", scan.OVERLONG: "overlong",
    scan.REFUSED_LENGTH: "length", scan.REFUSED_CONTENT: "content", scan.ASIDE: "aside",
}  # fmt: skip
FIELDS = ("stream", "sequence", "clock_us", "rate_millihz", "count", "leads", "bits", "lead_off", "dropped")

Judged = tuple[str, dict[str, int], list[int], bytes]


def scanned(pieces: list[bytes], max_rows: int = 64) -> list[Judged]:
    scanner = scan.Scanner(max_rows)
    return [_judged(row, values, aside) for piece in pieces for rows, values, aside in scanner.feed(piece) for row in rows]


def _judged(row: Any, values: Any, aside: Any) -> Judged:
    verdict, first = VERDICTS[int(row["verdict"])], int(row["first"])
    if verdict == "aside":
        return verdict, {}, [], aside[first : first + row["len_bytes"]].tobytes()
    if verdict != "samples":
        return verdict, {}, [], b""
    return verdict, {name: int(row[name]) for name in FIELDS}, values[first : first + row["count"] * row["leads"]].tolist(), b""


def as_results(judged: list[Judged]) -> list[str]:
    return [type(read(aside)).__name__ if verdict == "aside" else verdict for verdict, _, _, aside in judged]


def named(result: Result) -> str:
    if isinstance(result, Damaged) or (isinstance(result, Refused) and result.type == Samples.TYPE):
        return result.why
    return {Overlong: "overlong", Samples: "samples"}.get(type(result), type(result).__name__)


@given(lines())
def test_scanner_and_oracle_agree(line: bytes) -> None:
    assert scanned([line]) == [naive.judge(segment) for segment in naive.segments(line)]


@given(lines())
def test_scanner_and_decoder_agree(line: bytes) -> None:
    judged, results = scanned([line]), Decoder().feed(line)
    assert as_results(judged) == [named(result) for result in results]
    assert [values for verdict, _, values, _ in judged if verdict == "samples"] == [
        [int.from_bytes(frame.data[i : i + frame.bits // 8], "little", signed=True) for i in range(0, len(frame.data), frame.bits // 8)]
        for frame in results
        if isinstance(frame, Samples)
    ]


@given(lines(), st.data())
def test_no_cut_of_the_bytes_changes_a_row(line: bytes, data: st.DataObject) -> None:
    whole = scanned([line])
    assert scanned(data.draw(cuts_of(line))) == whole
    assert scanned([line[i : i + 1] for i in range(len(line))]) == whole


@given(st.lists(samples(), min_size=3, max_size=6))
def test_outputs_that_fill_up_lose_nothing(many: list[Samples]) -> None:
    line = b"".join(map(encode, many))
    assert scanned([line], max_rows=1) == scanned([line])


@pytest.mark.parametrize("max_rows", [1, 2, 4])
def test_the_longest_frames_do_not_overrun_the_outputs(max_rows: int) -> None:
    longest = [Samples(0, i, i, 250_000, 1, 16, 0, 0, bytes([i + 1]) * 990) for i in range(9)]
    many = b"".join(map(encode, longest)) + seal(b"\x01\x70" + b"\x05" * 1000) * 9
    assert scanned([many], max_rows) == [naive.judge(segment) for segment in naive.segments(many)]


@pytest.mark.parametrize("length", [scan.MAX_SEGMENT, scan.MAX_SEGMENT + 1, scan.MAX_SEGMENT + 2])
def test_one_byte_more_than_a_segment_is_never_held(length: int) -> None:
    """In the bounds-checked run, holding it would be a write past the end."""
    line = b"\x01" * length + b"\0"
    whole = [naive.judge(segment) for segment in naive.segments(line)]
    assert scanned([line[i : i + 1] for i in range(len(line))]) == whole
    assert scanned([line[:7], line[7:]]) == whole


@pytest.mark.parametrize(("name", "line"), [*vectors()], ids=[name for name, _ in vectors()])
def test_every_vector(name: str, line: bytes) -> None:
    assert scanned([line]) == [naive.judge(segment) for segment in naive.segments(line)], name
    assert as_results(scanned([line])) == [named(result) for result in Decoder().feed(line)]


@given(st.binary(max_size=200))
def test_the_crc_is_zlibs(data: bytes) -> None:
    assert scan.crc32(np.frombuffer(data, np.uint8), len(data)) == zlib.crc32(data)


def test_memory_does_not_grow() -> None:
    scanner = scan.Scanner(4)
    batches = [rows.copy() for _ in range(50) for rows, _, _ in scanner.feed(b"\x01" * 50_000)]
    assert [int(row["verdict"]) for rows in batches for row in rows] == [scan.OVERLONG]


def test_the_numbers_are_the_protocols() -> None:
    assert (frames.VERSION, frames.MAX_SEGMENT, HEADER.size) == (scan.VERSION, scan.MAX_SEGMENT, scan.HEADER_BYTES)
    assert (Samples.TYPE, Samples.LAYOUT.size) == (scan.TYPE_SAMPLES, scan.FIXED_BYTES)
    assert (frames.MAX_RATE_MILLIHZ, MAX_STREAMS - 1, frames.MAX_LEADS) == (scan.MAX_RATE_MILLIHZ, scan.MAX_STREAM, scan.MAX_LEADS)
