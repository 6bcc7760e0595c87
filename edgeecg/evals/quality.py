"""Whether quality means something: are clean seconds rated good, and is what is read in good seconds right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.ec57 import Score, Truth, gross, score
from edgeecg.io.wfdb import Annotations
from edgeecg.types import Beat, Event, Quality, Vitals

NOISE_SYMBOL = "~"
UNREADABLE = -1
RATE_WITHIN = 1.0
LEADS_TOLD_APART = 4
"""A noise mark's bit i says that lead i is noisy, bit i + 4 that it is unreadable."""


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """A lead's seconds and what they were rated."""

    starts: NDArray[np.int64]
    """First sample of each, ascending."""
    ends: NDArray[np.int64]
    good: NDArray[np.bool_]

    def in_good(self, samples: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which samples lie in a second rated good."""
        inside = np.zeros(len(samples), np.bool_)
        second = np.searchsorted(self.starts, samples, side="right") - 1
        rated = second >= 0
        inside[rated] = (samples[rated] < self.ends[second[rated]]) & self.good[second[rated]]
        return inside


def ratings_of(events: Iterable[Event]) -> Ratings:
    """Take the quality events of a stream with one lead."""
    seconds = sorted(
        (event.start_sample, event.start_sample + event.len_samples, event.good) for event in events if isinstance(event, Quality)
    )
    starts, ends, good = zip(*seconds, strict=True) if seconds else ((), (), ())
    return Ratings(np.array(starts, np.int64), np.array(ends, np.int64), np.array(good, np.bool_))


def annotated_clean(annotations: Annotations, lead: int, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which seconds the annotators call clean throughout: a noise mark holds until the next."""
    clean = np.ones(len(starts), np.bool_)
    marks = annotations.symbols == NOISE_SYMBOL
    changes = [*annotations.samples[marks].tolist(), np.inf]
    for begin, end, subtype in zip(changes, changes[1:], annotations.subtypes[marks].tolist(), strict=False):
        if subtype == UNREADABLE or subtype >> lead & 1 or subtype >> lead + LEADS_TOLD_APART & 1:
            clean &= (ends <= begin) | (starts >= end)
    return clean


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QualityScore:
    """How one recording's seconds were rated, and what the beats within good ones are worth."""

    n_seconds: int
    n_good: int
    n_clean: int
    """Seconds that the annotators call clean."""
    n_clean_good: int
    in_good: Score

    def figures(self) -> dict[str, Any]:
        """Give what a report prints, ready for JSON: shares in percent."""
        return {
            "seconds": self.n_seconds,
            "good": _percent(self.n_good, self.n_seconds),
            "clean_seconds": self.n_clean,
            "clean_rated_good": _percent(self.n_clean_good, self.n_clean),
            "in_good_seconds": self.in_good.figures(),
        }


def score_quality(
    events: Sequence[Event],
    truth: Truth,
    annotations: Annotations,
    rate_hz: float,
    lead: int = 0,
    within: NDArray[np.bool_] | None = None,
) -> QualityScore:
    """Judge a lead's events, all from one run of the engine. Seconds in ventricular fibrillation count for nothing.

    `within` says of every sample whether a second that begins there counts; without it, all do.
    """
    ratings = ratings_of(events)
    if within is not None:
        kept = within[ratings.starts]
        ratings = Ratings(ratings.starts[kept], ratings.ends[kept], ratings.good[kept])
    outside = np.ones(len(ratings.starts), np.bool_)
    for begin, end in truth.vf:
        outside &= (ratings.ends <= begin) | (ratings.starts > end)
    clean = annotated_clean(annotations, lead, ratings.starts, ratings.ends) & outside
    beats = np.array(
        [(event.sample, event.reported_at) for event in events if isinstance(event, Beat)], [("sample", "i8"), ("reported_at", "i8")]
    )
    return QualityScore(
        n_seconds=int(outside.sum()),
        n_good=int((ratings.good & outside).sum()),
        n_clean=int(clean.sum()),
        n_clean_good=int((ratings.good & clean).sum()),
        in_good=score(truth, beats, rate_hz, ratings.in_good),
    )


def add_up(scores: Iterable[QualityScore]) -> QualityScore:
    """Add up recordings: every second weighs the same."""
    all_of = tuple(scores)
    return QualityScore(
        n_seconds=sum(one.n_seconds for one in all_of),
        n_good=sum(one.n_good for one in all_of),
        n_clean=sum(one.n_clean for one in all_of),
        n_clean_good=sum(one.n_clean_good for one in all_of),
        in_good=gross(one.in_good for one in all_of),
    )


@dataclass(frozen=True, slots=True)
class RateScore:
    """In how many seconds rated good the heart rate is known, and within 1/min of what the annotated beats give."""

    n_good: int
    n_known: int
    n_within: int

    def figures(self) -> dict[str, Any]:
        """Give what a report prints, ready for JSON: shares in percent."""
        return {
            "good_seconds": self.n_good,
            "known": _percent(self.n_known, self.n_good),
            "within": _percent(self.n_within, self.n_good),
            "within_where_known": _percent(self.n_within, self.n_known),
        }


def score_heart_rate(events: Sequence[Event], reference: Iterable[Vitals]) -> RateScore:
    """Compare a stream's vitals, second by second, with those that the same stage gives for the annotated beats.

    A second counts if it is rated good and the annotated beats give a rate; a rate that the stream does not know is not within.
    """
    known = {event.sample: event.heart_rate for event in events if isinstance(event, Vitals)}
    true = {event.sample: event.heart_rate for event in reference if event.heart_rate > 0}
    at = np.array(sorted(true), np.int64)
    good = at[ratings_of(events).in_good(at)].tolist()
    off = [abs(known[sample] - true[sample]) for sample in good if known.get(sample, -1.0) > 0]
    return RateScore(len(good), len(off), sum(one <= RATE_WITHIN for one in off))


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 4) if whole else None
