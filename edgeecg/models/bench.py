"""How long one window takes on this host, on each file of a model: medians of rounds in which the files take turns."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from edgeecg.models import golden
from edgeecg.models.card import Card, FileKey
from edgeecg.models.classifier import Classifier
from edgeecg.models.loading import load
from edgeecg.models.verify import Verdict, check_file

ROUNDS = 5
ROUND_S = 0.15
WORTH = 0.95
"""A file is chosen before one that stands earlier on the card if it takes less than this of its time."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One file's time for a window, from millivolt to scores, processor time of one thread."""

    key: FileKey
    runtime: str
    load_ms: float
    window_ms: float
    """Of the middle round."""
    verdict: Verdict
    detail: str = ""
    calls_ms: tuple[float, ...] = ()
    """Every window by itself."""


def measure(card: Card, folder: Path, cache: Path | None, *, keys: Sequence[FileKey] = (), rounds: int = ROUNDS) -> list[Timing]:
    """Measure each net file that runs here; one that does not say what its card expects is measured all the same."""
    verdicts = {key: check_file(card, folder, key) for key in keys or card.nets}
    runnable = [key for key, check in verdicts.items() if check.verdict is not Verdict.NOT_RUN]
    classifiers, loading = {}, {}
    for key in runnable:
        begun = time.perf_counter()
        classifiers[key] = Classifier(load(card, folder, key=key, cache=cache))
        loading[key] = (time.perf_counter() - begun) * 1e3
    taken: dict[FileKey, list[list[float]]] = {key: [] for key in runnable}
    for _ in range(rounds):
        for key in runnable:
            taken[key].append(_round_ms(classifiers[key]))
    return [
        Timing(
            key,
            classifiers[key].model.runtime,
            loading[key],
            statistics.median(map(statistics.fmean, taken[key])),
            verdicts[key].verdict,
            verdicts[key].detail,
            tuple(chain.from_iterable(taken[key])),
        )
        for key in runnable
    ]


def _round_ms(classifier: Classifier) -> list[float]:
    """Return the processor time of each window, of as many as fit into a round, after one that warms up."""
    asked = golden.asked(classifier.model.card)
    classifier.opinion(*asked)
    taken: list[float] = []
    end_s = time.perf_counter() + ROUND_S
    while not taken or time.perf_counter() < end_s:
        begun = time.process_time()
        classifier.opinion(*asked)
        taken.append((time.process_time() - begun) * 1e3)
    return taken


def fastest(timings: Sequence[Timing]) -> Timing | None:
    """Return the file to use here: sound, and faster by enough than what stands before it on the card."""
    best: Timing | None = None
    for timing in timings:
        if timing.verdict is Verdict.SOUND and (best is None or timing.window_ms < WORTH * best.window_ms):
            best = timing
    return best
