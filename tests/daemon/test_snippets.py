"""The seconds that an alert was raised on: the right samples, in microvolt, no more than asked for, and none across a hole."""

from dataclasses import replace

import numpy as np
import pytest

from edgeecg.daemon.snippets import Snippets
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.types import Alert, AlertState, Chunk, Priority

FACTS = StreamFacts(name="s", rate_hz=100.0, leads=("II", "V1"), mv_per_unit=0.002, offset_units=10.0)


def alert_at(sample: int, state: AlertState = AlertState.RAISED) -> Alert:
    return Alert(
        stream="s", alert_id="0" * 32, revision=1, rule="v-tach", priority=Priority.HIGH, state=state, latched=False, epoch=7,
        onset_sample=sample, sample=sample, value=5, limit=5, unit="beats", score=1.0, quality=0.9, text="", reported_at=sample,
    )  # fmt: skip


class Stream:
    """Counts up, a unit a sample; what the engine would say of its end is set by hand."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.end = 0
        self.snippets = Snippets(seconds, lambda _: self.end)
        self.snippets.configure(EngineConfig(streams=(FACTS,)))

    def chunk(self, n: int) -> Chunk:
        units = np.arange(self.end, self.end + n, dtype=np.float64) + 10.0
        self.end += n
        return Chunk("s", np.stack([units, -units], axis=1), 0)

    def play(self, *lengths: int) -> None:
        self.snippets.hear([self.chunk(n) for n in lengths])


def test_an_alert_shows_the_seconds_before_it_in_microvolt() -> None:
    stream = Stream()
    for _ in range(9):
        stream.play(30, 10)
    snippet = stream.snippets.of(alert_at(340))
    assert snippet is not None
    assert (snippet.lead, snippet.start_sample, snippet.rate_hz) == ("II", 241, 100.0)
    assert snippet.samples_uv == tuple(range(241 * 2, 341 * 2, 2))


def test_only_what_is_raised_shows_anything_and_only_if_asked_for() -> None:
    stream = Stream()
    stream.play(50)
    assert stream.snippets.of(alert_at(40)) is not None
    assert stream.snippets.of(alert_at(40, AlertState.UPDATED)) is None
    assert stream.snippets.of(replace(alert_at(40), stream="other")) is None
    unasked = Stream(0.0)
    unasked.play(50)
    assert unasked.snippets.of(alert_at(40)) is None


@pytest.mark.parametrize("taken", [True, False])
def test_nothing_is_shown_across_a_hole(taken: bool) -> None:
    stream = Stream()
    stream.play(80)
    stream.end += 25  # samples that never came
    if taken:
        stream.play(40)
        snippet = stream.snippets.of(alert_at(144))
        assert snippet is not None
        assert (snippet.start_sample, len(snippet.samples_uv)) == (105, 40)
        assert snippet.samples_uv[0] == 210
    else:
        stream.snippets.hear([Chunk("s", np.zeros((40, 2)), 0)])  # it was refused, for what came first was known by then
        assert stream.snippets.of(alert_at(104)) is None


def test_numbers_alone_are_shown() -> None:
    stream = Stream()
    chunk = stream.chunk(60)
    chunk.samples[:20, 0] = np.nan
    stream.snippets.hear([chunk])
    snippet = stream.snippets.of(alert_at(59))
    assert snippet is not None
    assert (snippet.start_sample, len(snippet.samples_uv)) == (20, 40)


def test_what_is_kept_is_bounded() -> None:
    stream = Stream()
    for _ in range(200):
        stream.play(30)
    (tail,) = stream.snippets._tails.values()
    assert tail.n_samples == sum(len(chunk.samples) for chunk in tail.chunks) < 130
