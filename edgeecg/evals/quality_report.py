"""`edgeecg eval quality`: the engine's ratings and heart rates against annotated recordings, clean and with calibrated noise."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.api import run
from edgeecg.errors import InputError
from edgeecg.evals.ec57 import Score, gross
from edgeecg.evals.noise import Noise, mix, noisy_stretches
from edgeecg.evals.quality import QualityScore, RateScore, add_up, score_heart_rate, score_quality
from edgeecg.evals.rpeaks import read_annotated
from edgeecg.facts import StreamFacts
from edgeecg.stages.vitals import of_known_beats
from edgeecg.types import Vitals

CROSSVAL = Path(__file__).parents[2] / "training" / "quality" / "crossval.json"
"""Where the calibration leaves its out-of-fold figures, in a checkout; a wheel has none."""
CROSSVAL_FIGURES = ("clean_rated_good", "f1_in_good_under_noise", "heart_rate_within", "heart_rate_within_where_known")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecordQuality:
    """One recording under one condition."""

    record: str
    quality: QualityScore
    noisy: QualityScore | None
    """The seconds that begin in a noisy stretch; None as recorded."""
    rate: RateScore


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QualityReport:
    """A set of recordings under one condition."""

    noise: str | None
    snr_db: float | None
    records: tuple[RecordQuality, ...]

    @property
    def quality(self) -> QualityScore:
        """All seconds of all recordings."""
        return add_up(record.quality for record in self.records)

    @property
    def noisy(self) -> QualityScore | None:
        """Their noisy seconds."""
        parts = [record.noisy for record in self.records if record.noisy is not None]
        return add_up(parts) if parts else None

    @property
    def rate(self) -> RateScore:
        """All heart rates."""
        rates = [one.rate for one in self.records]
        return RateScore(sum(one.n_good for one in rates), sum(one.n_known for one in rates), sum(one.n_within for one in rates))

    def figures(self) -> dict[str, Any]:
        """Give everything that was measured, ready for JSON."""
        return {
            "noise": self.noise,
            "snr_db": self.snr_db,
            "gross": _figures(self.quality, self.noisy, self.rate),
            "records": {one.record: _figures(one.quality, one.noisy, one.rate) for one in self.records},
        }


def _figures(quality: QualityScore, noisy: QualityScore | None, rate: RateScore) -> dict[str, Any]:
    return {**quality.figures(), "noisy_stretches": noisy and noisy.figures(), "heart_rate": rate.figures()}


def under_noise(reports: Iterable[QualityReport]) -> Score | None:
    """Add up the beats in good seconds of every noise at every level: the figure that says what a good rating is worth."""
    noisy = [report.quality.in_good for report in reports if report.noise is not None]
    return gross(noisy) if noisy else None


def evaluate_quality(
    paths: Iterable[Path], *, noise: Noise | None = None, snr_db: float | None = None, lead: int = 0, chunk_len: int = 64
) -> Iterator[RecordQuality]:
    """Run the engine over recordings, one after the other."""
    for path in paths:
        known = read_annotated(path)
        recording, rate_hz = known.recording, known.recording.rate_hz
        if recording.lead(lead).rate_hz != rate_hz:
            raise InputError(
                f"{path}, lead {lead}: rate", recording.lead(lead).rate_hz, f"the {rate_hz:g} Hz in which its annotations count"
            )
        in_noise: NDArray[np.bool_] | None = None
        if noise is None or snr_db is None:
            samples_mv = recording.lead(lead).millivolts()
        else:
            samples_mv = mix(recording, known.annotations, noise, snr_db, lead)
            in_noise = noisy_stretches(len(samples_mv), rate_hz)
        events = tuple(run(samples_mv, rate_hz, chunk_len=chunk_len))
        seconds = np.array([event.sample for event in events if isinstance(event, Vitals)], np.int64)
        reference = of_known_beats(StreamFacts(name="annotated", rate_hz=rate_hz), known.truth.beats, seconds)
        yield RecordQuality(
            record=recording.name,
            quality=score_quality(events, known.truth, known.annotations, rate_hz, lead),
            noisy=None if in_noise is None else score_quality(events, known.truth, known.annotations, rate_hz, lead, within=in_noise),
            rate=score_heart_rate(events, [one for one in reference if known.truth.outside_vf(np.array([one.sample]))[0]]),
        )


def read_quality_crossval(path: Path) -> dict[str, float] | None:
    """Read the out-of-fold figures that the calibration wrote, where there are any: percent, by the names of `CROSSVAL_FIGURES`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        measured = {name: float(content[name]) for name in CROSSVAL_FIGURES[:2]}
        return measured | {name: float(content[name]) for name in CROSSVAL_FIGURES[2:] if name in content}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(str(path), repr(error), f"an object of {', '.join(CROSSVAL_FIGURES)}") from error


def fitted(reports: Sequence[QualityReport]) -> dict[str, float | None]:
    """Give the figures that a cross-validation has, as measured here."""
    clean, noisy = reports[0], under_noise(reports)
    return {
        "clean_rated_good": clean.quality.figures()["clean_rated_good"],
        "f1_in_good_under_noise": noisy and noisy.figures()["f1"],
        "heart_rate_within": clean.rate.figures()["within"],
        "heart_rate_within_where_known": clean.rate.figures()["within_where_known"],
    }
