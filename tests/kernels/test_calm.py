"""What waits is what the oracle lets wait, and what is kept of it is what it was."""

import random
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg_kernels.calm import calm, calm_asks
from edgeecg_kernels.calm_state import CALM_STATE, FEW, MANY, MOST
from edgeecg_kernels.state import EVENT
from tests.naive.calm import BEAT, EXPIRED, QUALITY, VITALS, WINDOW, Row, Said, beats_of, due_of, kept, seconds_of

HZ = 250
GAP = 1
NEVER = 2**62


AT_REST = Said(
    last_beats=[200 * k for k in range(7)],
    last_shapes=[1, 1],
    watched_from=1200,
    until=NEVER,
    odd_at=-1,
    beats_left=MOST,
    tallest_mv=1.0,
    patience=1075,
    rate_hz=float(HZ),
    slowest=50.0,
    fastest=120.0,
    longest_s=3.0,
    least_index=0.5,
    least_prematurity=0.4,
    most=MOST,
)


def said_by(luck: random.Random) -> Said:
    """Rules of a heart at 75 a minute, of which one thing or the other is soon due."""
    soon = 1200 + luck.randint(0, 4000)
    rare = luck.choice(
        (
            {"last_shapes": luck.choice(([1, 0], [2, 1]))},
            {"until": soon},
            {"odd_at": soon},
            {"beats_left": luck.randint(-1, 12)},
            {},
            {},
            {},
        )
    )
    return replace(
        AT_REST,
        tallest_mv=luck.choice((0.5, 1.0, 4.0)),
        patience=luck.choice((400, 1075, NEVER)),
        slowest=luck.choice((-np.inf, 50.0, 72.0)),
        fastest=luck.choice((np.inf, 120.0, 78.0)),
        longest_s=luck.choice((np.inf, 3.0, 0.86)),
        **rare,
    )


def state_of(said: Said) -> NDArray[np.void]:
    state = np.zeros(1, CALM_STATE)
    s = state[0]
    for name in ("watched_from", "until", "odd_at", "beats_left", "tallest_mv", "patience", "rate_hz", "slowest"):
        s[name] = getattr(said, name)
    s["fastest"], s["longest_s"], s["least_index"] = said.fastest, said.longest_s, said.least_index
    s["second_len"], s["rate_len"], s["is_now"] = HZ, 15 * HZ, 1
    s["least_prematurity"] = said.least_prematurity
    s["since_odd"] = {"[1, 1]": 2, "[2, 1]": 1}.get(str(said.last_shapes), 0)
    s["place"][:7] = said.last_beats
    return state


def rows_from(luck: random.Random) -> list[Row]:
    """A heart's rows, nearly all of them usual."""
    rows, now = [], 1200
    for _ in range(60):
        odd = luck.randrange(40)
        now += {0: 700, 1: 0, 2: 90}.get(odd, 200 + luck.randint(-15, 15))
        mv = luck.choice((1.0, 1.1, -0.9)) if luck.randrange(6) else luck.choice((0.1, 0.29, 0.3, 0.31, 3.0))
        shape = luck.choice((0.0, 2.0)) if odd in {3, 10, 11, 12} else 1.0
        rows.append(
            Row(
                BEAT, int(odd == 4), now, now + 50, (0.9 + luck.random() / 10, shape, 80.0, luck.choice((0.3, 0.4, 1.0)), 0.1, mv, 0.0, 0.0)
            )
        )
        index, good, level = luck.choice(((0.4, 1.0, 0.1), (0.9, 0.0, 0.1), (0.9, 1.0, 0.9))) if odd == 5 else (0.9, 1.0, 0.1)
        second = now - now % HZ - HZ
        rows.append(Row(QUALITY, int(odd == 6), second, now + 60, (index, good, 0.0, 0.0, luck.random(), luck.random(), 0.0, level)))
        rows.append(Row(VITALS, 0, second, now + 60, (luck.random(), 800.0, 40.0, 30.0, 20.0, 0.0, 0.0, 0.0)))
        if odd in {7, 8, 9}:
            kind = {7: WINDOW, 8: EXPIRED, 9: GAP}[odd]
            rows.append(Row(kind, 0, now - 500, now + 60, (0.0,) * 8))
    return rows


def told(rows: list[Row]) -> NDArray[np.void]:
    return np.array([tuple(row) for row in rows], EVENT)


def expect(state: NDArray[np.void], rows: list[Row]) -> None:
    """Hold what is kept against the rows themselves."""
    s, beats, seconds, vitals = state[0], beats_of(rows), seconds_of(rows), [row for row in rows if row.kind == VITALS]
    assert (s["beats"], s["seconds"], s["vitals"]) == (len(beats), len(seconds), bool(vitals))
    assert s["newest"] == max((row.known_at for row in rows), default=0)
    assert s["place"][7 : 7 + len(beats)].tolist() == [beat.sample for beat in beats]
    assert s["beat"][: len(beats)].tolist() == [tuple(beat.value[at] for at in (1, 0, 2, 3, 5)) for beat in beats]
    before = [len(beats_of(rows[: rows.index(second)])) for second in seconds]
    newest = [max(row.known_at for row in rows[: rows.index(second) + 1]) for second in seconds]
    got = [list(one) for one in s["second"][: len(seconds)].tolist()]
    assert got == [[one.value[0], one.value[7], at, n] for one, at, n in zip(seconds, newest, before, strict=True)]
    if seconds:
        assert (s["rated_until"], s["noise_mv"], s["mains_mv"]) == (seconds[-1].sample + HZ, *seconds[-1].value[4:6])
    if vitals:
        assert s["vital"].tolist() == list(vitals[-1].value[:4])


def run(seed: int) -> tuple[int, int]:
    """Return how many pieces were kept, and how many not."""
    luck = random.Random(seed)
    said, rows = said_by(luck), rows_from(luck)
    state, due, waiting, n_kept, n_refused = state_of(said), np.array([-7, NEVER]), list[Row](), 0, 0
    while rows:
        n = luck.randint(1, 4)
        piece, rows = rows[:n], rows[n:]
        before = due.copy()
        now = max(row.known_at for row in piece) + luck.choice((0, 10, 2 * HZ))
        got = calm(state, due, told(piece), len(piece), now)
        assert got == kept(said, waiting, piece, now)
        if got:
            waiting += piece
            assert due.tolist() == [due_of(said, waiting), NEVER]
        else:
            assert (due == before).all()
        n_kept, n_refused = n_kept + got, n_refused + (not got)
        assert state[0]["pieces"] == n_kept
        expect(state, waiting)
    return n_kept, n_refused


def test_what_waits_is_what_the_oracle_lets_wait() -> None:
    found = [run(seed) for seed in range(200)]
    assert sum(n_kept for n_kept, _ in found) > 1500
    assert sum(n_refused for _, n_refused in found) > 2000


def test_no_more_waits_than_there_is_room_for() -> None:
    state, due = state_of(AT_REST), np.zeros(1, np.int64)
    for kind, count in ((BEAT, "beats"), (QUALITY, "seconds")):
        for k in range(2 * MOST):
            at = 1200 + 200 * (k + 1)
            value = (0.9, 1.0, 80.0, 1.0, 0.1, 1.0, 0.0, 0.0)
            piece = [Row(kind, 0, at, at, value)]
            assert calm(state, due, told(piece), 1, at) == (k < MOST)
        assert state[count][0] == MOST


@pytest.mark.parametrize(("what", "left", "many"), [("beats", MOST, MANY), ("seconds", MOST, MANY), ("beats", 12, 12), ("beats", 0, FEW)])
def test_the_rules_are_asked_while_more_may_wait(what: str, left: int, many: int) -> None:
    state, asks = state_of(replace(AT_REST, beats_left=left)), []
    for n in range(MOST + 1):
        state[what] = n
        asks.append(calm_asks(state[0]))
    assert asks == [n >= many for n in range(MOST + 1)]
    assert 0 < FEW < MANY < MOST


def test_nothing_waits_before_the_rules_have_said_that_it_may() -> None:
    state, due = state_of(AT_REST), np.zeros(1, np.int64)
    state["is_now"] = 0
    assert not calm(state, due, told([]), 0, 0)
    assert not calm(state, due, told([Row(VITALS, 0, 1, 1, (0.0,) * 8)]), 1, 1)
