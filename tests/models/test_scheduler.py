"""The scheduler's claims: earliest deadline first, bounded, nothing run too late, and a hop that grows and shrinks by its rule."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.models.scheduler import NS, Job, Rule, Scheduler
from edgeecg.types import Overload, WindowReady

MS = 1_000_000


def window(number: int, *, readable: bool = True, model: str = "m", stream: str = "s") -> WindowReady:
    return WindowReady(
        stream=stream,
        lead="I",
        model=model,
        window_id=number,
        start_sample=0,
        len_samples=2500,
        deadline_sample=3000,
        readable=readable,
        missing_share=0.0,
        beat_sample=-1,
        samples_mv=b"",
        beats=b"",
        reported_at=2500,
    )


def taken(scheduler: Scheduler, now_ns: int) -> Iterator[int]:
    while (job := scheduler.next(now_ns)[0]) is not None:
        yield job.window.window_id


@given(st.lists(st.integers(1, 50)))
def test_the_earliest_deadline_goes_first_and_equals_in_the_order_they_came(dues: list[int]) -> None:
    scheduler = Scheduler()
    for number, due in enumerate(dues):
        scheduler.offer(window(number), due, 0)
    assert list(taken(scheduler, 0)) == sorted(range(len(dues)), key=lambda number: (dues[number], number))


@given(st.lists(st.integers(0, 50)), st.integers(0, 50))
def test_what_is_past_its_deadline_is_dropped_unrun(dues: list[int], now: int) -> None:
    scheduler = Scheduler()
    for number, due in enumerate(dues):
        scheduler.offer(window(number), due, 0)
    assert len(list(taken(scheduler, now))) == sum(due > now for due in dues)
    assert scheduler.dropped == sum(due <= now for due in dues)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 8))
def test_where_there_is_no_room_the_latest_deadline_gives_way(dues: list[int], capacity: int) -> None:
    scheduler = Scheduler(rule=Rule(capacity=capacity))
    for number, due in enumerate(dues):
        scheduler.offer(window(number), due, 0)
        assert len(scheduler) <= capacity
    assert sorted(dues[number] for number in taken(scheduler, 0)) == sorted(dues)[:capacity]
    assert scheduler.dropped == max(0, len(dues) - capacity)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 50))), st.data())
def test_windows_that_take_turns_go_one_after_another_as_they_came(offered: list[tuple[str, int]], data: st.DataObject) -> None:
    scheduler = Scheduler(n_workers=2)
    for number, (stream, due) in enumerate(offered):
        scheduler.offer(window(number, stream=stream), due, 0, in_turn=True)
    at_work: list[Job] = []
    began: dict[str, list[int]] = {"a": [], "b": []}
    while len(scheduler) or at_work:
        job = scheduler.next(0)[0]
        if job is None or (at_work and data.draw(st.booleans())):
            done = at_work.pop(data.draw(st.integers(0, len(at_work) - 1)))
            scheduler.done(done, 0, 0)
        if job is not None:
            assert all(other.window.stream != job.window.stream or other is job for other in at_work)
            at_work.append(job)
            began[job.window.stream].append(job.window.window_id)
    assert began == {one: [number for number, (stream, _) in enumerate(offered) if stream == one] for one in "ab"}


def test_the_one_that_waits_for_its_turn_keeps_no_other_stream_waiting() -> None:
    scheduler = Scheduler(n_workers=2)
    for number, stream in enumerate("aab"):
        scheduler.offer(window(number, stream=stream), NS + number, 0, in_turn=True)
    first = scheduler.next(0)[0]
    assert first
    assert list(taken(scheduler, 0)) == [2]
    scheduler.done(first, 0, 0)
    assert list(taken(scheduler, 0)) == [1]


def test_an_unreadable_window_is_not_classified_and_is_no_loss() -> None:
    scheduler = Scheduler()
    assert scheduler.offer(window(1, readable=False), NS, 0) == ()
    assert len(scheduler) == scheduler.dropped == 0


def test_a_model_that_can_answer_no_more_is_forgotten() -> None:
    scheduler = Scheduler()
    for number, model in enumerate("aabab"):
        scheduler.offer(window(number, model=model), NS - number, 0)
    scheduler.forget("a")
    assert list(taken(scheduler, 0)) == [4, 2]


# --- the rule of overload -----------------------------------------------------------------------------------------


def simulated(
    scheduler: Scheduler, *, n_streams: int, cost_ms: float, seconds: float, start_s: float = 0.0, hop_s: float = 2.0
) -> list[tuple[float, int]]:
    """One worker and streams whose windows come as the hop factor in force says; return when it changed to what."""
    now_ns = free_ns = round(start_s * NS)
    end_ns = now_ns + round(seconds * NS)
    next_ns = [now_ns + round(stream * hop_s / n_streams * NS) for stream in range(n_streams)]
    changes: list[tuple[float, int]] = []
    number = 0

    def heard(said: tuple[Overload, ...]) -> None:
        for overload in said:
            changes.append((now_ns / NS, overload.hop_factor))
            for stream in range(n_streams) if overload.hop_factor > 1 else ():  # the engine sends half of the streams into the new half
                next_ns[stream] += round(hop_s * NS) * (overload.hop_factor // 2) * (stream // (overload.hop_factor // 2) % 2)

    while min(next_ns) < end_ns:
        stream = next_ns.index(min(next_ns))
        arrives_ns = next_ns[stream]
        while free_ns <= arrives_ns:
            now_ns = free_ns
            job, said = scheduler.next(now_ns)
            heard(said)
            if job is None:
                free_ns = arrives_ns + 1
                break
            free_ns = now_ns + round(cost_ms * MS)
            began_ns, now_ns = now_ns, free_ns
            heard(scheduler.done(job, began_ns, now_ns))
        now_ns = max(now_ns, arrives_ns)
        heard(scheduler.offer(window(number), arrives_ns + 2 * NS, now_ns))
        free_ns = max(free_ns, arrives_ns)
        number += 1
        next_ns[stream] += round(hop_s * scheduler.hop_factor * NS)
    return changes


def test_within_its_means_nothing_changes() -> None:
    assert simulated(Scheduler(), n_streams=50, cost_ms=20, seconds=300) == []


@pytest.mark.parametrize(("cost_ms", "factor"), [(70, 2), (150, 4), (250, 8)])
def test_the_hop_grows_until_the_work_can_be_done_and_stays_there(cost_ms: int, factor: int) -> None:
    scheduler = Scheduler()
    changes = simulated(scheduler, n_streams=50, cost_ms=cost_ms, seconds=600)
    assert scheduler.hop_factor == factor
    assert [value for _, value in changes] == [2**k for k in range(1, factor.bit_length())]
    assert max(at for at, _ in changes) < 60


def test_the_hop_shrinks_again_when_the_load_is_gone() -> None:
    scheduler = Scheduler()
    simulated(scheduler, n_streams=50, cost_ms=250, seconds=300)
    assert scheduler.hop_factor == 8
    changes = simulated(scheduler, n_streams=50, cost_ms=5, seconds=300, start_s=301)
    assert [value for _, value in changes] == [4, 2, 1]
    times = [at for at, _ in changes]
    assert min(b - a for a, b in itertools.pairwise(times)) >= Rule().calm_s


def test_the_hop_does_not_shrink_into_a_load_it_could_not_carry() -> None:
    """At factor 2 the worker is busy for 0.4 of the time: at 1 it would be for 0.8, more than the rule allows."""
    scheduler = Scheduler(hop_factor=2)
    assert simulated(scheduler, n_streams=40, cost_ms=40, seconds=600) == []


def test_the_hop_has_an_end() -> None:
    scheduler = Scheduler(rule=Rule(max_hop_factor=4))
    changes = simulated(scheduler, n_streams=50, cost_ms=2500, seconds=300)
    assert [value for _, value in changes] == [2, 4]


def test_a_late_answer_counts_as_a_loss() -> None:
    scheduler = Scheduler()
    scheduler.offer(window(1), NS, 0)
    job, _ = scheduler.next(0)
    assert job
    assert scheduler.done(job, 0, 2 * NS) == (Overload(2),)
    assert scheduler.dropped == 0
