"""kill -9 at random moments: what a subscriber got against what an engine that was never killed makes of the same input."""

import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Self

from edgeecg.client import AlertSubscriber
from edgeecg.engine import Engine
from edgeecg.io.broker import EmbeddedBroker
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.journal import replay
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.types import Alert
from tests.daemon.rehearsal import playing
from tests.ports import free_port
from tests.waiting import line_from

PATIENCE_S = 120.0
WARMING_S = 900.0
"""Where nothing was compiled yet, everything is."""
SPEED = 20.0
RECEIVER = "bench"

Key = tuple[str, int]


def restless(n_cycles: int = 2000) -> Scenario:
    """A heart that gives much to tell: every 20 s a run of ventricular tachycardia, a pause, or a lead off."""
    kinds = ("vt", "asystole", "vt", "lead-off")
    episodes = [Episode(0.0, "normal")]
    for cycle in range(n_cycles):
        begin_s = 10.0 + 20.0 * cycle
        episodes += [Episode(begin_s, kinds[cycle % len(kinds)]), Episode(begin_s + 8.0, "normal")]
    return Scenario(name="restless", episodes=tuple(episodes))


@dataclass
class Outcome:
    """What became of the alerts."""

    kills: int
    expected: dict[Key, Alert]
    received: Counter[Key] = field(default_factory=Counter)
    differing: int = 0
    """Received otherwise than an engine that was never killed says it."""
    replayed_calls: int = 0
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        return len(self.expected.keys() - self.received.keys())

    @property
    def invented(self) -> int:
        return len(self.received.keys() - self.expected.keys())

    @property
    def duplicates(self) -> int:
        return sum(n - 1 for n in self.received.values())


class Subscriber:
    """Takes all it is given, and keeps count."""

    def __init__(self, port: int, folder: Path) -> None:
        self._ear = AlertSubscriber(f"mqtt://127.0.0.1:{port}", name=RECEIVER, store=folder / "subscriber.sqlite")
        self.received: Counter[Key] = Counter()
        self.alerts: dict[Key, Alert] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="subscriber")

    def __enter__(self) -> Self:
        self._ear.__enter__()
        self._thread.start()
        return self

    def until_told(self, n: int) -> None:
        """Wait for so many alerts."""
        end_s = time.monotonic() + PATIENCE_S
        while len(self.alerts) < n:
            assert time.monotonic() < end_s, f"waited {PATIENCE_S:g} s for {n} alerts, and {len(self.alerts)} came"
            self._stopping.wait(0.02)

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._ear.close()

    def _run(self) -> None:
        """Take until told to stop, and then what is left: a receipt says that an alert is in the store, not that it was taken."""
        while True:
            is_ending = self._stopping.is_set()  # asked first: what was stored before the end is found by a take that begins after it
            told = self._ear.take(0.1)
            if told is not None:
                self.received[told.key] += 1
                self.alerts[told.key] = told.alert
            elif is_ending:
                return


class Launcher:
    """Has daemons started, and hears when they are ready, as systemd would."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = str(folder / "notify")
        self._notify.bind(address)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.daemon.launcher", str(config), str(SPEED)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"NOTIFY_SOCKET": address},
        )  # fmt: skip
        assert line_from(self._process.stdout, WARMING_S) == "warm"

    def start(self) -> int:
        """Start one; return its pid once it is ready."""
        with suppress(BlockingIOError):
            while True:
                self._notify.recv(1000, socket.MSG_DONTWAIT)
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()
        pid = int(line_from(self._process.stdout, PATIENCE_S))
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s and Path(f"/proc/{pid}").exists():
            if select.select([self._notify], [], [], 1.0)[0] and b"READY=1" in self._notify.recv(1000):
                return pid
        raise AssertionError("the daemon did not become ready")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._notify.close()
        if self._process.stdout is not None:
            self._process.stdout.close()


def settings_of(folder: Path, port: str, broker_port: int) -> str:
    return f"""
[state]
folder = "{folder}/state"
[journal]
size_cap_mib = 65536
segment_mib = 0.1
keep_segments = 1000
snapshot_every_s = 30
[health]
port = 0
[models]
use = []
[alerts]
receivers = ["{RECEIVER}"]
[mqtt]
host = "127.0.0.1"
port = {broker_port}
[[sources.serial]]
port = "{port}"
"""


LEAST_KILLS, LEAST_ALERTS = 3, 6
"""Fewer show nothing; how busy a machine is must decide no test."""


def killed(kills: int, folder: Path, *, seed: int, within_s: float = 1.0, budget_s: float = float("inf")) -> Outcome:
    """Kill a daemon so often (or as often as fits the budget), let the last one tell enough and finish, and compare."""
    rng = random.Random(seed)
    begun_s = time.monotonic()
    done = 0
    with (
        EmbeddedBroker(folder / "broker", port=free_port()) as broker,
        playing(restless(), speed=SPEED) as device,
        Subscriber(broker.port, folder) as ear,
    ):
        config = folder / "edgeecg.toml"
        config.write_text(settings_of(folder, device.port, broker.port))
        with launching(config, folder) as launcher:
            for _ in range(kills):
                pid = launcher.start()
                select.select([], [], [], rng.uniform(0.0, within_s))
                os.kill(pid, signal.SIGKILL)
                _await_end(pid)
                done += 1
                if done >= LEAST_KILLS and time.monotonic() - begun_s > budget_s:
                    break
            pid = launcher.start()
            ear.until_told(LEAST_ALERTS)
            os.kill(pid, signal.SIGTERM)
            _await_end(pid)
            drain(launcher, folder)
    expected = uninterrupted(folder / "state" / "journal")
    differing = sum(expected[key] != alert for key, alert in ear.alerts.items() if key in expected)
    return Outcome(done, expected, ear.received, differing, seconds=time.monotonic() - begun_s)


@contextmanager
def launching(config: Path, folder: Path) -> Iterator[Launcher]:
    launcher = Launcher(config, folder)
    try:
        yield launcher
    finally:
        launcher.close()


def drain(launcher: Launcher, folder: Path) -> None:
    """Start again and stop, until nothing waits for a receipt: a stop leaves what it could not send in the outbox."""
    for _ in range(20):
        outbox = Outbox(folder / "state" / "outbox.sqlite")
        waiting = outbox.counters().n_waiting
        outbox.close()
        if not waiting:
            return
        pid = launcher.start()
        select.select([], [], [], 1.0)
        os.kill(pid, signal.SIGTERM)
        _await_end(pid)
    raise AssertionError("the outbox is not emptied")


def _await_end(pid: int) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end_s, "the daemon does not end"
        select.select([], [], [], 0.02)


def uninterrupted(journal: Path) -> dict[Key, Alert]:
    """Return what one engine, never killed, says to all that was ever written down."""
    alerts: dict[Key, Alert] = {}

    class Noting(Engine):
        __slots__ = ()

        def feed_many(self, records):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the engine's own
            given = super().feed_many(records)
            for event in (event for events in given for event in events):
                if isinstance(event, Alert):
                    alerts[event.alert_id, event.revision] = event
            return given

    replay(journal, Noting)
    return alerts
