"""A whole daemon in this process, on a clock that runs faster, with a simulated device that runs as fast; and someone who listens."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread

from edgeecg.config import parse
from edgeecg.daemon.app import App
from edgeecg.daemon.classifiers import Classifiers
from edgeecg.daemon.clock import Clock
from edgeecg.daemon.ears import Ears
from edgeecg.io.device import SimulatedDevice
from edgeecg.io.ptyline import PtyLine
from edgeecg.io.sources.pace import Pace
from edgeecg.models.registry import Registry
from edgeecg.simulate.device import packets
from edgeecg.simulate.scenario import NAMED, Scenario
from edgeecg.simulate.simulation import Setup, Simulation

PATIENCE_S = 60.0
STREAM = "simulated/ecg"


class PlayedDevice:
    """A simulated device on a pty, `speed` times as fast. It waits for a host that does not read: nothing is lost for being read late."""

    def __init__(
        self,
        scenario: Scenario | str,
        *,
        speed: float,
        seconds: float | None = None,
        pcg_rate_hz: float | None = None,
        holds_at_s: float = math.inf,
    ) -> None:
        """At `holds_at_s` of its time it waits for `go_on`: what comes after that is missed by nobody who was there before."""
        self._simulation = Simulation(Setup(scenario=NAMED[scenario] if isinstance(scenario, str) else scenario, pcg_rate_hz=pcg_rate_hz))
        self.line, self._speed, self._seconds, self._holds_at_s = PtyLine(), speed, seconds, holds_at_s
        self._stopping = Event()
        self.is_over, self._goes_on = Event(), Event()
        self._thread = Thread(target=self._run, name="device")

    @property
    def port(self) -> str:
        return self.line.name

    def start(self) -> None:
        self._thread.start()

    def go_on(self) -> None:
        self._goes_on.set()

    def stop(self) -> None:
        self._stopping.set()
        self._goes_on.set()
        self._thread.join()
        self.line.close()

    def _run(self) -> None:
        device, asked = SimulatedDevice(self._simulation.setup), b""
        while not asked and not self._stopping.wait(0.001):  # as a board that begins anew when its port is opened
            asked = self.line.received()
        self._send(device.answer(asked))
        n_samples = None if self._seconds is None else round(self._seconds * self._simulation.setup.rate_hz)
        pace = Pace(self._speed, wait=self._stopping.wait)
        for sent in device.frames(packets(self._simulation, n_samples=n_samples)):
            if not pace.wait_for(sent.due_s):
                return
            if sent.due_s >= self._holds_at_s:
                self._goes_on.wait()
            self._send(device.answer(self.line.received()))
            self._send(sent.data)
        self.is_over.set()

    def _send(self, data: bytes) -> None:
        self.line.send(data)
        while self.line.still_waits() and not self._stopping.wait(0.001):
            pass


class Running:
    """A daemon in a thread; `tell` sends it a signal."""

    def __init__(self, text: Callable[[], str], *, speed: float, first: Callable[[Ears], object] = lambda _: None) -> None:
        """`first` is done before there is an engine."""
        self.clock = clock = Clock(speed=speed)
        ears = Ears(lambda: parse(text(), "edgeecg.toml"), clock)
        first(ears)
        self.app = App(ears, Classifiers(ears.settings.models, Registry(), clock))
        self._signals: SimpleQueue[int] = SimpleQueue()
        self.failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="daemon")
        self._thread.start()

    def _run(self) -> None:
        try:
            self.app.run(self._next_signal)
        except BaseException as failure:
            self.failure = failure
            raise

    def _next_signal(self, timeout_s: float) -> int | None:
        try:
            return self._signals.get(timeout=timeout_s)
        except Empty:
            return None

    def tell(self, number: int) -> None:
        self._signals.put(number)

    def join(self) -> None:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the daemon does not end"
        assert self.failure is None, self.failure

    def until(self, holds: Callable[[App], object], what: str) -> None:
        """Wait until something holds, with a deadline, never for a while."""
        end_s = time.monotonic() + PATIENCE_S
        watched = Event()
        while not holds(self.app):
            assert self.failure is None, self.failure
            assert time.monotonic() < end_s, f"waited {PATIENCE_S:g} s for {what}\n{self.app.numbers.text()}"
            watched.wait(0.01)


@contextmanager
def running(text: Callable[[], str], *, speed: float = 1.0, first: Callable[[Ears], object] = lambda _: None) -> Iterator[Running]:
    """Run a daemon; it is told to end at the end."""
    import signal

    daemon = Running(text, speed=speed, first=first)
    try:
        yield daemon
    finally:
        daemon.tell(signal.SIGTERM)
        daemon.join()


@contextmanager
def playing(
    scenario: Scenario | str, *, speed: float, seconds: float | None = None, pcg_rate_hz: float | None = None, holds_at_s: float = math.inf
) -> Iterator[PlayedDevice]:  # fmt: skip
    """Play a device, from now on; one that hears, where a rate is given."""
    device = PlayedDevice(scenario, speed=speed, seconds=seconds, pcg_rate_hz=pcg_rate_hz, holds_at_s=holds_at_s)
    device.start()
    try:
        yield device
    finally:
        device.stop()


def settings_text(folder: Path, port: str, broker_port: int, more: str = "") -> str:
    """The least a daemon needs, its own broker, no model; room for all that is sent while it is not looked at for a minute."""
    return f"""
[state]
folder = "{folder}"
[broker]
port = {broker_port}
[health]
port = 0
[models]
use = []
[queue]
values = {1 << 20}
[[sources.serial]]
port = "{port}"
{more}
"""
