"""Is a change slow? What a few things cost, as multiples of a yardstick timed in between, against what was accepted before.

A slow machine makes the yardstick slow as well. A busy one makes single timings long, so the shortest of several counts, in processor
time; and only what is too slow in each of three rounds is held against a change. Processors differ in what they are good at, so
what was accepted counts for the processor and the Python that it was measured on, and others are not judged.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from edgeecg.bench import machine, stages
from edgeecg.bench.effort import QUICK
from edgeecg.bench.workloads import FLEET, QUIET, WORKLOADS, Ward, hearts_of
from edgeecg.models import golden
from edgeecg.models.classifier import Classifier
from edgeecg.models.registry import Registry
from edgeecg.types import Chunk

ALLOWED: Final = 1.3
"""Times what was accepted."""
ROUNDS: Final = 3
REPEATS: Final = 12
Work = Callable[[], object]


@dataclass(slots=True)
class Verdict:
    """What was found of one thing."""

    name: str
    accepted: float | None
    """In yardsticks; None: it is new."""
    measured: list[float] = field(default_factory=list)

    @property
    def is_slow(self) -> bool:
        """It was too slow in every round."""
        return self.accepted is not None and all(one >= ALLOWED * self.accepted for one in self.measured)

    def __str__(self) -> str:
        told = ", ".join(f"{one:.3g}" for one in self.measured)
        if self.accepted is None:
            return f"{self.name}: {told} yardsticks; nothing was accepted yet"
        worst = min(self.measured) / self.accepted
        return f"{self.name}: {told} yardsticks, {self.accepted:.3g} accepted: {worst:.2f} times as much" + (
            ", TOO SLOW" if self.is_slow else ""
        )


def yardstick() -> None:
    """Take a while, the same on every machine but for its speed: an interpreter's work, short numpy calls, additions in a chain."""
    x, out = np.linspace(0.0, 1.0, 256), np.empty(256)
    total = 0.0
    for turn in range(400):
        np.multiply(x, 1.0 + turn, out=out)
        np.add(out, x, out=out)
        np.cumsum(out, out=out)
        total += float(out[turn % 256])
    assert total > 0


def works() -> dict[str, Work]:
    """Return what is timed: each call goes on where the last one ended, and some ten milliseconds are its most."""
    quiet = hearts_of(WORKLOADS[QUIET], 60.0)[0]
    found: dict[str, Work] = {
        "decode": _decoding(),
        "feed, chunks of 10": _feeding(quiet, 10, 50, rules=True),
        "feed, chunks of 10, no rules": _feeding(quiet, 10, 50, rules=False),
        "feed, chunks of 250": _feeding(quiet, 250, 8, rules=True),
        "feed_many, 100 streams": _fleet(100),
    }
    registry = Registry()
    classifier = Classifier(registry.load(registry.default()))
    window = golden.window(classifier.model.card.input)
    return found | {"classify a window": lambda: classifier.opinion(*window)}


def _decoding() -> Work:
    frames, at = stages.frames(QUICK), 0
    device = stages.reader()
    device.feed(frames[0], 0)

    def work() -> None:
        nonlocal at
        for _ in range(50):
            at = at % (len(frames) - 1) + 1
            device.feed(frames[at], at)

    return work


def _feeding(heart: "np.ndarray[Any, np.dtype[np.int16]]", length: int, calls: int, *, rules: bool) -> Work:
    engine, at = stages.engine_of(rules=rules), 0
    pieces = stages.chunks_of(heart, length)

    def work() -> None:
        nonlocal at
        for _ in range(calls):
            at += 1
            engine.feed(Chunk(stages.NAME, pieces[at % len(pieces)].samples, at * length * 4_000_000))

    for _ in range(round(10 * stages.RATE_HZ / length / calls)):
        work()
    return work


def _fleet(n: int) -> Work:
    engine, turn = stages.engine_of(n), 0
    ward = Ward([f"stream-{i}" for i in range(n)], hearts_of(WORKLOADS[FLEET], 60.0), rate_hz=stages.RATE_HZ, chunk_len=stages.CHUNK)

    def work() -> None:
        nonlocal turn
        for _ in range(5):
            engine.feed_many(ward.chunks(turn * n, (turn + 1) * n))
            turn += 1

    for _ in range(50):
        work()
    return work


def a_round(timed: Mapping[str, Work], clock: Callable[[], int] = time.thread_time_ns) -> dict[str, float]:
    """Return the shortest of several calls of each, in the shortest of several yardsticks between them."""
    shortest: dict[str, int] = {}
    for _ in range(REPEATS):
        for name, work in {"": yardstick, **timed}.items():
            begun_ns = clock()
            work()
            taken_ns = clock() - begun_ns
            shortest[name] = min(taken_ns, shortest.get(name, taken_ns))
    stick_ns = max(1, shortest.pop(""))
    return {name: ns / stick_ns for name, ns in shortest.items()}


def judged(accepted: Mapping[str, float], measure: Callable[[], Mapping[str, float]]) -> list[Verdict]:
    """Return a verdict on each: whoever was fast enough once is not asked again, and three rounds are the most."""
    verdicts = {name: Verdict(name, accepted.get(name), [value]) for name, value in measure().items()}
    for _ in range(ROUNDS - 1):
        slow = [verdict for verdict in verdicts.values() if verdict.is_slow]
        if not slow:
            break
        again = measure()
        for verdict in slow:
            verdict.measured.append(again[verdict.name])
    return list(verdicts.values())


def baseline_name() -> str:
    """Return the file that holds what was accepted for this processor and Python."""
    told = machine.facts()
    words = re.sub(r"[^a-z0-9]+", "-", f"{told['architecture']} {told['processor']}".lower()).strip("-")
    return f"{words}-py{'.'.join(told['python'].split('.')[:2])}.json"


def read(path: Path) -> dict[str, float] | None:
    """Return what was accepted; None: nothing was, for this machine."""
    if not path.exists():
        return None
    return {str(name): float(value) for name, value in json.loads(path.read_text(encoding="utf-8"))["yardsticks"].items()}


def accept(path: Path, measured: Iterator[Mapping[str, float]]) -> dict[str, float]:
    """Write down the slowest of some rounds as what is accepted from now on: what is judged later may meet as bad a moment."""
    rounds = [next(measured) for _ in range(3 * ROUNDS)]
    slowest = {name: float(f"{max(one[name] for one in rounds):.4g}") for name in rounds[0]}
    path.write_text(json.dumps({"processor": machine.facts()["processor"], "yardsticks": slowest}, indent=1) + "\n", encoding="utf-8")
    return slowest
