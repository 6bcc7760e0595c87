"""`edgeecg eval rpeaks`: what it reports is what its detector did, and what it cannot find it says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg import rpeaks
from edgeecg.cli import main
from edgeecg.columns import columns
from edgeecg.errors import InputError
from edgeecg.evals.noise import Noise
from edgeecg.evals.rpeaks import Report, engine_detector, evaluate, find_records, read_crossval
from edgeecg.evals.table import crossval_lines, records_table

RATE_HZ = 250
BEATS = np.arange(1, 500) * 200 + 37
PEAK = np.dtype([("sample", "i8"), ("reported_at", "i8")])


def write_recording(folder: Path, name: str) -> None:
    """400 s with a triangle for a beat every 0.8 s, annotated, and the same upside down."""
    folder.mkdir(exist_ok=True)
    signal = np.zeros(100_000)
    for distance, height in enumerate((1.0, 0.7, 0.3, 0.05)):
        signal[BEATS - distance] = signal[BEATS + distance] = height
    steps = np.round(signal * 200).astype("<i2")
    (folder / f"{name}.dat").write_bytes(np.stack([steps, -steps], axis=1).tobytes())
    lines = [f"{name} 2 {RATE_HZ} {len(signal)}", f"{name}.dat 16 200/mV 16 0 0 0 0 I", f"{name}.dat 16 200/mV 16 0 0 0 0 II"]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    intervals = np.diff(BEATS, prepend=0)
    (folder / f"{name}.atr").write_bytes(b"".join((1 << 10 | int(step)).to_bytes(2, "little") for step in intervals) + b"\0\0")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("1", "2"):
        write_recording(tmp_path / "mitdb", name)
    write_recording(tmp_path / "other", "2")
    return tmp_path


def knows_all_but(missed: int, late: int) -> Callable[[NDArray[np.float64], float], NDArray[Any]]:
    def detect(samples_mv: NDArray[np.float64], rate_hz: float) -> NDArray[Any]:
        assert samples_mv.max() == 1.0
        assert rate_hz == RATE_HZ
        return np.array([(beat + 1, beat + late) for beat in BEATS[missed:]], PEAK)

    return detect


def test_recordings_are_found_by_name(data: Path) -> None:
    assert find_records(data) == [data / "mitdb" / "1", data / "mitdb" / "2"]
    assert find_records(data, ["other/2", "1"]) == [data / "other" / "2", data / "mitdb" / "1"]
    with pytest.raises(InputError, match=r"record '2': found 2 times \(mitdb/2\.hea, other/2\.hea\) is not one recording in"):
        find_records(data, ["2"])
    with pytest.raises(InputError, match="record '3': not found"):
        find_records(data, ["3"])
    with pytest.raises(InputError, match=r"is not a folder that holds mitdb/\*\.hea"):
        find_records(data / "other")
    with pytest.raises(InputError, match="is not a folder of recordings"):
        find_records(data / "none")


def test_a_report_says_what_the_detector_did(data: Path) -> None:
    report = Report(detector="d", snr_db=None, records=tuple(evaluate(find_records(data), knows_all_but(3, late=50))))
    figures = report.figures()
    assert list(figures["records"]) == ["1", "2"]
    whole = figures["records"]["1"]["whole"]
    assert (whole["beats"], whole["missed"], whole["false"]) == (499, 3, 0)
    assert whole["mean_abs_error_ms"] == 4.0
    assert whole["delay_ms"] == {"p50": 200.0, "p95": 200.0, "p99": 200.0, "max": 200.0}
    assert figures["gross"]["whole"]["missed"] == 6
    after = figures["gross"]["from_minute_5"]
    assert (after["beats"], after["missed"], after["f1"]) == (2 * int((BEATS >= 300 * RATE_HZ).sum()), 0, 100.0)
    text = records_table(report).splitlines()
    assert text[2].split() == ["1", "499", "3", "0", "99.40", "100.00", "99.70", "4.0", "200", "200", "200", "200", "100.00"]
    assert text[-1].startswith("gross from minute 5")


def test_noise_reaches_the_detector(data: Path) -> None:
    wave = np.sin(np.arange(100_000) * 0.3)
    seen: list[NDArray[np.float64]] = []

    def detect(samples_mv: NDArray[np.float64], _rate_hz: float) -> NDArray[Any]:
        seen.append(samples_mv)
        return np.array([], PEAK)

    noise = Noise("sine", RATE_HZ, (wave,), (float(np.sqrt(0.5)),))
    list(evaluate(find_records(data, ["1"]), detect))
    list(evaluate(find_records(data, ["1"]), detect, noise=noise, snr_db=6.0))
    added = seen[1] - seen[0]
    assert not added[: 300 * RATE_HZ].any()
    assert added[300 * RATE_HZ :].std() == pytest.approx(np.ptp(seen[0]) / np.sqrt(8) / 10**0.3, rel=0.1)


def test_the_command_reports_what_the_engine_found(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "rpeaks", "--data", str(data), "--records", "mitdb/2", "--chunk", "50", "--lead", "1", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    steps = np.fromfile(data / "mitdb" / "2.dat", "<i2").reshape(-1, 2)[:, 1]
    found = rpeaks(steps / 200, RATE_HZ, mv_per_unit=1.0, chunk_len=50)
    whole = answer["conditions"][0]["gross"]["whole"]
    assert whole["beats"] == len(BEATS)
    assert whole["beats"] - whole["missed"] + whole["false"] == len(found) > 400
    assert answer["cross_validated"] is None


def test_the_command_prints_tables_for_people(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEECG_DATA", str(data))
    assert main(["eval", "rpeaks", "--records", "1", "--noise", "other/2", "--snr", "12", "-6"]) == 0
    said = capsys.readouterr()
    assert said.err == ""  # not a terminal: no progress
    assert "gross from minute 5" in said.out
    assert [line.split(",")[0] for line in said.out.splitlines() if ", whole" in line] == ["as recorded", "12 dB", "-6 dB"]


def test_a_long_measurement_says_how_far_it_is_and_wipes_it_away(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeecg.cli.progress.QUIET_S", -1.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["eval", "rpeaks", "--data", str(data)]) == 0
    assert capsys.readouterr().err == "\r1 of 2: 1\033[K\r\033[K"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--data: nothing is not a folder of recordings, and EDGEECG_DATA names none"),
        (["--data", "/nowhere"], "data: /nowhere is not a folder of recordings"),
        (["--chunk", "0"], "--chunk: '0' is not 1 to 100000"),
        (["--data", "/nowhere", "--snr", "6"], "--snr: given without --noise is not a level of some noise"),
        (["--noise", "n", "--snr", "nan"], "--snr: 'nan' is not -60 to 60"),
    ],
)
def test_what_the_command_refuses_it_refuses_in_a_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGEECG_DATA", raising=False)
    try:
        status: object = main(["eval", "rpeaks", *arguments])
    except SystemExit as left:
        status = left.code
    assert status == 2
    assert capsys.readouterr().err == f"edgeecg eval rpeaks: {says}\n"


def test_the_chunk_length_reaches_the_engine(data: Path) -> None:
    samples_mv = np.fromfile(data / "mitdb" / "1.dat", "<i2").reshape(-1, 2)[:, 0] / 200
    np.testing.assert_array_equal(engine_detector(7)(samples_mv, RATE_HZ), engine_detector(640)(samples_mv, RATE_HZ))


def test_out_of_fold_figures_are_shown_or_said_to_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "crossval.json"
    assert read_crossval(path) is None
    assert "no figures here" in crossval_lines(None)
    path.write_text('{"whole": {"f1": 99.7654}, "from_minute_5": {"f1": 99.8765}}')
    assert crossval_lines(read_crossval(path)).endswith("F1 99.77 whole, 99.88 from minute 5")
    for broken in ("", "[]", '{"whole": {"f1": 99}}', '{"whole": 1, "from_minute_5": 2}'):
        path.write_text(broken)
        with pytest.raises(InputError, match=r"crossval\.json: .* is not an object with whole\.f1 and from_minute_5\.f1"):
            read_crossval(path)


def test_columns_line_up() -> None:
    assert columns([["a", "bb"], ["ccc", "1"]], rules=(1,)) == "a    bb\n-------\nccc   1"
