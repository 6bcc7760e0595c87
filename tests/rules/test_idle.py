"""A rule that is idle is not asked at what is usual; it would have found nothing."""

import random

import pytest

from edgeecg.rulefacts import Priority, RuleFacts, default_rules
from edgeecg.stages.rules import beatwatchers, silencewatchers
from edgeecg.stages.rules.episodes import Owner
from edgeecg.stages.rules.heart import Heart
from edgeecg.stages.rules.stream import StreamRules
from edgeecg.stages.rules.watcher import Needs, Watcher, needs
from edgeecg.types import Alert, Event, Morphology, QualityReason, StreamChange, Vitals
from tests.rules.made import HZ, MODEL, OTHER, N, U, W, answer, at, beat, changed, gap, lead_state, quality

OTHERS = tuple(
    RuleFacts(name=measure, kind="threshold", measure=measure, limit=limit, priority=Priority.LOW)
    for measure, limit in (("heart_rate", 100.0), ("width_ms", 120.0), ("ectopic_rate", 5.0), ("noise_mv", 0.005))
)
N_STORIES = 15


class AskedAlways(StreamRules):
    """As if no watcher had said what it needs."""

    __slots__ = ()

    def _plan(self) -> None:
        super()._plan()
        self._beats, self._seconds = self._every_beats, self._every_seconds


def made(kind: type[StreamRules]) -> StreamRules:
    rules = kind(Owner("s", HZ, ("I", "II"), (MODEL, OTHER)), [(rule, -1) for rule in (*default_rules(), *OTHERS)])
    rules.take([changed(StreamChange.OPENED, 0.0)])
    return rules


def story(seed: int) -> list[Event]:
    """Stretches of beats at one pace, in one pattern of shapes, rated; and between them whatever else may come."""
    luck = random.Random(seed)
    events: list[Event] = []
    now_s, rated_s = 1.0, 0.0
    for _ in range(30):
        rr_s = luck.choice((0.35, 0.45, 0.6, 0.8, 0.8, 0.8, 1.15, 1.6, 3.2, 5.0))
        shapes: list[Morphology] = luck.choice(([N], [N], [W], [N, W], [N, N, W], [U, W], [N, W, W]))
        early, mv, spread = luck.choice((1.0, 1.0, 0.3)), luck.choice((1.0, 1.0, 0.1, -1.0)), luck.choice((0.0, 0.0, 0.2))
        index, reason = luck.choice(((0.99, QualityReason.NONE), (0.7, QualityReason.NONE), (0.3, QualityReason.MOTION)))
        for k in range(luck.randint(1, 25)):
            now_s += rr_s * (1 + luck.uniform(-spread, spread))
            after = luck.choice((1.0, 1.5))
            events.append(beat(now_s, shapes[k % len(shapes)], prematurity=early if shapes[k % len(shapes)] == W else after, mv=mv))
            while rated_s < now_s - 1.6:
                events += [
                    quality(rated_s, index, reason),
                    Vitals("s", at(rated_s), 60 / rr_s, 1e3 * rr_s, 40.0, 30.0, 20, at(now_s + 0.2)),
                ]
                rated_s += 1.0
        events += luck.choice((
            [], [lead_state(now_s + 0.3, off=True)], [lead_state(now_s + 0.3)], [gap(now_s + 0.3, 2.0)], [changed(StreamChange.SILENT, now_s + 0.3)],
            [beat(now_s - 1.1 * rr_s, W, later_s=1.1 * rr_s + 0.3)], [answer(now_s, 0.9)], [beat(now_s + 0.1, W, lead="II")],
        ))  # fmt: skip
    return events


def compare(events: list[Event]) -> int:
    """Feed both; return how many alerts there were."""
    rules, asked = made(StreamRules), made(AskedAlways)
    n_alerts = 0
    for event in events:
        out = rules.take([event])
        assert out == asked.take([event])
        assert rules.due == asked.due == min([one.due for one in rules.episodes] + [one.due for one in rules._timed])
        n_alerts += sum(isinstance(one, Alert) for one in out)
    assert rules.to_bytes() == asked.to_bytes()
    return n_alerts


def test_rules_that_are_not_asked_would_have_said_nothing() -> None:
    n_alerts = [compare(story(seed)) for seed in range(N_STORIES)]
    assert sum(n_alerts) > 5 * N_STORIES


def test_rules_are_asked_less() -> None:
    asked: list[Event] = []

    class Counted(beatwatchers.Rate):
        __slots__ = ()

        @needs(Needs.UNUSUAL)
        def beat(self, now: int, out: list[Event]) -> None:
            asked.append(out[-1])
            super().beat(now, out)

    rules = made(StreamRules)
    watcher = next(one for one in rules._every_beats if isinstance(one, beatwatchers.Rate))
    watcher.__class__ = Counted
    rules.take([beat(0.8 * k) for k in range(60)])
    assert len(asked) < 6  # until there is a rate


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (silencewatchers.Asystole, "second"),
        (beatwatchers.Rate, "beat"),
        (beatwatchers.WideRun, "beat"),
        (beatwatchers.WideRun, "second"),
        (beatwatchers.Bigeminy, "beat"),
        (beatwatchers.Pause, "beat"),
        (beatwatchers.Measured, "look"),
    ],
)
def test_a_watcher_that_claims_to_need_less_than_it_does_is_caught(
    monkeypatch: pytest.MonkeyPatch, kind: type[Watcher], method: str
) -> None:
    honest = getattr(kind, method)

    @needs(Needs.ITSELF)
    def dishonest(self: Watcher, now: int, out: list[Event]) -> None:
        honest(self, now, out)

    names = ("beat", "second") if method == "look" else (method,)
    for name in names:
        monkeypatch.setattr(kind, name, dishonest)
    monkeypatch.setattr(StreamRules, "_is_usual", lambda _: True)
    with pytest.raises(AssertionError):
        _ = [compare(story(seed)) for seed in range(N_STORIES)]


@pytest.mark.parametrize("percent", [3.0, 10.0])
def test_a_rhythm_is_not_ranked_again_before_it_could_be_irregular(percent: float) -> None:
    """Whatever beats come: regular ones, early ones, late-found ones, none for a while."""
    n_spared = n_beyond = 0
    for seed in range(12):
        luck, heart, now_s, until, spread = random.Random(seed), Heart(HZ, ("I",)), 1.0, -1, 0.0
        for _ in range(400):
            if not luck.randrange(60):
                spread = luck.choice((0.0, 0.02, 0.05, 0.3))
            elif not luck.randrange(150):
                heart.missed(at(now_s), at(now_s))
            now_s += 0.8 * (1 + luck.uniform(-spread, spread))
            heart.beat(beat(now_s - (1.0 if not luck.randrange(100) else 0.0)))
            beyond = heart.irregularity() > percent
            if heart.turn > until:
                until = heart.regular_until(percent)
            else:
                assert not beyond
                n_spared += 1
            n_beyond += beyond
    assert n_spared > 1000
    assert n_beyond > 500
