"""CSV: what is written is read, and what cannot be read is refused with its line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeecg.errors import InputError
from edgeecg.io.csv import read_csv

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, text: str) -> Path:
    path = folder / "r.csv"
    path.write_text(text, encoding="utf-8")
    return path


@shared_folder
@given(
    rows=st.lists(st.lists(st.floats(width=64), min_size=3, max_size=3), min_size=1, max_size=20),
    delimiter=st.sampled_from(",;\t"),
    headed=st.booleans(),
)
def test_what_is_written_is_read(rows: list[list[float]], delimiter: str, headed: bool, tmp_path: Path) -> None:
    lines = [delimiter.join(["I", "II", "V1"])] * headed + [delimiter.join(map(repr, row)) for row in rows]
    record = read_csv(written(tmp_path, "\n".join(lines) + "\n"), rate_hz=250)
    assert record.lead_names == (("I", "II", "V1") if headed else ("1", "2", "3"))
    np.testing.assert_array_equal(np.stack([lead.raw for lead in record.leads], axis=1), np.array(rows))


@pytest.mark.parametrize("rate_hz", [100.0, 125.0, 333.3, 360.0, 2000.0])
@pytest.mark.parametrize(("name", "scale", "digits"), [("time", 1, 6), ("t", 1, 3), ("Time_ms", 1e3, 0), ("time_us", 1e6, 0)])
def test_the_rate_comes_from_the_times_however_they_are_rounded(
    name: str, scale: float, digits: int, rate_hz: float, tmp_path: Path
) -> None:
    rows = [f"{(5 + i / rate_hz) * scale:.{digits}f},{i}" for i in range(3000)]
    record = read_csv(written(tmp_path, "\n".join([f"{name},I", *rows])))
    assert record.rate_hz == rate_hz
    assert record.lead_names == ("I",)
    assert record.leads[0].raw[-1] == 2999


def test_columns_units_and_rate_can_be_chosen(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffwhen,I [uV],II (mV),III\r\n0,1000,2,3\r\n9,2000,4,6\r\n\r\n")
    record = read_csv(path, columns=["III", "I"], time_column="when", rate_hz=500, units="V")
    assert record.lead_names == ("III", "I")
    assert record.rate_hz == 500
    assert record.leads[0].millivolts().tolist() == [3000, 6000]
    assert record.leads[1].millivolts().tolist() == [1, 2]
    with pytest.raises(InputError, match=r"lead 'I': units: 'apples' is not a voltage"):
        read_csv(written(tmp_path, "I [apples]\n1\n"), rate_hz=500).leads[0].millivolts()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"r\.csv: an empty file"),
        ("I,II\n", "a file with a header only"),
        ("1,2\n3\n", r"r\.csv, line 2: a row of 1 columns is not 2 columns"),
        ("I,II\n1,2\n3,\n", r"line 3, column 2: '' is not a number"),
        ("I\n1\n\n2\n", r"line 3, column 1: '' is not a number"),
        ("1\n2\nx\n", r"line 3, column 1: 'x' is not a number"),
        ("I,I\n1,2\n", r"line 1: names: I, I is not all given and all different"),
        ("I,\n1,2\n", "names: I,  is not all given"),
        ("time\n1\n2\n", "a file with no column but the time"),
        ("1\n" * 3, "rate: not given and not in the file"),
        (",".join("1" * 65) + "\n", "line 1: a row of 65 columns is not at most 64"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        read_csv(written(tmp_path, text), rate_hz=None if "rate" in says else 100)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ([0, 1, 2, 1.5, 4], r"line 5: time: 1\.5 is not at or after 2\.0"),
        ([0, 1, float("nan"), 3], "line 4: time: nan is not at or after 1.0"),
        ([0, 0, 0], r"time: 0\.0 s from first row to last is not between 0 and 1e\+09 s"),
        ([0, float("inf")], "time: inf s from first row to last"),
        ([*range(100), *range(110, 200)], r"line 101: time: \d\.\d samples away from an even \d.\d+ Hz is not even; give the rate"),
    ],
)
def test_times_that_make_no_rate_are_refused(times: list[float], says: str, tmp_path: Path) -> None:
    path = written(tmp_path, "time,I\n" + "".join(f"{t},0\n" for t in times))
    with pytest.raises(InputError, match=says):
        read_csv(path)
    assert read_csv(path, rate_hz=1).leads[0].len_samples == len(times)


def test_what_is_asked_for_must_be_there(tmp_path: Path) -> None:
    path = written(tmp_path, "I,II\n1,2\n")
    with pytest.raises(InputError, match=r"r\.csv: column: 'V1' is not one of I, II"):
        read_csv(path, columns=["V1"], rate_hz=100)
    with pytest.raises(InputError, match="rate: -5 is not a finite number > 0"):
        read_csv(path, rate_hz=-5)
    with pytest.raises(InputError, match="a file with no column but the time"):
        read_csv(written(tmp_path, "I\n1\n"), rate_hz=100, time_column="I")
    with pytest.raises(InputError, match="No such file"):
        read_csv(tmp_path / "none.csv")


@shared_folder
@given(content=st.binary(max_size=60) | st.text("1,;\t.\n\"'e-naI ", max_size=60).map(str.encode), rate_hz=st.none() | st.just(100.0))
def test_any_bytes_read_or_are_refused(content: bytes, rate_hz: float | None, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    try:
        record = read_csv(path, rate_hz=rate_hz)
    except InputError:
        return
    assert record.len_samples > 0
    assert record.rate_hz > 0
