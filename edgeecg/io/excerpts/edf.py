"""An excerpt as EDF+, written by edfio: beats, alerts and missing stretches as annotations."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.io.excerpts.cutting import Excerpt
from edgeecg.io.excerpts.marks import marks

YEARS: Final = range(1985, 2085)
"""That the format can name."""


def write(excerpt: Excerpt, path: Path) -> list[Path]:
    """Write one file; return it."""
    try:
        from edfio import Edf, EdfAnnotation, EdfSignal, Recording  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise InputError(str(path), "EDF+", "possible without edfio: pip install 'edgeecg[edf]'") from error
    if path.exists():
        raise InputError(str(path), "a file that exists", "the name of a new one")
    rate_hz = excerpt.facts.rate_hz
    record_s = 1 if rate_hz == int(rate_hz) else 10  # rates come in steps of 0.1 Hz, and a data record holds whole samples
    samples = _padded(excerpt.samples_mv, round(record_s * rate_hz))
    signals = [
        EdfSignal(np.nan_to_num(samples[:, i]), rate_hz, label=name, physical_dimension="mV") for i, name in enumerate(excerpt.facts.leads)
    ]
    notes = [EdfAnnotation(sample / rate_hz, None, f"{symbol} {text}".strip()) for sample, symbol, text in marks(excerpt)]
    notes += [EdfAnnotation(start / rate_hz, n / rate_hz, "missing") for start, n in missing(samples)]
    start = datetime.fromtimestamp(excerpt.start_ns / 1e9, UTC).replace(tzinfo=None)
    is_dated = start.year in YEARS  # a board that has not heard what time it is lives in 1970
    told = Recording(startdate=start.date(), equipment_code="edgeecg") if is_dated else Recording(equipment_code="edgeecg")
    edf = Edf(signals, recording=told, starttime=start.time() if is_dated else None, data_record_duration=record_s, annotations=notes)
    edf.write(path)
    return [path]


def _padded(samples: NDArray[np.float64], record_len: int) -> NDArray[np.float64]:
    """The format knows no part of a data record."""
    return np.pad(samples, ((0, -len(samples) % record_len), (0, 0)), constant_values=np.nan)


def missing(samples: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return (first sample, how many) of each stretch in which nothing came."""
    absent = np.isnan(samples).any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], absent, [False]]))).tolist()
    return [(start, end - start) for start, end in zip(edges[::2], edges[1::2], strict=True)]
