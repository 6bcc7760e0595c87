"""Headers and signal files: equal to the wfdb package on what is real, typed errors on what is hostile."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.io.wfdb import parse_header, read_record

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def packed_16(samples: NDArray[np.int16]) -> bytes:
    return samples.astype("<i2").tobytes()


def packed_212(samples: NDArray[np.int16]) -> bytes:
    packed = bytearray()
    for i in range(0, len(samples), 2):
        first = int(samples[i]) & 0xFFF
        second = int(samples[i + 1]) & 0xFFF if i + 1 < len(samples) else None
        packed += bytes([first & 0xFF, first >> 8 | (second or 0) >> 8 << 4])
        packed += b"" if second is None else bytes([second & 0xFF])
    return bytes(packed)


PACKED = {16: packed_16, 212: packed_212}


def write_record(folder: Path, frames: NDArray[np.int16], code: int, lines: list[str], preamble: bytes = b"") -> Path:
    (folder / "r.dat").write_bytes(preamble + PACKED[code](frames.reshape(-1)))
    (folder / "r.hea").write_text("\n".join(lines) + "\n")
    return folder / "r"


def every_record(folder: Path) -> list[Path]:
    """All records, and one in forty of the large collection of short ones."""
    records = sorted(folder.rglob("*.hea"))
    assert records
    short = [path for path in records if path.parent.name == "cinc2017"]
    return [path for path in records if path.parent.name != "cinc2017"] + short[::40]


def test_every_record_reads_as_the_wfdb_package_reads_it(edgeecg_data: Path) -> None:
    for path in every_record(edgeecg_data):
        ours = read_record(path)
        digital = wfdb.rdrecord(str(path.with_suffix("")), physical=False)
        physical = wfdb.rdrecord(str(path.with_suffix("")))
        assert ours.rate_hz == digital.fs, path
        assert ours.start == digital.base_datetime, path
        assert list(ours.comments) == digital.comments, path
        for i, lead in enumerate(ours.leads):
            assert lead.name == (digital.sig_name[i] or ""), path
            assert (lead.units, lead.gain, lead.baseline) == (digital.units[i], digital.adc_gain[i], digital.baseline[i]), path
            np.testing.assert_array_equal(lead.raw, digital.d_signal[:, i], err_msg=str(path))
            np.testing.assert_array_equal(lead.physical(), physical.p_signal[:, i], err_msg=str(path))


def test_no_record_of_the_arrhythmia_database_has_a_wrong_checksum(edgeecg_data: Path) -> None:
    assert [read_record(path).warnings for path in sorted((edgeecg_data / "mitdb").glob("*.hea"))] == [()] * 25


@shared_folder
@given(data=st.data())
@pytest.mark.parametrize("code", [16, 212])
def test_what_is_written_is_read(code: int, data: st.DataObject, tmp_path: Path) -> None:
    bits = {16: 15, 212: 11}[code]
    n_signals, n_frames = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 40))
    values = st.integers(-(1 << bits), (1 << bits) - 1)
    flat = data.draw(st.lists(values, min_size=n_signals * n_frames, max_size=n_signals * n_frames))
    preamble = data.draw(st.binary(max_size=30))
    frames = np.array(flat, np.int16).reshape(n_frames, n_signals)
    sums = [(int(frames[:, i].sum(dtype=np.int64)) + 32768) % 65536 - 32768 for i in range(n_signals)]
    lines = [f"r {n_signals} 360 {n_frames}"]
    lines += [f"r.dat {code}+{len(preamble)} 200(5)/mV 12 0 0 {sums[i]} 0 lead {i}" for i in range(n_signals)]
    record = read_record(write_record(tmp_path, frames, code, lines, preamble))
    assert record.lead_names == tuple(f"lead {i}" for i in range(n_signals))
    assert record.warnings == ()
    for i, lead in enumerate(record.leads):
        np.testing.assert_array_equal(lead.raw, frames[:, i])
        expected = (frames[:, i] - 5.0) / 200
        expected[frames[:, i] == -(1 << bits)] = np.nan
        np.testing.assert_array_equal(lead.millivolts(), expected)


@pytest.mark.parametrize("code", [16, 212])
def test_signals_of_several_rates_and_skews_are_told_apart_as_wfdb_does(code: int, tmp_path: Path) -> None:
    frames = np.arange(1, 31, dtype=np.int16).reshape(10, 3)
    lines = ["r 2 250 10", f"r.dat {code}x2 200", f"r.dat {code}:3 200"]
    path = write_record(tmp_path, frames, code, lines)
    ours = read_record(path)
    theirs = wfdb.rdrecord(str(path), physical=False, smooth_frames=False)
    assert [lead.rate_hz for lead in ours.leads] == [500, 250]
    assert [lead.raw.tolist() for lead in ours.leads] == [signal.tolist() for signal in theirs.e_d_signal]
    assert np.isnan(ours.leads[1].physical()).tolist() == [False] * 7 + [True] * 3


def test_a_skewed_signal_ends_with_what_the_file_holds_beyond_the_record(tmp_path: Path) -> None:
    path = write_record(tmp_path, np.arange(10, dtype=np.int16), 16, ["r 1 250 8", "r.dat 16:3 200"])
    assert read_record(path).leads[0].raw.tolist() == [3, 4, 5, 6, 7, 8, 9, -32768]


def test_signals_lie_in_several_files(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_bytes(packed_16(np.array([1, 2, 3], np.int16)))
    (tmp_path / "b.dat").write_bytes(packed_212(np.array([4, 5, 6], np.int16)))
    (tmp_path / "r.hea").write_text("# said first\nr 2 100\na.dat 16 0 16 0 1 6 0 I\n\nb.dat 212 1/uV 12 2 4 15 0 II\n#said last\n")
    record = read_record(tmp_path / "r.hea")
    assert [lead.raw.tolist() for lead in record.leads] == [[1, 2, 3], [4, 5, 6]]
    assert record.comments == ("said first", "said last")
    assert record.leads[0].gain == 200  # 0 says "not calibrated"
    assert record.leads[1].baseline == 2  # the ADC's zero where no baseline is given
    assert record.lead("II").millivolts().tolist() == [0.002, 0.003, 0.004]
    with pytest.raises(InputError, match=r"r: lead: 'V1' is not one of I, II"):
        record.lead("V1")


def test_a_checksum_that_does_not_fit_is_a_warning(tmp_path: Path) -> None:
    record = read_record(write_record(tmp_path, np.array([7, 8], np.int16), 16, ["r 1 100 2", "r.dat 16 1 16 0 7 16 0 I"]))
    assert record.warnings == ("r.dat, signal 'I': checksum 15, the header says 16",)
    assert record.leads[0].raw.tolist() == [7, 8]


def test_the_start_is_known_where_day_and_time_are(tmp_path: Path) -> None:
    frames = np.zeros(2, np.int16)
    starts = [
        read_record(write_record(tmp_path, frames, 16, [f"r 1 100 2 {when}", "r.dat 16"])).start
        for when in ("03:06:59.5 1/06/2000", "06:59 1/06/2000", "03:06:59")
    ]
    assert starts == [datetime(2000, 6, 1, 3, 6, 59, 500_000), datetime(2000, 6, 1, 0, 6, 59), None]  # noqa: DTZ001 - the format has no zone


GOOD = ["r 1 100 4", "r.dat 16 200(0)/mV 16 0 0 0 0 I"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["r 1 100 4", "r.dat 80 200"], r"r\.hea, line 2: format: 80 is not read here; allowed: 16, 212"),
        (["r 1 100 9", "r.dat 16"], r"r\.dat: a file with 5 of 9 samples missing is not complete"),
        (["r 1 100 4", "r.dat 16+2"], r"r\.dat: a file with 1 of 4 samples missing"),
        (["r 1 100 4", "r.dat 16+99"], r"r\.dat: a file with 4 of 4 samples missing"),
        (["r 1 100 281474976710656", "r.dat 16"], "samples missing"),
        (["r 1 100 9999999999999999999999", "r.dat 16"], "a whole number from 0 to"),
        (["r 1 100 -4", "r.dat 16"], "samples a signal: '-4' is not a whole number"),
        (["r 1 -100 4", "r.dat 16"], r"line 1: rate: -100 is not a finite number > 0"),
        (["r 1 nan 4", "r.dat 16"], "rate: 'nan' is not a finite number > 0"),
        (["r 1 1e999 4", "r.dat 16"], "rate: '1e999' is not"),
        (["r 2 100 4", "r.dat 16"], "number of signals: 2 is not the number of signal lines, 1"),
        (["r 99999999 100 4", "r.dat 16"], "number of signals: '99999999' is not a whole number from 1 to 1024"),
        (["r 0 100 4"], "number of signals: '0' is not"),
        (["r/3 1 100 4", "r.dat 16"], "segments: 3 is not allowed"),
        (["r 1 100 4 25:00:00", "r.dat 16"], "start time: '25' is not"),
        (["r 1 100 4 10:00:00 31/02/2000", "r.dat 16"], "start date: '31/02/2000' is not DD/MM/YYYY"),
        (["r 1 100 4", "../r.dat 16"], "signal file: '../r.dat' is not the name of a file beside the header"),
        (["r 1 100 4", "absent.dat 16"], r"absent\.dat \(named in line 2 of the header\): missing"),
        (["r 1 100 4", ".. 16"], r"\.\. \(named in line 2 of the header\): missing or no file"),
        (["r 1 100 4", "r.dat 16x0"], "samples a frame: '0' is not"),
        (["r 1 100 4", "r.dat 16:-1"], "format: '16:-1' is not written like"),
        (["r 1 100 4", "r.dat 16 inf"], "gain: 'inf' is not a finite number"),
        (["r 1 100 4", "r.dat 16 200(x)/mV"], "baseline: 'x' is not"),
        (["r 1 100 4", "r.dat 16 200 16 0 0 1.5"], "checksum: '1.5' is not"),
        (["r 2 100 2", "r.dat 16", "r.dat 212"], r"line 2: format: \[16, 212\] is not the same for every signal of r\.dat"),
        (["r 3 100 2", "r.dat 16", "s.dat 16", "r.dat 16"], "named again after another one"),
        (["# nothing"], "without a record line"),
        (["r"], "record line: 'r' is not a name and a number of signals"),
    ],
)
def test_a_hostile_header_is_refused_saying_where(lines: list[str], says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        read_record(write_record(tmp_path, np.zeros(4, np.int16), 16, lines))


def test_a_header_that_is_absent_or_endless_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.hea: No such file or directory is not a readable header"):
        read_record(tmp_path / "none")
    (tmp_path / "r.hea").write_text("#" * ((1 << 20) + 1))
    with pytest.raises(InputError, match="a header of 1048577 bytes is not at most 1048576"):
        read_record(tmp_path / "r")


HOSTILE = st.sampled_from(
    ["-1", "0", "9" * 30, "nan", "inf", "1e309", "/", "(", ")", ":", "+", "x", "\0", "#", "\n", " ", "٣", "..", "212"]
)


@st.composite
def mutated(draw: st.DrawFn, original: str) -> str:
    text = original
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(HOSTILE | st.text(max_size=3)) + text[at + draw(st.integers(0, 4)) :]
    return text


@shared_folder
@given(text=mutated("\n".join(GOOD)))
def test_a_mutated_header_reads_or_is_refused_and_nothing_else(text: str, tmp_path: Path) -> None:
    write_record(tmp_path, np.zeros(4, np.int16), 16, GOOD)
    (tmp_path / "r.hea").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        record = read_record(tmp_path / "r")
    except InputError:
        return
    assert all(lead.len_samples * lead.raw.itemsize <= 8 * 4096 for lead in record.leads)


@given(st.text())
def test_any_text_parses_as_a_header_or_is_refused(text: str) -> None:
    outcome: Any = None
    try:
        outcome = parse_header(text, "x.hea")
    except InputError as error:
        assert str(error).startswith("x.hea")  # noqa: PT017 - either outcome is fine, this one must say where
    assert outcome is None or outcome.signals
