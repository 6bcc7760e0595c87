"""From the last byte of the deciding sample to the alert in the subscriber: `python -m benchmarks.daemon_latency [--json]`.

A hundred devices publish frames of 25 samples to an MQTT broker on loopback, as they would live; their hearts have an episode every 20 s.
The daemon runs as it does beside a patient: journal and outbox on disk, synced. An alert says which sample decided it; the clock runs from
the moment the frame with that sample is handed to the client library until the subscriber, which stores it first, has it.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from edgeecg.client import AlertSubscriber
from edgeecg.io.broker import EmbeddedBroker
from edgeecg.simulate.converter import ecg_counts
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg_wire import frames as f
from edgeecg_wire.codec import encode
from tests.io.sources.publishing import hello, raw

FRAME, RATE_HZ = 25, 250
HEARTS = 8
"""Different ones; each device plays one of them, from a place of its own."""
HELLO_EVERY = 50
START_S, SETTLE_S = 300.0, 3.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds, of alerts that a sample decided."""

    streams: int
    seconds: float
    alerts: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    most_ms: float


def heart(seed: int, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Return the counts of a heart with much to tell."""
    kinds = ("vt", "asystole", "vt", "normal")
    episodes = [Episode(0.0, "normal")]
    begin_s = 12.0 + 1.7 * seed
    while begin_s < seconds:
        episodes += [Episode(begin_s, kinds[len(episodes) // 2 % len(kinds)]), Episode(begin_s + 8.0, "normal")]
        begin_s += 20.0
    simulation = Simulation(Setup(scenario=Scenario(name="restless", episodes=tuple(episodes)), seed=seed, rate_hz=RATE_HZ))
    return ecg_counts(next(simulation.blocks(round(seconds * RATE_HZ))).ecg_mv)


class Readiness:
    """Hears when a daemon is ready, as systemd would."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(self.address)
        self._ear.settimeout(START_S)
        self.environment = os.environ | {"NOTIFY_SOCKET": self.address}

    def wait(self) -> None:
        """Return once it is, and its lines had a moment to come up."""
        while b"READY=1" not in self._ear.recv(1000):
            pass
        time.sleep(SETTLE_S)


class Fleet:
    """The devices; `sent_ns[device][frame]` is when a frame was handed over."""

    def __init__(self, n: int, seconds: float) -> None:
        self.names = [f"d{i}" for i in range(n)]
        self.n_frames = round(seconds * RATE_HZ / FRAME)
        hearts = [heart(seed, seconds) for seed in range(HEARTS)]
        self._payloads = [[self._frame(hearts[i % HEARTS], n) for n in range(self.n_frames)] for i in range(min(n, HEARTS))]
        self.sent_ns = np.zeros((n, self.n_frames), np.int64)

    @staticmethod
    def _frame(counts: np.ndarray[tuple[int], np.dtype[np.int16]], n: int) -> bytes:
        data = counts[n * FRAME : (n + 1) * FRAME].astype("<i2").tobytes()
        return encode(f.Samples(0, n & 0xFFFF, n * FRAME * 1_000_000 // RATE_HZ, RATE_HZ * 1000, 1, 16, 0, 0, data))

    def publish(self, port: int, stopping: Event) -> None:
        """Send every frame when it is due: the devices one after the other within a tenth of a second."""
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        client.connect("127.0.0.1", port)
        client.loop_start()
        step_s = FRAME / RATE_HZ / len(self.names)
        begun_s = time.monotonic()
        for n in range(self.n_frames):
            for i, name in enumerate(self.names):
                ahead_s = begun_s + (n * len(self.names) + i) * step_s - time.monotonic()
                if ahead_s > 0.001 and stopping.wait(ahead_s):
                    return
                greeting = encode(hello(name)) if n % HELLO_EVERY == 0 else b""
                self.sent_ns[i, n] = time.monotonic_ns()
                client.publish(raw(name), greeting + self._payloads[i % HEARTS][n], qos=1)
        client.loop_stop()
        client.disconnect()


def measured(streams: int, seconds: float, folder: Path) -> Figures:
    """Run it once."""
    fleet, stopping, delays_ms = Fleet(streams, seconds), Event(), []
    with EmbeddedBroker(folder / "broker") as broker:
        config = folder / "edgeecg.toml"
        config.write_text(
            f'[state]\nfolder = "{folder}/state"\n[health]\nport = 0\n[models]\nuse = []\n[alerts]\nreceivers = ["bench"]\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n[[sources.mqtt]]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        )
        listening = Readiness(folder)
        command = [sys.executable, "-m", "edgeecg", "run", "--config", str(config)]
        daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=listening.environment)
        publisher = Thread(target=fleet.publish, args=(broker.port, stopping))
        try:
            with AlertSubscriber(f"mqtt://127.0.0.1:{broker.port}", name="bench", store=folder / "subscriber.sqlite") as ear:
                listening.wait()
                publisher.start()
                end_s = time.monotonic() + seconds
                while time.monotonic() < end_s:
                    told = ear.take(0.2)
                    now_ns = time.monotonic_ns()
                    if told is not None and told.alert.reported_at >= 0 and told.alert.rule not in {"silent", "model"}:
                        device = int(told.alert.stream.removeprefix("d").partition("/")[0])
                        sent_ns = int(fleet.sent_ns[device, told.alert.reported_at // FRAME])
                        delays_ms.append((now_ns - sent_ns) / 1e6)
        finally:
            stopping.set()
            publisher.join()
            daemon.terminate()
            daemon.wait()
    p50, p90, p99, most = np.percentile(delays_ms, [50, 90, 99, 100]).round(2).tolist() if delays_ms else [float("nan")] * 4
    return Figures(streams, seconds, len(delays_ms), p50, p90, p99, most)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="edgeecg-latency-") as folder:
        figures = measured(options.streams, options.seconds, Path(folder))
    if options.json:
        print(json.dumps(asdict(figures)))
        return
    print(f"{figures.alerts} alerts beside {figures.streams} live streams: ", end="")
    print(f"p50 {figures.p50_ms:g} ms, p90 {figures.p90_ms:g}, p99 {figures.p99_ms:g}, at most {figures.most_ms:g}")


if __name__ == "__main__":
    main()
