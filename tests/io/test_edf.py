"""EDF and EDF+: equal to another reader's files, and a sentence for every way a file can be wrong."""

import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from edgeecg.errors import InputError
from edgeecg.io.edf import read_edf

FIELDS = {"label": 16, "transducer": 80, "unit": 8, "pmin": 8, "pmax": 8, "dmin": 8, "dmax": 8, "filtering": 80, "n": 8, "reserved": 32}
SIGNAL = {"label": "ECG I", "unit": "uV", "pmin": "-3276.8", "pmax": "3276.7", "dmin": "-32768", "dmax": "32767", "n": "4"}
NOTES = {"label": "EDF Annotations", "pmin": "-1", "pmax": "1", "dmin": "-32768", "dmax": "32767", "n": "2"}


def header(signals: list[dict[str, str]], changes: dict[str, str]) -> bytes:
    fields = {
        "version": ("0", 8), "patient": ("X X X X", 80), "recording": ("Startdate 02-JAN-2023 X X X", 80), "date": ("02.01.23", 8),
        "time": ("03.04.05", 8), "n_bytes": (str(256 * (len(signals) + 1)), 8), "reserved": ("EDF+C", 44), "records": ("3", 8),
        "duration": ("0.5", 8), "signals": (str(len(signals)), 4),
    }  # fmt: skip
    first = b"".join(changes.get(name, value).encode().ljust(width) for name, (value, width) in fields.items())
    return first + b"".join(signal.get(name, "").encode().ljust(width) for name, width in FIELDS.items() for signal in signals)


def written(
    folder: Path, signals: list[dict[str, str]] | None = None, data: bytes | None = None, changes: dict[str, str] | None = None
) -> Path:
    path = folder / "r.edf"
    signals = [SIGNAL, NOTES] if signals is None else signals
    records = [struct.pack("<4h2h", *range(10 * i, 10 * i + 4), 0, 0) for i in range(3)]
    path.write_bytes(header(signals, changes or {}) + (b"".join(records) if data is None else data))
    return path


def test_samples_are_gathered_from_the_records_and_annotations_left_out(tmp_path: Path) -> None:
    recording = read_edf(written(tmp_path))
    assert (recording.rate_hz, recording.lead_names, recording.start) == (8.0, ("I",), datetime.fromisoformat("2023-01-02T03:04:05"))
    assert recording.leads[0].raw.tolist() == [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]
    np.testing.assert_allclose(recording.leads[0].physical(), np.array(recording.leads[0].raw) * 0.1, atol=1e-9)
    np.testing.assert_allclose(recording.leads[0].millivolts(), np.array(recording.leads[0].raw) * 1e-4, atol=1e-12)


def test_leads_of_many_rates_and_an_inverted_range(tmp_path: Path) -> None:
    slow = SIGNAL | {"label": "resp", "n": "1", "pmin": "100", "pmax": "-100", "dmin": "-100", "dmax": "100", "unit": "mV"}
    data = b"".join(struct.pack("<4hh", *[i] * 4, 50) for i in range(3))
    recording = read_edf(written(tmp_path, [SIGNAL, slow], data))
    assert [lead.rate_hz for lead in recording.leads] == [8.0, 2.0]
    assert recording.lead("resp").physical().tolist() == [-50.0] * 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": "1"}, r"r\.edf: version: '1       ' is not 0"),
        ({"signals": "0"}, r"r\.edf: signals: 0 is not 1 to 512"),
        ({"signals": "two"}, r"r\.edf: signals: 'two' is not a whole number"),
        ({"n_bytes": "512"}, r"r\.edf: header bytes: 512, of a file of 804 is not 768, and there"),
        ({"records": "-1"}, r"r\.edf: data records: -1 is not at least 1"),
        ({"records": "2"}, r"r\.edf: a file with 12 bytes after its last data record is not 792 bytes"),
        ({"duration": "0"}, r"r\.edf: record duration: 0.0 is not > 0 s"),
        ({"duration": "nan"}, r"r\.edf: record duration: 'nan' is not a finite number"),
        ({"reserved": "EDF+D"}, r"r\.edf: reserved: EDF\+D, a recording with interruptions is not continuous"),
    ],
)
def test_a_header_that_cannot_be_meant_is_refused(tmp_path: Path, changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_edf(written(tmp_path, changes=changes))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"n": "0"}, "signal 1: n_samples: 0 is not at least 1"),
        ({"pmax": "-3276.8"}, "signal 1: range: .* is not two ranges that are not empty"),
        ({"dmin": "x"}, "signal 1: digital_min: 'x' is not a whole number"),
    ],
)
def test_a_signal_that_cannot_be_meant_is_refused(tmp_path: Path, change: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_edf(written(tmp_path, [SIGNAL | change, NOTES]))


def test_cut_anywhere_it_is_refused_by_a_sentence(tmp_path: Path) -> None:
    whole = written(tmp_path).read_bytes()
    path = tmp_path / "cut.edf"
    for n in range(len(whole)):
        path.write_bytes(whole[:n])
        with pytest.raises(InputError, match=r"cut\.edf: (cut short: \d of 3 data records|a file of|header bytes)"):
            read_edf(path)


def test_a_file_of_notes_only_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a file of annotations only"):
        read_edf(written(tmp_path, [NOTES], bytes(12)))
    with pytest.raises(InputError, match="No such file"):
        read_edf(tmp_path / "none.edf")


def test_what_another_program_writes_is_read_value_for_value(tmp_path: Path) -> None:
    edfio = pytest.importorskip("edfio")
    rng = np.random.default_rng(5)
    signals = [
        edfio.EdfSignal(rng.normal(0, 1, 2560), 256, label="ECG V1", physical_dimension="mV", physical_range=(-5, 5)),
        edfio.EdfSignal(rng.normal(0, 50, 1000), 100, label="II", physical_dimension="uV"),
    ]
    path = tmp_path / "other.edf"
    edfio.Edf(signals, annotations=[edfio.EdfAnnotation(1.0, 0.5, "movement")]).write(path)
    recording = read_edf(path)
    assert recording.lead_names == ("V1", "II")
    for lead, signal in zip(recording.leads, edfio.read_edf(path).signals, strict=True):
        assert lead.rate_hz == signal.sampling_frequency
        np.testing.assert_array_equal(lead.raw, signal.digital)
        np.testing.assert_allclose(lead.physical(), signal.data, atol=1e-9)
