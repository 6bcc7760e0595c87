"""The whole way, once: a device on a serial line, the daemon in a process of its own, its broker, a subscriber.

How long the daemon takes from its start to the first beat, and an alert from the last byte of the sample that decided it to the
subscriber, who stores it first.
"""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import numpy as np

from edgeecg.bench.child import ChildError
from edgeecg.client import AlertSubscriber
from edgeecg.io.broker import free_port
from edgeecg.io.device import SimulatedDevice
from edgeecg.io.ptyline import PtyLine
from edgeecg.io.sources.pace import Pace
from edgeecg.simulate.device import packets
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation

RATE_HZ, FRAME_LEN = 250.0, 10
PATIENCE_S = 60.0
EVERY_S = 12.0
NAME = "bench"
TECHNICAL = frozenset({"silent", "model"})
"""Rules that no sample decides."""
HEART = Scenario(
    name="path", episodes=tuple(Episode(EVERY_S * turn, ("normal", "vt", "normal", "asystole")[turn % 4]) for turn in range(200))
)


@dataclass(slots=True)
class Device:
    """What plays, from the moment the host asks who is there, as a board does that resets when its port is opened."""

    line: PtyLine
    seconds: float
    stopping: Event = field(default_factory=Event)
    asked_s: float = 0.0
    sent_s: list[float] = field(default_factory=list)
    """When the last byte of each frame was handed over."""

    def play(self) -> None:
        """Play it."""
        simulation = Simulation(Setup(scenario=HEART, rate_hz=RATE_HZ))
        device = SimulatedDevice(simulation.setup)
        asked = b""
        while not asked and not self.stopping.wait(0.005):
            asked = self.line.received()
        self.asked_s = time.monotonic()
        self.line.send(device.answer(asked))
        pace, due_s = Pace(1.0, wait=self.stopping.wait), -1.0
        for sent in device.frames(packets(simulation, n_samples=round(self.seconds * RATE_HZ), packet_len=FRAME_LEN)):
            if not pace.wait_for(sent.due_s):
                return
            self.line.send(device.answer(self.line.received()))
            self.line.send(sent.data)
            if sent.due_s == due_s:  # a hello came before these samples
                self.sent_s[-1] = time.monotonic()
            else:
                self.sent_s.append(time.monotonic())
            due_s = sent.due_s


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it."""

    listening_s: float
    """From the start of the process until it asked the device who it is."""
    first_beat_s: float
    """From the start of the process, the heart's own time included."""
    delays_ms: tuple[float, ...]
    memory_mb: float

    def to_json(self) -> dict[str, Any]:
        """Return it, and how it is said."""
        alerts = "none came"
        if self.delays_ms:
            p50, most = np.percentile(self.delays_ms, [50, 100]).tolist()
            alerts = f"median {p50:.1f} ms, at most {most:.1f} ms of {len(self.delays_ms)}"
        return {
            "listening_s": self.listening_s,
            "first_beat_s": self.first_beat_s,
            "alert_ms": list(self.delays_ms),
            "memory_mb": self.memory_mb,
            "said": {
                "from its start until it listens to the device": f"{self.listening_s:.2f} s",
                "from its start to the first beat": f"{self.first_beat_s:.2f} s",
                "from the deciding sample's last byte to the subscriber": alerts,
                "its memory": f"{self.memory_mb:.0f} MB",
            },
        }


def measure(seconds: float = 40.0) -> Measured:
    """Run it for so many seconds of the heart's time."""
    with TemporaryDirectory(prefix="edgeecg-bench-") as folder, _playing(seconds) as device:
        broker, health = free_port(), free_port()
        config = Path(folder) / "edgeecg.toml"
        config.write_text(_settings(Path(folder), device.line.name, broker, health), encoding="utf-8")
        begun_s = time.monotonic()
        daemon = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "edgeecg", "run", "--config", str(config)], stderr=subprocess.DEVNULL
        )
        try:
            beat_s = _first_beat_s(health, begun_s)
            delays = tuple(_delays_ms(device, broker, Path(folder), begun_s + PATIENCE_S + seconds))
            memory_mb = _metric(health, "edgeecg_resident_bytes") / 2**20
        finally:
            daemon.terminate()
            daemon.wait()
    return Measured(device.asked_s - begun_s, beat_s - begun_s, delays, memory_mb)


@contextmanager
def _playing(seconds: float) -> Iterator[Device]:
    line = PtyLine()
    device = Device(line, seconds)
    thread = Thread(target=device.play, name="device")
    thread.start()
    try:
        yield device
    finally:
        device.stopping.set()
        thread.join()
        line.close()


def _settings(folder: Path, port: str, broker: int, health: int) -> str:
    return f"""\
[state]
folder = "{folder}/state"
[health]
port = {health}
[broker]
port = {broker}
[alerts]
receivers = ["{NAME}"]
people = ["{NAME}"]
[[sources.serial]]
port = "{port}"
format = "edgeecg"
"""


def _first_beat_s(health: int, begun_s: float) -> float:
    """Ask until a beat was counted."""
    while time.monotonic() < begun_s + PATIENCE_S:
        if _metric(health, 'edgeecg_events_total{kind="Beat"}') > 0:
            return time.monotonic()
        time.sleep(0.02)
    raise ChildError(f"bench: the daemon found no beat in {PATIENCE_S:g} s")


def _metric(health: int, name: str) -> float:
    """Return a figure of the daemon's; 0: it is not there yet."""
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{health}/metrics", timeout=2.0) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
    return 0.0


def _delays_ms(device: Device, broker: int, folder: Path, end_s: float) -> Iterator[float]:
    with AlertSubscriber(f"mqtt://127.0.0.1:{broker}", name=NAME, store=folder / "subscriber.sqlite") as subscriber:
        while time.monotonic() < end_s and len(device.sent_s) < device.seconds * RATE_HZ / FRAME_LEN:
            told = subscriber.take(0.2)
            now_s = time.monotonic()
            if told is not None and 0 <= told.alert.reported_at < FRAME_LEN * len(device.sent_s) and told.alert.rule not in TECHNICAL:
                yield (now_s - device.sent_s[told.alert.reported_at // FRAME_LEN]) * 1e3
