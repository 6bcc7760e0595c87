"""The threads that classify: a thin shell around `scheduler`, which decides, and `classifier`, which computes.

A deadline is a sample of the stream. It becomes host time through arrivals: the record that decided the window came at
`arrival_ns` with sample `reported_at`, so sample `deadline_sample` is due (deadline_sample - reported_at) / rate later.
That is only when to stop trying: whether an answer is late is decided by the engine, in stream time.

The runtimes release the interpreter's lock while they compute, so one worker a core is a core at work. Records go to
`on_record` from the workers' threads, in one order; whoever submits is never made to wait for it.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from edgeecg.errors import EdgeEcgError
from edgeecg.models.classifier import Classifier, Model
from edgeecg.models.memory import Memories
from edgeecg.models.scheduler import NS, Job, Rule, Scheduler
from edgeecg.types import Inference, ModelChange, ModelState, Overload, WindowReady

Said = Inference | Overload | ModelState


def cores() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Classify what is submitted, in time; as a context: at its end what still waits is left."""

    def __init__(
        self,
        models: Mapping[str, Model],
        rates_hz: Mapping[str, float],
        on_record: Callable[[Said], None],
        *,
        n_workers: int | None = None,
        hop_factor: int = 1,
        rule: Rule | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`hop_factor` is the engine's own: one that was restored goes on as it was, until the rule changes it."""
        self._models, self._rates_hz, self._on_record, self._clock = dict(models), dict(rates_hz), on_record, clock
        self._memories = {name: Memories() for name in models}
        n_workers = cores() if n_workers is None else n_workers
        self._scheduler = Scheduler(n_workers=n_workers, rule=rule, hop_factor=hop_factor)
        lock = threading.RLock()
        self._offered, self._idle = threading.Condition(lock), threading.Condition(lock)
        """One lock, two who wait: a worker for work, and who drains for the end of it. To wake a thread costs as much as a beat's net."""
        self._said: deque[Said] = deque()
        self._saying = threading.Lock()
        self._n_running = 0
        self._closing = False
        self._threads = [threading.Thread(target=self._work, name=f"classifier-{i}", daemon=True) for i in range(n_workers)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def submit(self, window: WindowReady, arrival_ns: int) -> None:
        """Have a window classified that was announced by the record that arrived at `arrival_ns`."""
        left_s = (window.deadline_sample - window.reported_at) / self._rates_hz[window.stream]
        with self._offered:
            if model := self._models.get(window.model):
                due_ns, remembers = arrival_ns + round(left_s * NS), model.card.memory is not None
                self._said += self._scheduler.offer(window, due_ns, self._clock(), in_turn=remembers)
                self._offered.notify()

    def use(self, models: Mapping[str, Model], rates_hz: Mapping[str, float]) -> None:
        """Go on with other models and streams, after a change of settings."""
        with self._offered:
            for name in self._models.keys() - models.keys():
                self._scheduler.forget(name)
            same = {name for name in models if models[name] is self._models.get(name)}
            self._memories = {name: self._memories[name] if name in same else Memories() for name in models}
            for memories in self._memories.values():
                memories.keep_only(rates_hz)
            self._models, self._rates_hz = dict(models), dict(rates_hz)

    def drain(self) -> None:
        """Wait until nothing waits: every window was answered or dropped, and every record handed on."""
        with self._idle:
            self._idle.wait_for(self._is_idle)

    def _is_idle(self) -> bool:
        return not (len(self._scheduler) or self._n_running or self._said)

    def close(self) -> None:
        """Stop after the windows being classified now; the engine knows of those that were not."""
        with self._offered:
            self._closing = True
            self._offered.notify_all()
        for thread in self._threads:
            thread.join()

    @property
    def dropped(self) -> int:
        """Windows dropped unrun so far."""
        return self._scheduler.dropped

    def _work(self) -> None:
        own: dict[str, Classifier] = {}
        while (taken := self._take()) is not None:
            job, model, memories = taken
            began_ns = self._clock()
            answer = _answer(own, model, memories, job.window)
            with self._offered:
                self._n_running -= 1
                self._said.append(answer)
                self._said += self._scheduler.done(job, began_ns, self._clock())
                if isinstance(answer, ModelState):
                    self._models.pop(answer.model, None)
                    self._scheduler.forget(answer.model)

    def _take(self) -> tuple[Job, Model, Memories] | None:
        """Wait for a window that can still be in time; None: the end."""
        while True:
            self._hand_on()
            with self._offered:
                job, said = self._scheduler.next(self._clock())
                self._said += said
                if self._closing:
                    self._idle.notify_all()
                    return None
                if job is not None:
                    self._n_running += 1
                    return job, self._models[job.window.model], self._memories[job.window.model]
                if self._is_idle():
                    self._idle.notify_all()
                if not self._said:
                    self._offered.wait()

    def _hand_on(self) -> None:
        """Give out what is to be said, one thread at a time, so that it stays in order."""
        with self._saying:
            while self._said:  # only here is any taken away
                self._on_record(self._said[0])
                with self._offered:
                    self._said.popleft()


def _answer(own: dict[str, Classifier], model: Model, memories: Memories, window: WindowReady) -> Inference | ModelState:
    """Ask this thread's classifier of the model, which is made when it is first needed."""
    try:
        known = own.get(window.model)
        if known is None or known.model is not model or known.memories is not memories:
            own[window.model] = Classifier(model, memories)
        return own[window.model](window)
    except EdgeEcgError as error:
        return ModelState(window.model, ModelChange.REFUSED, str(error))
    except Exception as error:  # noqa: BLE001  (a runtime may raise anything; the other models go on)
        return ModelState(window.model, ModelChange.UNAVAILABLE, f"{type(error).__name__}: {error}")
