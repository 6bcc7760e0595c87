"""Alerts on their way: how fast, and what is lost when brokers, lines, disks and subscribers fail. Every loss must be 0.

python -m benchmarks.delivery SCENARIO... [--json]      SCENARIO: all, or any of those below
"""

import argparse
import contextlib
import json
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgeecg.client import AlertSubscriber
from edgeecg.io.broker import free_port
from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.types import Priority
from tests.client.listener import device_at, subscriber_at, until
from tests.io.sources.brokers import _await_listener, mosquitto
from tests.payload.alerts import stamped

PATIENCE_S = 120.0
Figures = dict[str, Any]


class Broker:
    """mosquitto with its defaults, on a port of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._config = folder / "broker.conf"
        self._config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\nuser root\n"
        )
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([mosquitto(), "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _await_listener(self.port, self.process)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def broker_in(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder, free_port())
    try:
        yield broker
    finally:
        broker.kill()


class Collector:
    """Takes all a subscriber is given, with the time."""

    def __init__(self, subscriber: AlertSubscriber) -> None:
        self.got: list[tuple[str, int]] = []
        self.times_s: dict[tuple[str, int], float] = {}
        self.subscriber = subscriber
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping:
            alert = self.subscriber.take(0.1)
            if alert is not None:
                self.got.append(alert.key)
                self.times_s.setdefault(alert.key, time.monotonic())

    def stop(self) -> None:
        self._stopping = True
        self._thread.join()

    def verdict(self, n: int) -> Figures:
        return {"alerts": n, "lost": n - len(set(self.got)), "given_twice": len(self.got) - len(set(self.got))}


@contextlib.contextmanager
def collecting(subscriber: AlertSubscriber) -> Iterator[Collector]:
    with subscriber:
        collector = Collector(subscriber)
        try:
            yield collector
        finally:
            collector.stop()


def percentiles(seconds: list[float]) -> Figures:
    p50, p99 = np.percentile(np.array(seconds) * 1e3, [50, 99])
    return {"p50_ms": round(float(p50), 3), "p99_ms": round(float(p99), 3), "max_ms": round(max(seconds) * 1e3, 3), "n": len(seconds)}


# --- how fast ---------------------------------------------------------------------------------------------------------


def put(folder: Path) -> Figures:
    """An alert into the outbox, on the disk."""
    outbox, took = Outbox(folder / "o"), []
    for n in range(1000):
        alert = stamped(n)
        start = time.perf_counter()
        outbox.put([alert])
        took.append(time.perf_counter() - start)
    outbox.close()
    return percentiles(took)


def latency(folder: Path) -> Figures:
    """From `put` to the subscriber's program, its own fsync included, one alert every 20 ms."""
    with (
        broker_in(folder) as broker,
        device_at(broker.port, folder) as (outbox, sink),
        collecting(subscriber_at(broker.port, folder)) as out,
    ):
        until(lambda: sink.is_up and out.subscriber.is_up, "the lines")
        put_at = {}
        for n in range(500):
            alert = stamped(n)
            put_at[alert.key] = time.monotonic()
            outbox.put([alert])
            sink.wake()
            time.sleep(0.02)
        until(lambda: len(out.times_s) == 500, "all alerts", PATIENCE_S)
    return percentiles([out.times_s[key] - moment for key, moment in put_at.items()])


def subscriber_away(folder: Path) -> Figures:
    """10,000 alerts while nobody listens, to a broker that queues 1000; then the drain, and a live high alert in its midst."""
    n = 10_000
    with broker_in(folder) as broker:
        with subscriber_at(broker.port, folder) as subscriber:
            until(lambda: subscriber.is_up, "the line")
        with device_at(broker.port, folder) as (outbox, sink):
            until(lambda: sink.is_up, "the line")
            for first in range(0, n, 100):
                outbox.put([stamped(i, priority=Priority.HIGH) for i in range(first, first + 100)])
                sink.wake()
            until(lambda: sink.counters()["sent"] >= n, "the broker to have been sent it all", PATIENCE_S)
            start = time.monotonic()
            live: list[float] = []
            with collecting(subscriber_at(broker.port, folder)) as out:
                for i in range(10):
                    until(lambda i=i: len(out.got) >= 2000 + 700 * i, "the drain", PATIENCE_S)  # type: ignore[misc]
                    alert = stamped(n + i)
                    moment = time.monotonic()
                    outbox.put([alert])
                    sink.wake()
                    until(lambda alert=alert: alert.key in out.times_s, "the live alert", PATIENCE_S)  # type: ignore[misc]
                    live.append(out.times_s[alert.key] - moment)
                until(lambda: len(set(out.got)) >= n + 10, "all alerts", PATIENCE_S)
                took = time.monotonic() - start
                until(lambda: outbox.counters().n_waiting == 0, "receipts", PATIENCE_S)
    return {**out.verdict(n + 10), "drained_per_s": round(n / took), "live_high_alert_in_the_midst": percentiles(live)}


def drain(folder: Path) -> Figures:
    """5000 alerts of a broker's absence, to a subscriber that is there."""
    n = 5000
    with broker_in(folder) as broker, collecting(subscriber_at(broker.port, folder)) as out:
        until(lambda: out.subscriber.is_up, "the line")
        outbox = Outbox(folder / "dev-1.outbox", OutboxLimits(receivers=("ward",)))
        outbox.put([stamped(i) for i in range(n)])
        outbox.close()
        start, start_cpu = time.monotonic(), time.process_time()
        with device_at(broker.port, folder) as (outbox, _):
            until(lambda: len(out.got) >= n, "all alerts", PATIENCE_S)
            took, cpu = time.monotonic() - start, time.process_time() - start_cpu
            until(lambda: outbox.counters().n_waiting == 0, "receipts", PATIENCE_S)
    return {**out.verdict(n), "drained_per_s": round(n / took), "cpu_ms_an_alert_at_both_ends": round(cpu / n * 1e3, 3)}


# --- what is lost -----------------------------------------------------------------------------------------------------


def kills(folder: Path) -> Figures:
    """Kill -9 of a broker with its defaults, 50 times, at random moments while alerts come."""
    draw, n = random.Random(7), 0
    with (
        broker_in(folder) as broker,
        device_at(broker.port, folder) as (outbox, sink),
        collecting(subscriber_at(broker.port, folder)) as out,
    ):
        for _ in range(50):
            until(lambda: sink.is_up, "the line", PATIENCE_S)
            doomed = threading.Timer(draw.uniform(0.0, 0.15), broker.kill)
            doomed.start()
            for _ in range(20):
                outbox.put([stamped(n)])
                sink.wake()
                n += 1
                time.sleep(draw.uniform(0.0, 0.01))
            doomed.join()
            broker.start()
        until(lambda: len(set(out.got)) >= n and outbox.counters().n_waiting == 0, "all alerts", PATIENCE_S)
    return {**out.verdict(n), "kills": 50, "sent_again": sink.counters()["sent"] - n}


def broker_away(folder: Path) -> Figures:
    """A broker that is away and comes back knowing nobody: 1 s to 24 h at 100 alerts an hour, each outage made in 2 s."""
    figures: Figures = {}
    for name, n in {"1 s": 1, "1 min": 2, "1 h": 100, "24 h": 2400}.items():
        place = folder / name.replace(" ", "")
        place.mkdir()
        with (
            broker_in(place) as broker,
            device_at(broker.port, place) as (outbox, sink),
            collecting(subscriber_at(broker.port, place)) as out,
        ):
            until(lambda sink=sink: sink.is_up, "the line")  # type: ignore[misc]
            broker.kill()
            for file in place.glob("mosquitto.db*"):
                file.unlink()
            end = time.monotonic() + 2.0
            for i in range(n):
                outbox.put([stamped(i)])
                sink.wake()
                time.sleep(max(0.0, end - time.monotonic()) / (n - i))
            broker.start()
            start = time.monotonic()
            until(lambda out=out, n=n: len(set(out.got)) >= n, "all alerts", PATIENCE_S)  # type: ignore[misc]
            figures[name] = {**out.verdict(n), "all_there_after_s": round(time.monotonic() - start, 2)}
    return figures


def stalled(folder: Path) -> Figures:
    """A broker that is stopped for 15 s with its sockets open (SIGSTOP), and goes on."""
    n = 300
    with (
        broker_in(folder) as broker,
        device_at(broker.port, folder) as (outbox, sink),
        collecting(subscriber_at(broker.port, folder)) as out,
    ):
        until(lambda: sink.is_up and out.subscriber.is_up, "the lines")
        os.kill(broker.process.pid, signal.SIGSTOP)
        for i in range(n):
            outbox.put([stamped(i)])
            sink.wake()
            time.sleep(0.05)
        os.kill(broker.process.pid, signal.SIGCONT)
        start = time.monotonic()
        until(lambda: len(set(out.got)) >= n, "all alerts", PATIENCE_S)
        took = time.monotonic() - start
    return {**out.verdict(n), "all_there_after_s": round(took, 2)}


class Proxy:
    """Forwards until told to stop, and then holds what it has: neither end learns anything."""

    def __init__(self, to_port: int) -> None:
        self.port, self._to_port = free_port(), to_port
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._dead: set[socket.socket] = set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._run, daemon=True).start()

    def freeze(self) -> None:
        """Every connection there is now is dead, and looks alive; new ones are forwarded."""
        self._dead |= {one for pair in self._pairs for one in pair}

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    near, far = self._listener.accept()[0], socket.create_connection(("127.0.0.1", self._to_port))
                    self._pairs.append((near, far))
                    self._selector.register(near, selectors.EVENT_READ, far)
                    self._selector.register(far, selectors.EVENT_READ, near)
                    continue
                source, target = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                with contextlib.suppress(OSError):
                    data = source.recv(65536)
                    if source in self._dead:
                        if not data:
                            self._selector.unregister(source)
                        continue
                    if data:
                        target.sendall(data)
                        continue
                self._selector.unregister(source)
                with contextlib.suppress(OSError):
                    target.shutdown(socket.SHUT_RDWR)


def half_open(folder: Path) -> Figures:
    """A line that is cut so that neither end learns of it."""
    n = 100
    with broker_in(folder) as broker:
        proxy = Proxy(broker.port)
        with device_at(proxy.port, folder) as (outbox, sink), collecting(subscriber_at(broker.port, folder)) as out:
            until(lambda: sink.is_up and out.subscriber.is_up, "the lines")
            outbox.put([stamped(0)])
            sink.wake()
            until(lambda: len(out.got) == 1, "the first alert")
            proxy.freeze()
            start = time.monotonic()
            outbox.put([stamped(i) for i in range(1, n)])
            sink.wake()
            until(lambda: len(set(out.got)) >= n, "all alerts", PATIENCE_S)
            took = time.monotonic() - start
    return {**out.verdict(n), "all_there_after_s": round(took, 2)}


def loss(folder: Path) -> Figures:
    """30 % of IP packets lost each way, on a link between two network namespaces."""
    if os.geteuid():
        return {"skipped": "needs root"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.lossy_link", str(folder), "0.3", mosquitto()], check=True, stdout=subprocess.PIPE, text=True
    )
    figures: Figures = json.loads(done.stdout)["_loss"]
    return figures


def _loss(folder: Path) -> Figures:
    from benchmarks.lossy_link import FAR

    n = 200
    with device_at(1883, folder, host=FAR) as (outbox, sink), collecting(subscriber_at(1883, folder, host=FAR)) as out:
        start = time.monotonic()
        for i in range(n):
            outbox.put([stamped(i)])
            sink.wake()
            time.sleep(0.05)
        until(lambda: len(set(out.got)) >= n, "all alerts", 400.0)
        took = time.monotonic() - start
    return {**out.verdict(n), "all_there_after_s": round(took, 1), "connections": sink.counters()["connections"], "put_over_s": n * 0.05}


def faults(_folder: Path) -> Figures:
    """Each write and fsync of an outbox over 200 alerts fails, each in one of five ways in turn; then a power cut."""
    return _faults(each_in_every_way=False)


def faults_in_every_way(_folder: Path) -> Figures:
    """Each in all five ways: a quarter of an hour."""
    return _faults(each_in_every_way=True)


def _faults(*, each_in_every_way: bool) -> Figures:
    """What an outbox said is on the disk must be there after a power cut, and what it said was retired must not be back."""
    from tests.io.outbox.failing_disk import FAULTS, Disk
    from tests.io.outbox.faulty_runs import faulty_run, new_vfs

    vfs, n = new_vfs(), 200
    n_operations = faulty_run(vfs, Disk(), n).n_operations
    figures: Figures = {"alerts": n, "writes_and_fsyncs": n_operations}
    for i, fault in enumerate(FAULTS):
        lost = back = not_recovered = 0
        for at in range(1, n_operations + 1) if each_in_every_way else range(1 + i, n_operations + 1, len(FAULTS)):
            run = faulty_run(vfs, Disk(at=at, fault=fault), n)
            lost += len(run.lost())
            back += len(run.back())
            not_recovered += not run.is_dead and len(run.acknowledged) < n
        figures[fault] = {"acknowledged_lost": lost, "retired_back": back, "not_recovered": not_recovered}
    return figures


SCENARIOS: dict[str, Callable[[Path], Figures]] = {
    one.__name__: one
    for one in (put, latency, drain, subscriber_away, kills, broker_away, stalled, half_open, loss, faults, faults_in_every_way)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="+", choices=[*SCENARIOS, "all", "_loss"])
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary one)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    names = list(SCENARIOS) if "all" in options.scenarios else options.scenarios
    results = {}
    for name in names:
        folder = options.folder or Path(tempfile.mkdtemp())
        results[name] = {**SCENARIOS, "_loss": _loss}[name](folder)
        if options.folder is None:
            shutil.rmtree(folder)
        if not options.json:
            print(f"{name}: {results[name]}", flush=True)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
