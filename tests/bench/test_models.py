"""What a classifier costs is measured as a worker is asked: with what it remembers."""

from dataclasses import replace

import pytest

from edgeecg.bench import models
from edgeecg.bench.effort import TINY
from edgeecg.models.memory import Heart, Scores
from edgeecg.models.registry import Registry


def test_a_beat_is_timed_with_its_memory_full(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_through: list[int] = []
    kept = [0]
    keep, said_of_alike = Heart.keep, Heart.said_of_alike

    def counted(heart: Heart, at: int, shape: Scores, said: Scores) -> None:
        keep(heart, at, shape, said)
        kept[0] += 1

    def noted(heart: Heart, at: int, shape: Scores, alike: float) -> Scores:
        looked_through.append(kept[0])
        return said_of_alike(heart, at, shape, alike)

    monkeypatch.setattr(Heart, "keep", counted)
    monkeypatch.setattr(Heart, "said_of_alike", noted)
    (timing,) = models.measure(replace(TINY, of_beats=("beat",)))
    memory = Registry().card("beat").memory
    assert memory
    n = models.WINDOWS * TINY.rounds
    assert (timing.name, timing.per, timing.histogram.n) == ("classify, beat", "beat", n)
    assert looked_through[-n:] == list(range(memory.beats, memory.beats + n)), "none was timed before the memory was full"
