"""What waits in a calm heart changes nothing that is said, and nearly all that is usual waits."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg.rulefacts import Priority, RuleFacts, default_rules
from edgeecg.stages.rules import calm
from edgeecg.stages.rules.episodes import NEVER, Episode, Owner
from edgeecg.stages.rules.heart import Heart
from edgeecg.stages.rules.stream import StreamRules
from edgeecg.stages.rules.watcher import Watcher
from edgeecg.types import Alert, Beat, Event, Quality, QualityReason, StreamChange, Vitals
from edgeecg_kernels import state as kinds
from edgeecg_kernels.calm import calm as kept_by_kernel
from edgeecg_kernels.calm_state import MOST
from edgeecg_kernels.state import EVENT
from tests.rules.made import HZ, MODEL, OTHER, N, U, W, at, beat, changed, clock, quality
from tests.rules.test_idle import story

IRREGULAR = RuleFacts(name="hardly", kind="threshold", measure="irregularity", limit=2.0, priority=Priority.LOW)
ECTOPIC = RuleFacts(name="often", kind="threshold", measure="ectopic_rate", limit=3.0, priority=Priority.LOW)
N_STORIES = 2
Lie = Callable[[NDArray[np.void]], None]


class Hearing:
    """Rules that are asked as the engine asks them: about what the kernel does not keep."""

    def __init__(self, *more: RuleFacts) -> None:
        self.room = calm.rooms(1)
        self.rules = made(*more, room=calm.room_of(self.room))
        self.due = np.array([self.rules.due])

    def hear(self, events: list[Event], newest: int) -> list[Event]:
        rows = np.array([row_of(event) for event in events], EVENT)
        if kept_by_kernel(self.room, self.due, rows, len(rows), newest):
            return events
        out = self.rules.hear(events, newest)
        self.due[0] = self.rules.due
        return out

    def hear_nothing(self, newest: int) -> list[Event]:
        """As where a piece of input says nothing, and much waits."""
        out = self.rules.hear([], newest)
        self.due[0] = self.rules.due
        return out


def row_of(event: Event) -> tuple[int, int, int, int, tuple[float, ...]]:
    """The row an event was read from, as far as anybody asks for it."""
    match event:
        case Beat():
            shape, lead = float(event.morphology), ("I", "II").index(event.lead)
            value = event.confidence, shape, event.width_ms, event.prematurity, 0.0, event.amplitude_mv, 0.0, 0.0
            return kinds.KIND_BEAT, lead, event.sample, event.reported_at, value
        case Quality():
            value = event.index, float(event.good), 0.0, 0.0, event.noise_mv, event.mains_mv, 0.0, event.level_mv
            return kinds.KIND_QUALITY, ("I", "II").index(event.lead), event.start_sample, event.reported_at, value
        case Vitals():
            said = event.heart_rate, event.rr_ms, event.sdnn_ms, event.rmssd_ms, 0.0, 0.0, 0.0, 0.0
            return kinds.KIND_VITALS, 0, event.sample, event.reported_at, said
        case _:
            return kinds.KIND_SIGNAL, 0, event.reported_at, event.reported_at, (0.0,) * 8


def made(*more: RuleFacts, room: memoryview | None = None) -> StreamRules:
    rules = StreamRules(Owner("s", HZ, ("I", "II"), (MODEL, OTHER)), [(rule, -1) for rule in (*default_rules(), *more)], room)
    rules.take([changed(StreamChange.OPENED, 0.0)])
    return rules


def rest(seed: int, *, runs: bool) -> list[Event]:
    """A heart at rest that nearly reaches every limit: slow, fast, irregular, faint, a contact that moves a little; and now and then does.

    Or that has couplets, and runs that do not speak for themselves.
    """
    luck = random.Random(seed)
    events: list[Event] = []
    now_s, rated_s, rr_s, spread = 1.0, 0.0, 0.8, 0.02
    for number in range(400):
        if not luck.randrange(50):
            rr_s, spread = luck.choice((0.48, 0.52, 0.8, 1.19)), luck.choice((0.01, 0.02, 0.05))
        odd = not luck.randrange(60)
        now_s += rr_s * (1 + luck.uniform(-spread, spread)) * (luck.choice((0.5, 1.6, 6.0)) if odd else 1.0)
        lead, early = "II" if odd and number % 3 == 1 else "I", 0.7 if not luck.randrange(15) else 1.0
        events.append(beat(now_s, W if odd and number % 3 == 2 else N, mv=luck.choice((1.0, 0.9, 0.25)), lead=lead, prematurity=early))
        for k in range({7: 2, 8: 5}.get(luck.randrange(120) if runs else 0, 0)):
            now_s += 0.5
            events.append(beat(now_s, W, mv=1.0 if k % 2 else -1.0))
        while rated_s < now_s - 1.6:
            bad = not luck.randrange(40)
            index, reason = luck.choice(((0.45, QualityReason.NONE), (0.6, QualityReason.MOTION))) if bad else (0.97, QualityReason.NONE)
            events.append(quality(rated_s, index, reason, level_mv=0.1 if luck.randrange(20) else 2.0))
            events.append(Vitals("s", at(rated_s), 60 / rr_s, 1e3 * rr_s, 40.0, 30.0, 20, at(now_s + 0.2)))
            rated_s += 1.0
    return events


def ectopic(seed: int) -> list[Event]:
    """A heart at rest with ventricular beats, alone and not, some of them on a T wave, pauses after them."""
    luck = random.Random(seed)
    events: list[Event] = []
    now_s = 1.0
    for k in range(80):
        shapes = [luck.choice((W, W, U))] * luck.choice((2, *[1] * 19)) + [N] * luck.choice((1, 2, 5, 9, 9, 12))
        for place, shape in enumerate(shapes):
            early = luck.choice((0.3, *[0.7] * 19)) if shape != N else 1.3 if place and shapes[place - 1] != N else 1.0
            now_s += 0.8 * early
            events.append(beat(now_s, shape, prematurity=early))
            events.append(quality(now_s - 1.5 - 0.1 * (k % 3)))
    return events


def stopping() -> list[Event]:
    """A heart that stops, and leaves noise in which faint beats are found, at its pace."""
    return [one for k in range(60) for one in (beat(1.0 + 0.8 * k, mv=1.0 if k < 40 else 0.1), quality(0.8 * k - 0.5))]


def runs_of_two() -> list[Event]:
    """A heart at rest, and a couplet that is over in it."""
    return [beat(1.0 + 0.8 * k, W if k in {20, 21} else N, prematurity=0.9) for k in range(30)]


def compare(events: list[Event], seed: int, *more: RuleFacts, lie: Lie = lambda _room: None) -> tuple[int, int]:
    """Feed both, in groups, and let time pass between them; return how many alerts there were, and how many groups waited."""
    luck, hearing, taking = random.Random(seed), Hearing(*more), made(*more)
    alerts: list[Alert] = []
    n_waited = first = 0
    while first < len(events):
        upto = first + luck.randint(1, 3)
        group, first = events[first:upto], upto
        newest = max(event.reported_at for event in group) + luck.choice((0, HZ, 10 * HZ))
        newest = min(newest, events[first].reported_at - 1) if first < len(events) else newest
        before = hearing.rules.calm.n_waiting
        heard = hearing.hear(group, newest)
        n_waited += max(0, hearing.rules.calm.n_waiting - before)
        taken = taking.take(group)
        if taking.due <= newest:
            taking.pass_time(newest, taken)
        assert heard == taken
        alerts += [one for one in heard if isinstance(one, Alert)]
        if alerts and not luck.randrange(10):
            seen = luck.choice(alerts).alert_id
            assert hearing.rules.acknowledge(seen, b"anna") == taking.acknowledge(seen, b"anna")
            hearing.due[0] = hearing.rules.due
        if not hearing.rules.calm.n_waiting:
            assert hearing.rules.to_bytes() == taking.to_bytes()
        if not luck.randrange(100):
            hearing.rules.load(taking.to_bytes())
            hearing.due[0] = hearing.rules.due
        if not luck.randrange(10):
            assert hearing.hear_nothing(newest) == []
        lie(hearing.room)
    assert hearing.rules.to_bytes() == taking.to_bytes()
    return len(alerts), n_waited


def all_stories(lie: Lie = lambda _room: None) -> None:
    found = []
    for seed in range(N_STORIES):
        for events in (story(seed), rest(seed, runs=False), rest(seed, runs=True), stopping(), ectopic(seed)):
            found += [compare(events, seed, *more, lie=lie) for more in ((), (IRREGULAR,), (ECTOPIC,))]
    assert sum(n_alerts for n_alerts, _ in found) > 20 * N_STORIES
    assert sum(n_waited for _, n_waited in found) > 100 * N_STORIES


def test_what_waits_changes_nothing_that_is_said() -> None:
    all_stories()


@pytest.mark.parametrize("open_for", [[], [clock(0.5, drift_ppm=600.0)], runs_of_two()], ids=["nothing", "a clock that drifts", "couplets"])
def test_of_a_heart_at_rest_nearly_all_waits_for_long(open_for: list[Event]) -> None:
    """Alerts that stay open while it beats on are about something else, or about what is over."""
    hearing, asked, n_waited = Hearing(), 0, 0
    alerts = [one for event in open_for for one in hearing.hear([event], event.reported_at) if isinstance(one, Alert)]
    assert bool(alerts) == bool(open_for)
    for k in range(len(open_for), len(open_for) + 300):
        for event in (beat(1.0 + 0.8 * k), quality(0.8 * k - 1.5)):
            before = hearing.rules.calm.n_waiting
            hearing.hear([event], event.reported_at)
            n_waited += hearing.rules.calm.n_waiting > before
            asked += 0 < hearing.rules.calm.n_waiting < before or hearing.rules.calm.n_waiting == 0
    assert n_waited > 0.9 * 600
    assert asked < 600 / 20


def test_rules_that_were_restored_are_asked_before_anything_waits() -> None:
    """They may be of a heart that is not calm at all."""
    hearing = Hearing()
    for k in range(60):
        hearing.hear([beat(1.0 + 0.8 * k)], at(1.2 + 0.8 * k))
    assert hearing.rules.calm.n_waiting
    stopped = made()
    stopped.take([beat(1.0 + 0.8 * k) for k in range(40)])
    stopped.pass_time(at(60.0), [])
    hearing.rules.load(stopped.to_bytes())
    assert not hearing.rules.calm.n_waiting
    event = beat(60.5)
    assert hearing.hear([event], event.reported_at) == stopped.hear([event], event.reported_at)
    assert hearing.rules.to_bytes() == stopped.to_bytes()


@pytest.mark.parametrize(
    ("where", "what", "dishonest"),
    [
        (calm, "_is_troubled", lambda _heart: False),
        (StreamRules, "catch_up", lambda _rules: None),
        (Episode, "steady_until", lambda _episode, _now: NEVER),
        (Watcher, "steady_until", lambda _watcher, _now: NEVER),
        (Heart, "regular_until", lambda heart, _percent: heart.turn + MOST),
        (calm, "_look_late", lambda heart, _awake, beats, _seconds, _now: heart.beats_on(beats)),
    ],
)
def test_what_ought_not_to_wait_and_does_is_caught(monkeypatch: pytest.MonkeyPatch, where: object, what: str, dishonest: object) -> None:
    monkeypatch.setattr(where, what, dishonest)
    with pytest.raises(AssertionError):
        all_stories()


@pytest.mark.parametrize(
    ("field", "untrue"),
    [
        ("since_odd", 2),
        ("least_prematurity", 0.0),
        ("watched_from", NEVER // 2),
        ("until", NEVER),
        ("odd_at", -1),
        ("beats_left", MOST),
        ("tallest_mv", 0.0),
        ("patience", NEVER // 2),
        ("slowest", 0.0),
        ("fastest", 1e9),
        ("longest_s", 1e9),
        ("least_index", -1.0),
    ],
)
def test_what_the_kernel_is_told_matters(field: str, untrue: float) -> None:
    def lie(room: NDArray[np.void]) -> None:
        room[field] = untrue

    with pytest.raises(AssertionError):
        all_stories(lie)
