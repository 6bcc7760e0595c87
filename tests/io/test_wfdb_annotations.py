"""Annotation files: equal to the wfdb package on what is real, typed errors on what is hostile."""

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.errors import InputError
from edgeecg.io.wfdb import read_annotations
from edgeecg.io.wfdb.annotations import AUX, CHN, NOTE, NUM, SKIP, SUB, SYMBOLS, parse_annotations


def pair(code: int, interval: int) -> bytes:
    return (code << 10 | interval).to_bytes(2, "little")


def skip(interval: int) -> bytes:
    packed = interval.to_bytes(4, "little", signed=True)
    return pair(SKIP, 0) + packed[2:] + packed[:2]


END = pair(0, 0)

Row = tuple[int, int, int, int, int, str]


def written(rows: list[Row]) -> bytes:
    content, before, channel, number = b"", 0, 0, 0
    for sample, code, subtype, new_channel, new_number, aux in rows:
        step = sample - before
        content += pair(code, step) if step < 1024 else skip(step) + pair(code, 0)
        content += pair(SUB, subtype & 0xFF) if subtype else b""
        content += pair(CHN, new_channel) if new_channel != channel else b""
        content += pair(NUM, new_number & 0xFF) if new_number != number else b""
        text = aux.encode("latin-1")
        content += pair(AUX, len(text)) + text + b"\0" * (len(text) % 2) if text else b""
        before, channel, number = sample, new_channel, new_number
    return content + END


signed_byte = st.integers(-128, 127)
latin = st.text(st.characters(max_codepoint=255), max_size=300)
tails = st.tuples(st.sampled_from(sorted(SYMBOLS)), signed_byte, st.integers(0, 255), signed_byte, latin)


@st.composite
def annotation_rows(draw: st.DrawFn) -> list[Row]:
    samples = sorted(draw(st.lists(st.integers(1, 2**31 - 1) | st.integers(1, 3000), max_size=12)))
    return [(sample, *draw(tails)) for sample in samples]


def test_every_annotation_file_reads_as_the_wfdb_package_reads_it(edgeecg_data: Path) -> None:
    suffixes = (".atr", ".i", ".avf", ".v6")
    paths = [path for path in sorted(edgeecg_data.rglob("*")) if path.suffix in suffixes]
    assert paths
    for path in paths:
        ours, theirs = read_annotations(path), wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
        np.testing.assert_array_equal(ours.samples, theirs.sample)
        assert ours.symbols.tolist() == theirs.symbol, path
        np.testing.assert_array_equal(ours.subtypes, theirs.subtype)
        np.testing.assert_array_equal(ours.channels, theirs.chan)
        np.testing.assert_array_equal(ours.numbers, theirs.num)
        assert list(ours.aux) == theirs.aux_note, path


@given(annotation_rows())
def test_what_is_written_is_read(rows: list[Row]) -> None:
    read = parse_annotations(written(rows), "r.atr")
    assert len(read) == len(rows)
    again = zip(
        read.samples.tolist(),
        read.symbols.tolist(),
        read.subtypes.tolist(),
        read.channels.tolist(),
        read.numbers.tolist(),
        read.aux,
        strict=True,
    )
    assert list(again) == [(sample, SYMBOLS[code], *rest) for sample, code, *rest in rows]


def test_what_the_wfdb_package_writes_is_read(tmp_path: Path) -> None:
    samples = np.array([10, 900, 5000, 5000, 700_000])
    labels = wfdb.Annotation("r", "atr", samples).custom_labels
    assert labels is None
    wfdb.wrann(
        "r",
        "atr",
        samples,
        symbol=["N", "V", "+", "k", "N"],
        subtype=np.array([0, -1, 2, 0, 0]),
        aux_note=["", "", "(AFIB", "", ""],
        fs=360,
        custom_labels=[(42, "k", "one of our own")],
        write_dir=str(tmp_path),
    )
    read = read_annotations(tmp_path / "r.atr")
    assert read.rate_hz == 360
    assert read.samples.tolist() == samples.tolist()
    assert read.symbols.tolist() == ["N", "V", "+", "k", "N"]
    assert read.subtypes.tolist() == [0, -1, 2, 0, 0]
    assert [text.rstrip("\0") for text in read.aux] == ["", "", "(AFIB", "", ""]


def test_a_remark_at_sample_0_and_a_code_nobody_defines_are_kept() -> None:
    text = b"recorded at home"
    read = parse_annotations(pair(NOTE, 0) + pair(AUX, len(text)) + text + pair(43, 5) + pair(0, 7) + pair(1, 1) + END, "r.atr")
    assert read.symbols.tolist() == ['"', "[43]", "N"]
    assert read.aux == ("recorded at home", "", "")
    assert read.samples.tolist() == [0, 5, 13]  # a code 0 is no annotation, but its interval counts


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "a file that ends after 0 annotations without its end mark"),
        (pair(1, 5), "a file that ends after 1 annotations without its end mark"),
        (pair(1, 5) + b"\0", "without its end mark"),
        (pair(SUB, 1) + END, "byte 0: modifier 61 is not allowed before the first annotation"),
        (pair(1, 5) + pair(AUX, 9) + b"abc", "byte 2: a text of 9 bytes where 3 are left is not complete"),
        (pair(SKIP, 0) + b"\0\0", "byte 0: a long interval cut short"),
        (skip(-3) + pair(1, 0) + END, "byte 6: sample -3 is not at or after 0"),
        (pair(1, 50) + skip(-3) + pair(1, 0) + END, "byte 8: sample 47 is not at or after 50"),
    ],
)
def test_a_hostile_file_is_refused_saying_where(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_annotations(content, "r.atr")


def test_a_file_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"r\.atr: No such file or directory"):
        read_annotations(tmp_path / "r.atr")


@given(annotation_rows(), st.data())
def test_mutated_bytes_read_or_are_refused_and_nothing_else(rows: list[Row], data: st.DataObject) -> None:
    content = bytearray(written(rows))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for mutant in (bytes(content), bytes(content[:cut])):
        try:
            read = parse_annotations(mutant, "r.atr")
        except InputError:
            continue
        assert (np.diff(read.samples) >= 0).all()


@given(st.binary(max_size=200))
def test_any_bytes_read_or_are_refused(content: bytes) -> None:
    try:
        read = parse_annotations(content, "r.atr")
    except InputError as error:
        assert str(error).startswith("r.atr")  # noqa: PT017 - either outcome is fine, this one must say where
    else:
        assert len(read.aux) == len(read)
