"""From the last byte of the deciding sample to the alert in the subscriber: `python -m benchmarks.daemon_latency [--json]`.

A hundred devices publish frames of 25 samples to an MQTT broker on loopback, as they would live; their hearts have an episode every 20 s.
The daemon runs as it does beside a patient: journal and outbox on disk, synced. An alert says which sample decided it; the clock runs from
the moment the frame with that sample is handed to the client library until the subscriber, which stores it first, has it.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.fleet import START_S, Fleet
from edgeecg.client import AlertSubscriber
from edgeecg.io.broker import EmbeddedBroker, free_port

SETTLE_S = 3.0


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
    stages_ms: dict[str, list[float]]
    """Of the daemon's own stages: bounds of the median and of 99 %."""


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

    def close(self) -> None:
        """Hear no more."""
        self._ear.close()


def stages_of(health: int) -> dict[str, list[float]]:
    """Return of each of the daemon's stages the least bounds, in ms, under which half of all and 99 % lay: where a tail comes from."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{health}/metrics", timeout=10).read().decode()
    buckets: dict[str, list[tuple[float, int]]] = {}
    for stage, bound, count in re.findall(r'edgeecg_stage_seconds_bucket\{stage="(\w+)",le="([^"]+)"\} (\d+)', text):
        buckets.setdefault(stage, []).append((float(bound.replace("+Inf", "inf")) * 1e3, int(count)))
    return {
        stage: [next(bound for bound, count in rows if count >= share * rows[-1][1]) for share in (0.5, 0.99)]
        for stage, rows in buckets.items()
    }


def measured(streams: int, seconds: float, folder: Path) -> Figures:
    """Run it once."""
    delays_ms: list[float] = []
    health = free_port()
    with EmbeddedBroker(folder / "broker") as broker, Fleet(streams, seconds, broker.port) as fleet:
        config = folder / "edgeecg.toml"
        config.write_text(
            f'[state]\nfolder = "{folder}/state"\n[health]\nport = {health}\n[models]\nuse = []\n[alerts]\nreceivers = ["bench"]\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n[[sources.mqtt]]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        )
        listening = Readiness(folder)
        command = [sys.executable, "-m", "edgeecg", "run", "--config", str(config)]
        daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=listening.environment)
        try:
            with AlertSubscriber(f"mqtt://127.0.0.1:{broker.port}", name="bench", store=folder / "subscriber.sqlite") as ear:
                listening.wait()
                fleet.start()
                end_s = time.monotonic() + seconds
                while time.monotonic() < end_s:
                    told = ear.take(0.2)
                    now_ns = time.monotonic_ns()
                    if told is not None and told.alert.reported_at >= 0 and told.alert.rule not in {"silent", "model"}:
                        device = int(told.alert.stream.removeprefix("d").partition("/")[0])
                        delays_ms.append((now_ns - fleet.sent_ns(device, told.alert.reported_at)) / 1e6)
                stages = stages_of(health)
        finally:
            daemon.terminate()
            daemon.wait()
            listening.close()
    p50, p90, p99, most = np.percentile(delays_ms, [50, 90, 99, 100]).round(2).tolist() if delays_ms else [float("nan")] * 4
    return Figures(streams, seconds, len(delays_ms), p50, p90, p99, most, stages)


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
    print(
        "stages, half and 99 % within: "
        + ", ".join(f"{stage} {half:g} and {most:g} ms" for stage, (half, most) in figures.stages_ms.items())
    )


if __name__ == "__main__":
    main()
