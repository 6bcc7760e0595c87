"""The queue between a source and the engine, without a thread in sight; and once with two."""

from collections import defaultdict
from collections.abc import Callable
from threading import Thread

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.facts import StreamFacts
from edgeecg.io.sources.items import Announced, Item, Lagging, Line
from edgeecg.io.sources.queue import LEAST_COST, MAX_NOTICES, MAX_STATES, DroppingQueue, WaitingQueue
from edgeecg.types import Chunk, SourceChange, SourceState

PATIENCE_S = 60.0


def chunk(stream: str, n: int, at: int) -> Chunk:
    return Chunk(stream, np.full(n, at), at)


def opened(stream: str, at: int) -> SourceState:
    return SourceState(stream, SourceChange.OPENED, at, epoch=7)


def lost(stream: str, at: int) -> SourceState:
    return SourceState(stream, SourceChange.LOST, at)


def dropped(stream: str, at: int, count: int) -> SourceState:
    return SourceState(stream, SourceChange.DROPPED, at, count)


def told_of(items: list[Item]) -> int:
    """Samples delivered and samples counted as dropped."""
    delivered = sum(len(item.samples) for item in items if isinstance(item, Chunk))
    return delivered + sum(item.count for item in items if isinstance(item, SourceState))


def fill(push: Callable[[Item], object], n: int, len_samples: int) -> None:
    for at in range(n):
        push(chunk("a", len_samples, at))


def told(queue: DroppingQueue) -> list[object]:
    """What waits, a chunk as (stream, arrival)."""
    return [(item.stream, item.arrival_ns) if isinstance(item, Chunk) else item for item in queue.take()]


def test_what_fits_comes_out_in_order() -> None:
    queue = DroppingQueue(max_values=1000)
    queue.push_all([opened("a", 0), chunk("a", 100, 1), opened("b", 2), chunk("b", 100, 3), chunk("a", 100, 4), lost("a", 5)])
    assert told(queue) == [opened("a", 0), ("a", 1), opened("b", 2), ("b", 3), ("a", 4), lost("a", 5)]
    assert queue.take() == []
    assert queue.dropped_samples == 0


def test_the_oldest_samples_make_room_and_their_number_stands_in_their_place() -> None:
    queue = DroppingQueue(max_values=250)
    queue.push(opened("a", 0))
    for at in range(1, 6):
        queue.push(chunk("a", 100, at))
    assert told(queue) == [opened("a", 0), dropped("a", 3, 300), ("a", 4), ("a", 5)]
    assert queue.dropped_samples == 300


def test_one_stream_that_floods_costs_the_others_nothing() -> None:
    queue = DroppingQueue(max_values=250)
    queue.push(chunk("quiet", 100, 0))
    for at in range(1, 1000):
        queue.push(chunk("loud", 100, at))
    assert told(queue) == [("quiet", 0), dropped("loud", 997, 99700), ("loud", 998), ("loud", 999)]


def test_what_was_dropped_before_and_after_a_loss_is_told_apart() -> None:
    queue = DroppingQueue(max_values=100)
    queue.push_all([chunk("a", 60, 0), chunk("a", 70, 1), lost("a", 2), opened("a", 3), chunk("a", 80, 4), chunk("a", 90, 5)])
    assert told(queue) == [dropped("a", 1, 130), lost("a", 2), opened("a", 3), dropped("a", 4, 80), ("a", 5)]


def test_samples_that_the_device_dropped_are_added_when_their_place_is_needed() -> None:
    queue = DroppingQueue(max_values=100)
    queue.push_all([chunk("a", 60, 0), dropped("a", 1, 5), chunk("a", 70, 2), chunk("a", 60, 3)])
    assert told(queue) == [dropped("a", 2, 135), ("a", 3)]
    assert queue.dropped_samples == 130, "the device's own are not counted as the queue's"


def test_many_columns_weigh_more_and_one_sample_weighs_something() -> None:
    queue = DroppingQueue(max_values=80)
    for at in range(20):
        queue.push(Chunk("a", np.zeros(1), at))
    assert told(queue) == [dropped("a", 9, 10), *[("a", at) for at in range(10, 20)]]
    queue.push_all([Chunk("a", np.zeros((11, 4)), 0), Chunk("a", np.zeros((11, 4)), 1)])
    assert told(queue) == [dropped("a", 0, 11), ("a", 1)]


def test_a_newest_chunk_is_never_dropped_however_large() -> None:
    queue = DroppingQueue(max_values=100)
    queue.push_all([chunk("a", 500, 0), chunk("a", 600, 1)])
    assert told(queue) == [dropped("a", 0, 500), ("a", 1)]


def test_a_source_that_comes_and_goes_unread_is_told_as_it_is_in_the_end() -> None:
    announced = Announced("a", "ecg", StreamFacts(name="a", rate_hz=250))
    queue = DroppingQueue()
    queue.push(announced)
    for at in range(1000):
        queue.push_all([opened("a", at), chunk("a", 10, at), lost("a", at)])
    items = queue.take()
    assert items[0] == announced
    assert items[-1] == lost("a", 999)
    assert len(items) <= 2 * MAX_STATES
    assert told_of(items) == 10_000


def test_a_clock_that_was_synchronised_does_not_hide_that_the_stream_is_open() -> None:
    queue = DroppingQueue()
    for at in range(MAX_STATES):
        queue.push(opened("a", at))
    synchronised = SourceState("a", SourceChange.CLOCK_SYNCHRONISED, MAX_STATES)
    queue.push(synchronised)
    assert queue.take() == [opened("a", MAX_STATES - 1), synchronised]


def test_of_too_many_notices_the_oldest_goes() -> None:
    queue = DroppingQueue()
    for at in range(MAX_NOTICES + 5):
        queue.tell(Line(f"{at}", is_up=True))
    assert [notice.where for notice in queue.notices() if isinstance(notice, Line)] == [f"{at}" for at in range(5, MAX_NOTICES + 5)]
    assert queue.notices() == []


def test_the_oldest_samples_say_how_long_the_reader_has_been_away() -> None:
    queue = DroppingQueue()
    assert queue.oldest_ns() is None
    queue.push_all([opened("a", 1), chunk("a", 1, 2), chunk("a", 1, 3)])
    assert queue.oldest_ns() == 2


def made(what: str, stream: str, n: int, at: int) -> Item:
    if what == "chunk":
        return chunk(stream, n, at)
    return dropped(stream, at, n) if what == "dropped" else (opened if what == "opened" else lost)(stream, at)


def test_a_reader_that_stays_away_is_told_of_once_and_once_when_it_is_back() -> None:
    queue = DroppingQueue()
    for at_s in range(6):
        queue.push(chunk("a", 10, at_s * 10**9))
    (raised,) = queue.notices()
    assert isinstance(raised, Lagging)
    assert (raised.stream, raised.delay_s, raised.is_over) == ("", 2.0, False)
    queue.take()
    queue.push(chunk("a", 10, 6 * 10**9))
    (over,) = queue.notices()
    assert isinstance(over, Lagging)
    assert over.is_over


ITEMS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from(["chunk", "chunk", "chunk", "opened", "lost", "dropped", "take"]), st.integers(1, 90)
    ),
    max_size=120,
)


@given(ITEMS)
def test_nothing_is_lost_uncounted_nothing_overtakes_and_nothing_grows(script: list[tuple[str, str, int]]) -> None:
    queue = DroppingQueue(max_values=200)
    out: list[Item] = []
    pushed: dict[str, int] = defaultdict(int)
    last: dict[str, Item] = {}
    for at, (stream, what, n) in enumerate(script):
        if what == "take":
            out += queue.take(n)
            continue
        item = made(what, stream, n, at)
        pushed[stream] += n if what in {"chunk", "dropped"} else 0
        last[stream] = item if what in {"opened", "lost"} else last.get(stream, item)
        queue.push(item)
        assert len(queue._items) <= 3 * (200 // LEAST_COST + 2 * MAX_STATES + 2)
        assert len(queue._items) == sum(len(held.samples) + len(held.marks) + len(held.states) for held in queue._streams.values())
    out += queue.take()
    assert not queue._streams
    for stream, n in pushed.items():
        mine = [item for item in out if getattr(item, "stream", "") == stream]
        assert told_of(mine) == n
        times = [item.arrival_ns if isinstance(item, Chunk) else item.now_ns for item in mine if isinstance(item, Chunk | SourceState)]
        assert times == sorted(times)
        states = [item for item in mine if isinstance(item, SourceState) and item.change != SourceChange.DROPPED]
        if isinstance(last[stream], SourceState) and states:
            assert states[-1] == last[stream]


def test_a_reader_waits_for_what_another_thread_brings() -> None:
    queue = DroppingQueue()
    assert not queue.wait(0)
    writer = Thread(target=fill, args=(queue.push, 2000, 25))
    writer.start()
    n = 0
    while n < 2000 * 25 and queue.wait(PATIENCE_S):
        n += told_of(queue.take())
    writer.join()
    assert n == 2000 * 25


def test_a_recording_waits_until_there_is_room_and_loses_nothing() -> None:
    queue = WaitingQueue(max_items=3)
    writer = Thread(target=fill, args=(queue.push, 500, 1))
    writer.start()
    taken: list[Item] = []
    while len(taken) < 500 and queue.wait(PATIENCE_S):
        assert len(queue._items) <= 3
        taken += queue.take()
    writer.join()
    assert [item.arrival_ns for item in taken if isinstance(item, Chunk)] == list(range(500))


def test_who_waits_for_room_goes_on_without_it_when_the_queue_is_closed() -> None:
    queue = WaitingQueue(max_items=1)
    assert queue.push(chunk("a", 1, 0))
    answers: list[bool] = []
    writer = Thread(target=lambda: answers.append(queue.push(chunk("a", 1, 1))))
    writer.start()
    queue.close()
    writer.join(PATIENCE_S)
    assert answers == [False]
