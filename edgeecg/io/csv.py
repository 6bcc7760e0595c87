"""Columns of numbers: one row a sample, with or without a header line and a column of times."""

import csv
import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.io.recording import Lead, Recording

TIME_NAMES = {"time": 1.0, "time_s": 1.0, "t": 1.0, "seconds": 1.0, "timestamp": 1.0, "time_ms": 1e-3, "ms": 1e-3, "time_us": 1e-6}
"""Column names that mean time, and how long one unit of them lasts in seconds."""
DELIMITERS = ",;\t"
MAX_COLUMNS = 64
MAX_S = 1e9

_WITH_UNIT = re.compile(r"(.+?)\s*[\[(]([^\])]+)[\])]")


def read_csv(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    time_column: str | None = None,
    rate_hz: float | None = None,
    units: str = "mV",
) -> Recording:
    """Read the named columns (default: all but the time). The rate is `rate_hz`, else what the times say.

    A column's unit is what its name says, `I [uV]`, else `units`. Columns of a file without a header are named 1, 2, ...
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            names, table, first_line = _table(file, path.name)
    except OSError as error:
        raise InputError(str(path), error.strerror, "a readable file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(str(path), str(error), "text in columns") from error
    bare = [_split_unit(name)[0] for name in names]
    time_at = _time_column(bare, time_column, path.name)
    if rate_hz is None:
        rate_hz = _rate_of_times(table, time_at, bare, first_line, path.name)
    elif not 0 < rate_hz < np.inf:
        raise InputError("rate", rate_hz, "a finite number > 0")
    chosen = [i for i in range(len(bare)) if i != time_at] if columns is None else [_find(bare, name, path.name) for name in columns]
    if not chosen:
        raise InputError(path.name, "a file with no column but the time", "one or more leads")
    leads = tuple(
        Lead(name=bare[i], raw=np.ascontiguousarray(table[:, i]), rate_hz=rate_hz, units=_split_unit(names[i])[1] or units) for i in chosen
    )
    return Recording(name=path.stem, rate_hz=rate_hz, leads=leads)


def _table(file: TextIO, where: str) -> tuple[list[str], NDArray[np.float64], int]:
    """Give the columns' names, the numbers, and the line on which they begin."""
    rows = _rows(file)
    first_line, first = next(rows, (0, []))
    if not first:
        raise InputError(where, "an empty file", "rows of numbers")
    if len(first) > MAX_COLUMNS:
        raise InputError(f"{where}, line {first_line}", f"a row of {len(first)} columns", f"at most {MAX_COLUMNS}")
    headed = not any(_is_number(cell) for cell in first)
    names = [cell.strip() for cell in first] if headed else [str(i + 1) for i in range(len(first))]
    if len(set(names)) < len(names) or "" in names:
        raise InputError(f"{where}, line {first_line}: names", ", ".join(names), "all given and all different")
    values = array("d") if headed else array("d", _numbers(first, len(names), f"{where}, line {first_line}"))
    for line, row in rows:
        values.extend(_numbers(row, len(names), f"{where}, line {line}"))
    if not values:
        raise InputError(where, "a file with a header only", "rows of numbers")
    return names, np.frombuffer(values).reshape(-1, len(names)), first_line + headed


def _rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Number the lines, and take for delimiter the one the first line has most of. Blank lines at the end are no rows."""
    head = file.readline()
    file.seek(0)
    reader = csv.reader(file, delimiter=max(DELIMITERS, key=head.count))
    blank_at = 0
    for row in reader:
        if not row:
            blank_at = blank_at or reader.line_num
            continue
        if blank_at:
            yield blank_at, [""]  # a hole between rows is a missing sample, not white space
        yield reader.line_num, row


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(row: list[str], n_columns: int, where: str) -> list[float]:
    if len(row) != n_columns:
        raise InputError(where, f"a row of {len(row)} columns", f"{n_columns} columns, like the rows before")
    try:
        return [float(cell) for cell in row]
    except ValueError:
        at, cell = next((at, cell) for at, cell in enumerate(row) if not _is_number(cell))
        raise InputError(f"{where}, column {at + 1}", repr(cell[:40]), "a number (a missing sample is written nan)") from None


def _split_unit(name: str) -> tuple[str, str | None]:
    match = _WITH_UNIT.fullmatch(name)
    return (match[1], match[2].strip()) if match else (name, None)


def _find(names: list[str], name: str, where: str) -> int:
    if name not in names:
        raise InputError(f"{where}: column", repr(name), f"one of {', '.join(names)}")
    return names.index(name)


def _time_column(names: list[str], asked: str | None, where: str) -> int | None:
    if asked is not None:
        return _find(names, asked, where)
    return next((i for i, name in enumerate(names) if name.lower() in TIME_NAMES), None)


def _rate_of_times(table: NDArray[np.float64], at: int | None, names: list[str], first_line: int, where: str) -> float:
    """Fit a rate, and refuse times that stray from it: samples that never came would shift all later ones."""
    if at is None or len(table) < 2:
        raise InputError(f"{where}: rate", "not given and not in the file", "known: give it, or a column of times")
    times = table[:, at] * TIME_NAMES.get(names[at].lower(), 1.0)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below, by its line
        steps, lasted = np.diff(times), times[-1] - times[0]
    backwards = np.flatnonzero(~(steps >= 0))  # NaN steps too
    if len(backwards):
        i = int(backwards[0]) + 1
        raise InputError(f"{where}, line {first_line + i}: time", times[i], f"at or after {times[i - 1]}")
    if not 0 < lasted < MAX_S:
        raise InputError(f"{where}: time", f"{lasted} s from first row to last", f"between 0 and {MAX_S:g} s")
    slope_hz = 1 / _slope_s(times)
    coarseness = steps[steps > 0].min()  # times written in whole milliseconds stray by one of them
    allowed_s = 1.5 * max(1 / slope_hz, coarseness)
    for rate_hz in (max(1, round(slope_hz)), max(0.1, round(slope_hz, 1)), slope_hz):  # devices have round rates; their times are rounded
        if _stray_s(times, rate_hz).max() <= allowed_s:
            return float(rate_hz)
    stray_s = _stray_s(times, slope_hz)
    worst = int(stray_s.argmax())
    raise InputError(
        f"{where}, line {first_line + worst}: time",
        f"{stray_s[worst] * slope_hz:.1f} samples away from an even {slope_hz:g} Hz",
        "even; give the rate to read the rows as evenly spaced",
    )


def _slope_s(times: NDArray[np.float64]) -> float:
    """Fit a line: the first and the last time alone would carry their rounding into the rate."""
    rows = np.arange(len(times)) - (len(times) - 1) / 2
    return float(rows @ (times - times.mean()) / (rows @ rows))


def _stray_s(times: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    even = times[0] + np.arange(len(times)) / rate_hz
    return np.asarray(np.abs(times - even), np.float64)
