"""What waits in a calm heart changes nothing that is said, and nearly all that is usual waits."""

import random

import pytest

from edgeecg.rulefacts import Priority, RuleFacts, default_rules
from edgeecg.stages.rules import calm
from edgeecg.stages.rules.episodes import NEVER, Episode, Owner
from edgeecg.stages.rules.stream import StreamRules
from edgeecg.types import Alert, Event, QualityReason, StreamChange, Vitals
from tests.rules.made import HZ, MODEL, OTHER, N, W, at, beat, changed, quality
from tests.rules.test_idle import story

IRREGULAR = RuleFacts(name="hardly", kind="threshold", measure="irregularity", limit=2.0, priority=Priority.LOW)
ECTOPIC = RuleFacts(name="often", kind="threshold", measure="ectopic_rate", limit=3.0, priority=Priority.LOW)
N_STORIES = 4


def made(*more: RuleFacts) -> StreamRules:
    rules = StreamRules(Owner("s", HZ, ("I", "II"), (MODEL, OTHER)), [(rule, -1) for rule in (*default_rules(), *more)])
    rules.take([changed(StreamChange.OPENED, 0.0)])
    return rules


def rest(seed: int) -> list[Event]:
    """A heart at rest that nearly reaches every limit: slow, fast, irregular, faint, a contact that moves a little; and now and then does."""
    luck = random.Random(seed)
    events: list[Event] = []
    now_s, rated_s, rr_s, spread = 1.0, 0.0, 0.8, 0.02
    for number in range(400):
        if not luck.randrange(50):
            rr_s, spread = luck.choice((0.52, 0.8, 1.19)), luck.choice((0.01, 0.02, 0.05))
        odd = not luck.randrange(60)
        now_s += rr_s * (1 + luck.uniform(-spread, spread)) * (luck.choice((0.5, 1.6, 6.0)) if odd else 1.0)
        lead, early = "II" if odd and number % 3 == 1 else "I", 0.7 if not luck.randrange(15) else 1.0
        events.append(beat(now_s, W if odd and number % 3 == 2 else N, mv=luck.choice((1.0, 0.9, 0.25)), lead=lead, prematurity=early))
        while rated_s < now_s - 1.6:
            bad = not luck.randrange(40)
            index, reason = luck.choice(((0.45, QualityReason.NONE), (0.6, QualityReason.MOTION))) if bad else (0.97, QualityReason.NONE)
            events.append(quality(rated_s, index, reason, level_mv=0.1 if luck.randrange(20) else 2.0))
            events.append(Vitals("s", at(rated_s), 60 / rr_s, 1e3 * rr_s, 40.0, 30.0, 20, at(now_s + 0.2)))
            rated_s += 1.0
    return events


def compare(events: list[Event], seed: int, *more: RuleFacts) -> tuple[int, int]:
    """Feed both, in groups, and let time pass between them; return how many alerts there were, and how many events waited."""
    luck, hearing, taking = random.Random(seed), made(*more), made(*more)
    alerts: list[Alert] = []
    n_waited = first = 0
    while first < len(events):
        upto = first + luck.randint(1, 3)
        group, first = events[first:upto], upto
        newest = max(event.reported_at for event in group) + luck.randint(0, 2 * HZ)
        newest = min(newest, events[first].reported_at - 1) if first < len(events) else newest
        before = hearing.calm.n_waiting
        heard = hearing.hear(list(group))
        n_waited += max(0, hearing.calm.n_waiting - before)
        taken = taking.take(group)
        for rules, out in ((hearing, heard), (taking, taken)):
            if rules.due <= newest:
                rules.pass_time(newest, out)
        assert heard == taken
        alerts += [one for one in heard if isinstance(one, Alert)]
        if alerts and not luck.randrange(10):
            seen = luck.choice(alerts).alert_id
            assert hearing.acknowledge(seen, b"anna") == taking.acknowledge(seen, b"anna")
        if not hearing.calm.n_waiting:
            assert hearing.to_bytes() == taking.to_bytes()
        if not luck.randrange(100):
            hearing.load(taking.to_bytes())
    assert hearing.to_bytes() == taking.to_bytes()
    return len(alerts), n_waited


def all_stories() -> None:
    found = []
    for seed in range(N_STORIES):
        for events in (story(seed), rest(seed)):
            found += [compare(events, seed), compare(events, seed, IRREGULAR), compare(events, seed, ECTOPIC)]
    assert sum(n_alerts for n_alerts, _ in found) > 20 * N_STORIES
    assert sum(n_waited for _, n_waited in found) > 100 * N_STORIES


def test_what_waits_changes_nothing_that_is_said() -> None:
    all_stories()


def test_of_a_heart_at_rest_nearly_all_waits() -> None:
    rules, n_waited = made(), 0
    for k in range(300):
        for event in (beat(1.0 + 0.8 * k), quality(0.8 * k - 1.5)):
            before = rules.calm.n_waiting
            rules.hear([event])
            n_waited += rules.calm.n_waiting > before
            if rules.due <= event.reported_at:
                rules.pass_time(event.reported_at, [])
    assert n_waited > 0.8 * 600
    assert rules.calm.n_waiting < calm.MOST


@pytest.mark.parametrize(
    ("where", "what", "dishonest"),
    [
        (calm.Calm, "_is_usual", lambda _calm, beat, _recent: beat.lead == "I"),
        (calm.Calm, "_is_good", lambda _calm, _quality: True),
        (StreamRules, "catch_up", lambda _rules: None),
        (Episode, "steady_until", lambda _episode, _now: NEVER),
        (calm.Calm, "_look_late", lambda waiting, heart, _awake, _now: heart.usual_beats(waiting._beats)),
    ],
)
def test_what_ought_not_to_wait_and_does_is_caught(monkeypatch: pytest.MonkeyPatch, where: object, what: str, dishonest: object) -> None:
    monkeypatch.setattr(where, what, dishonest)
    with pytest.raises(AssertionError):
        all_stories()
