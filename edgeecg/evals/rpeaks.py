"""`edgeecg eval rpeaks`: an R-peak detector against annotated recordings, clean or with calibrated noise."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edgeecg.api import rpeaks
from edgeecg.errors import InputError
from edgeecg.evals.ec57 import LEARNING_S, Score, Truth, gross, score, since, truth_of
from edgeecg.evals.noise import Noise, mix
from edgeecg.io.recording import Recording
from edgeecg.io.wfdb import Annotations, read_annotations, read_record

Detector: TypeAlias = Callable[[NDArray[np.float64], float], NDArray[Any]]
"""Takes a lead in millivolt and its rate; gives an array with the fields `sample` and, where it is causal, `reported_at`."""

DEFAULT_SET = "mitdb"
CROSSVAL = Path(__file__).parents[2] / "training" / "qrs" / "crossval.json"
"""Where training leaves its out-of-fold figures, in a checkout; a wheel has none."""


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """A recording and what its annotators say of it."""

    recording: Recording
    annotations: Annotations
    truth: Truth


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecordScore:
    """One recording's two scores, and how long the detector took."""

    record: str
    whole: Score
    after_learning: Score
    len_samples: int
    took_s: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Report:
    """One detector on a set of recordings, under one condition."""

    detector: str
    snr_db: float | None
    """None: as recorded."""
    records: tuple[RecordScore, ...]

    @property
    def whole(self) -> Score:
        """All recordings together, from the first beat on."""
        return gross(record.whole for record in self.records)

    @property
    def after_learning(self) -> Score:
        """All recordings together, from minute 5 on."""
        return gross(record.after_learning for record in self.records)

    def figures(self) -> dict[str, Any]:
        """Give everything that was measured, ready for JSON."""
        samples, took_s = sum(record.len_samples for record in self.records), sum(record.took_s for record in self.records)
        return {
            "detector": self.detector,
            "snr_db": self.snr_db,
            "gross": {"whole": self.whole.figures(), "from_minute_5": self.after_learning.figures()},
            "msamples_per_s": round(samples / took_s / 1e6, 3) if took_s else None,
            "records": {
                record.record: {"whole": record.whole.figures(), "from_minute_5": record.after_learning.figures()}
                for record in self.records
            },
        }


def engine_detector(chunk_len: int) -> Detector:
    """Give the engine's own detector, fed in chunks of a length."""

    def detect(samples_mv: NDArray[np.float64], rate_hz: float) -> NDArray[Any]:
        return rpeaks(samples_mv, rate_hz, mv_per_unit=1.0, chunk_len=chunk_len)

    return detect


def find_records(data: Path, names: Sequence[str] = ()) -> list[Path]:
    """Find recordings by name (`208`, `nstdb/118e06`) in the folder or one below, or all of a folder's (`cpsc2021`); without names, all of mitdb/."""
    if not data.is_dir():
        raise InputError("data", data, "a folder of recordings")
    if not names and not any((data / DEFAULT_SET).glob("*.hea")):
        raise InputError("data", data, f"a folder that holds {DEFAULT_SET}/*.hea")
    return [header.with_suffix("") for name in names or [DEFAULT_SET] for header in _headers(data, name)]


def _headers(data: Path, name: str) -> list[Path]:
    if folder := sorted((data / name).glob("*.hea")):
        return folder
    found = sorted({*data.glob(f"{name}.hea"), *data.glob(f"*/{name}.hea")})
    if len(found) != 1:
        got = "not found" if not found else f"found {len(found)} times ({', '.join(str(path.relative_to(data)) for path in found)})"
        raise InputError(f"record {name!r}", got, f"one recording in {data}, or a folder of them")
    return found


def read_annotated(path: Path) -> Annotated:
    """Read a recording and its reference annotations."""
    annotations = read_annotations(path.with_name(path.name + ".atr"))
    return Annotated(read_record(path), annotations, truth_of(annotations))


def evaluate(
    paths: Iterable[Path], detect: Detector, *, noise: Noise | None = None, snr_db: float | None = None, lead: int = 0
) -> Iterator[RecordScore]:
    """Run a detector over recordings, one after the other."""
    for path in paths:
        known = read_annotated(path)
        rate_hz = known.recording.lead(lead).rate_hz
        if rate_hz != known.recording.rate_hz:
            raise InputError(f"{path}, lead {lead}: rate", rate_hz, f"the {known.recording.rate_hz:g} Hz in which its annotations count")
        if noise is None or snr_db is None:
            samples_mv = known.recording.lead(lead).millivolts()
        else:
            samples_mv = mix(known.recording, known.annotations, noise, snr_db, lead)
        begun = time.perf_counter()
        found = detect(samples_mv, rate_hz)
        took_s = time.perf_counter() - begun
        yield RecordScore(
            record=known.recording.name,
            whole=score(known.truth, found, rate_hz),
            after_learning=score(known.truth, found, rate_hz, since(LEARNING_S, rate_hz)),
            len_samples=len(samples_mv),
            took_s=took_s,
        )


def read_crossval(path: Path) -> dict[str, Any] | None:
    """Read the out-of-fold figures that training wrote, where there are any: `whole` and `from_minute_5`, each with `f1` in percent."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for part in ("whole", "from_minute_5"):
            float(content[part]["f1"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(str(path), repr(error), "an object with whole.f1 and from_minute_5.f1") from error
    return dict(content)
