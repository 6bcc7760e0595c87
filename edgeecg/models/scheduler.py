"""Which window is classified next, which no more, and how far apart windows come: a pure machine, told the time.

The earliest deadline first, over all streams and models. A window past its deadline is dropped unrun; where there is no
room, the one with the latest deadline gives way. Unreadable windows are not taken. Windows of one stream that a model with a memory
is asked about go one after another, as they were announced: what it remembers is the same however many workers there are.

Overload: a window dropped or answered late doubles the hop factor, up to `max_hop_factor`; for `span_s` after a change
nothing is counted, because what waits was announced before it. The factor is halved after `calm_s` without a loss, if
the workers, twice as busy, would still be busy for no more than `busy_max` of the time. Each change is an `Overload`
record; beats' windows have no hop, so a model of beats alone is only relieved by dropping.
"""

import heapq
from dataclasses import dataclass
from typing import NamedTuple

from edgeecg.types import Overload, WindowReady

NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How much may wait, and when the hop grows and shrinks."""

    capacity: int = 512
    span_s: float = 5.0
    calm_s: float = 30.0
    busy_max: float = 0.7
    max_hop_factor: int = 64


class Job(NamedTuple):
    """A window with the host's time by which its answer must be there; a tuple, because a queue compares many."""

    rank_ns: int
    """Its deadline, or a later one of those it must not overtake."""
    number: int
    due_ns: int
    window: WindowReady
    in_turn: bool
    """Not while another of its model and stream is being answered, nor before one that was announced earlier."""

    @property
    def heart(self) -> tuple[str, str]:
        """Whose turn it is."""
        return self.window.model, self.window.stream


class Scheduler:
    """The queue and the rule; every method is told `now_ns`, in one order of time."""

    __slots__ = (
        "_at_work",
        "_busy_ns",
        "_changed_ns",
        "_counting_from_ns",
        "_jobs",
        "_lost",
        "_n_workers",
        "_offered",
        "_ranks",
        "_rule",
        "dropped",
        "hop_factor",
    )

    def __init__(self, *, n_workers: int = 1, rule: Rule | None = None, hop_factor: int = 1) -> None:
        self._rule = rule or Rule()
        self._n_workers = n_workers
        self._jobs: list[Job] = []
        self._at_work: set[tuple[str, str]] = set()
        self._ranks: dict[tuple[str, str], int] = {}
        """Of those who take turns: the last one's."""
        self._offered = 0
        self._lost = False
        self._busy_ns = 0
        self._changed_ns = -1
        self._counting_from_ns = -1
        self.hop_factor = hop_factor
        self.dropped = 0
        """Windows dropped unrun so far."""

    def __len__(self) -> int:
        return len(self._jobs)

    def offer(self, window: WindowReady, due_ns: int, now_ns: int, *, in_turn: bool = False) -> tuple[Overload, ...]:
        """Take a window to be classified by `due_ns`; `in_turn`: after those of its model and stream that were offered before."""
        if self._counting_from_ns < 0:
            self._counting_from_ns = now_ns
        if not window.readable:
            return ()
        self._offered += 1
        job = self._ranked(window, due_ns, in_turn=in_turn)
        if len(self._jobs) < self._rule.capacity:
            heapq.heappush(self._jobs, job)
            return self._judge(now_ns)
        last = max(self._jobs)
        if job < last:
            self._jobs[self._jobs.index(last)] = job
            heapq.heapify(self._jobs)
        return self._lose(now_ns)

    def next(self, now_ns: int) -> tuple[Job | None, tuple[Overload, ...]]:
        """Return what to classify now, or None; what is past its deadline is dropped on the way."""
        said: tuple[Overload, ...] = ()
        chosen: Job | None = None
        not_yet: list[Job] = []
        while self._jobs and chosen is None:
            job = heapq.heappop(self._jobs)
            if job.due_ns <= now_ns:
                said += self._lose(now_ns)
            elif job.in_turn and job.heart in self._at_work:
                not_yet.append(job)
            else:
                chosen = job
        for job in not_yet:
            heapq.heappush(self._jobs, job)
        if chosen and chosen.in_turn:
            self._at_work.add(chosen.heart)
        return chosen, said

    def done(self, job: Job, began_ns: int, now_ns: int) -> tuple[Overload, ...]:
        """Hear that a window was classified, from `began_ns` until now."""
        if job.in_turn:
            self._at_work.remove(job.heart)
        self._busy_ns += now_ns - began_ns
        if now_ns > job.due_ns:
            self._lost = True
        return self._judge(now_ns)

    def forget(self, model: str) -> None:
        """Drop the windows of a model that can answer no more."""
        self._jobs = [job for job in self._jobs if job.window.model != model]
        heapq.heapify(self._jobs)
        self._ranks = {heart: rank_ns for heart, rank_ns in self._ranks.items() if heart[0] != model}

    def _ranked(self, window: WindowReady, due_ns: int, *, in_turn: bool) -> Job:
        rank_ns = due_ns
        if in_turn:
            heart = window.model, window.stream
            rank_ns = self._ranks[heart] = max(due_ns, self._ranks.get(heart, due_ns))
        return Job(rank_ns, self._offered, due_ns, window, in_turn)

    def _lose(self, now_ns: int) -> tuple[Overload, ...]:
        self.dropped += 1
        self._lost = True
        return self._judge(now_ns)

    def _judge(self, now_ns: int) -> tuple[Overload, ...]:
        """Apply the rule of the head of this page."""
        rule = self._rule
        if self._changed_ns >= 0 and now_ns - self._changed_ns < rule.span_s * NS:
            self._lost, self._busy_ns, self._counting_from_ns = False, 0, now_ns
            return ()
        if self._lost:
            return self._change(min(self.hop_factor * 2, rule.max_hop_factor), now_ns)
        counted_ns = now_ns - self._counting_from_ns
        if counted_ns < rule.calm_s * NS:
            return ()
        busy = self._busy_ns / (counted_ns * self._n_workers)
        return self._change(max(1, self.hop_factor // 2) if 2 * busy <= rule.busy_max else self.hop_factor, now_ns)

    def _change(self, hop_factor: int, now_ns: int) -> tuple[Overload, ...]:
        """Begin to count anew, and say so where the factor is another."""
        self._lost, self._busy_ns, self._counting_from_ns = False, 0, now_ns
        if hop_factor == self.hop_factor:
            return ()
        self.hop_factor, self._changed_ns = hop_factor, now_ns
        return (Overload(hop_factor),)
