"""A day of signal in 24 minutes: what the daemon holds on to: `python -m benchmarks.soak [--minutes 24] [--speed 60] [--json]`.

A simulated device on a pty and the daemon on its clock, both 60 times as fast; the daemon's own broker; a subscriber that stores, receipts and
acknowledges. The heart has an episode every 20 s of its time, so that all that is allocated for an alert is, thousands of times. Memory,
descriptors and threads are read from outside. The slope is a straight line's through resident memory after the warm-up, the first
sixth of the run, in MiB an hour of signal, as a device that lives at speed 1 would see it, and an hour of the wall's. Of signal counts what was
rated: a machine too busy for the speed takes less of it, and must not look better for that.
"""

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median_low
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import NamedTuple

import numpy as np

from benchmarks.daemon_latency import Readiness
from edgeecg.client import AlertSubscriber
from edgeecg.daemon.numbers import PAGE_BYTES
from edgeecg.types import AlertState, Priority
from tests.daemon.killing import restless
from tests.daemon.rehearsal import playing
from tests.ports import free_port

RECEIVER = "soak"
SPEED = 60.0
WARM_UP = 1 / 6
LOOKS = 240
"""Times that the daemon is looked at in a run."""
MOST_SLOPE = 1.0
PATIENCE_S = 60.0
"""How long a run waits for its first alert, with which it begins, and for an answer, on a busy machine."""
MIB = 2**20
COUNTED = ("descriptors", "threads")


class Look(NamedTuple):
    """What a process holds at one moment."""

    at_s: float
    resident_mib: float
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What there is to report; pairs are medians of the first tenth after the warm-up and of the last."""

    minutes: float
    speed: float
    signal_hours: float
    rated_hours: float
    """Of the signal, how much came through and was rated: less where the machine is too slow for the speed."""
    alerts: int
    """Revisions that reached the subscriber."""
    acknowledged: int
    rules: dict[str, int]
    resident_mib: tuple[float, float]
    slope_mib_h: float
    """An hour of signal."""
    slope_mib_wall_h: float
    descriptors: tuple[int, int]
    threads: tuple[int, int]
    within: bool


@dataclass(slots=True)
class Told:
    """What reached the subscriber, by rule, and how much of it was acknowledged."""

    revisions: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0


class Listener(Thread):
    """Takes what comes, and has seen whatever is urgent."""

    def __init__(self, ear: AlertSubscriber) -> None:
        super().__init__(name="listener")
        self._ear, self._stopping = ear, Event()
        self.told, self.heard = Told(), Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            got = self._ear.take(0.2)
            if got is None:
                continue
            self.told.revisions[got.alert.rule] += 1
            self.heard.set()
            if got.alert.priority == Priority.HIGH and got.alert.state == AlertState.RAISED:
                self._ear.acknowledge(got, by="nurse")
                self.told.acknowledged += 1

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def look(pid: int, at_s: float) -> Look:
    """Read what a process holds."""
    of = Path(f"/proc/{pid}")
    pages = int((of / "statm").read_text().split()[1])
    return Look(at_s, pages * PAGE_BYTES / MIB, *(sum(1 for _ in (of / kind).iterdir()) for kind in ("fd", "task")))


def slope(looks: Sequence[Look]) -> float:
    """Return by how many MiB an hour the memory of these looks rises: least squares."""
    hours = np.array([one.at_s for one in looks]) / 3600
    return float(np.polyfit(hours - hours[0], [one.resident_mib for one in looks], 1)[0])


def rated_hours(health: int) -> float:
    """Ask the daemon how many seconds it has rated."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{health}/metrics", timeout=PATIENCE_S).read().decode()
    return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith('edgeecg_events_total{kind="Quality"}')) / 3600


def settings_of(folder: Path, device: str, port: int, health: int) -> str:
    return f"""
[state]
folder = "{folder}/state"
[health]
port = {health}
[broker]
port = {port}
[alerts]
receivers = ["{RECEIVER}"]
[[sources.serial]]
port = "{device}"
"""


def soaked(minutes: float, speed: float, folder: Path, say: Callable[[str], None]) -> Figures:
    """Run it once."""
    port, health = free_port(), free_port()
    with playing(restless(n_cycles=round(minutes * 60 * speed / 20) + 20), speed=speed) as device:
        config = folder / "edgeecg.toml"
        config.write_text(settings_of(folder, device.port, port, health))
        listening = Readiness(folder)
        command = [sys.executable, "-m", "edgeecg", "run", "--config", str(config), "--speed", str(speed)]
        with (folder / "daemon.log").open("wb") as log:
            daemon = subprocess.Popen(command, stderr=log, env=listening.environment)
        try:
            listening.wait()
            with AlertSubscriber(f"mqtt://127.0.0.1:{port}", name=RECEIVER, store=folder / "subscriber.sqlite") as ear:
                listener = Listener(ear)
                listener.start()
                try:
                    if not listener.heard.wait(PATIENCE_S):
                        raise RuntimeError(f"no alert within {PATIENCE_S:g} s")
                    looks = watched(daemon, minutes * 60, listener, say)
                    rated = rated_hours(health)
                finally:
                    listener.stop()
        finally:
            daemon.terminate()
            daemon.wait()
            listening.close()
    return figures_of(looks, listener.told, minutes=minutes, speed=speed, rated=rated)


def watched(daemon: "subprocess.Popen[bytes]", seconds: float, listener: Listener, say: Callable[[str], None]) -> list[Look]:
    """Look at the daemon again and again; say how it is, once a minute."""
    begun_s = time.monotonic()
    looks: list[Look] = []
    for n in range(LOOKS):
        time.sleep(max(0.0, begun_s + (n + 1) * seconds / LOOKS - time.monotonic()))
        if daemon.poll() is not None:
            raise RuntimeError(f"the daemon has ended by itself, with {daemon.returncode}")
        now = look(daemon.pid, time.monotonic() - begun_s)
        if not looks or now.at_s // 60 > looks[-1].at_s // 60:
            told = sum(listener.told.revisions.values())
            say(
                f"{now.at_s / 60:5.1f} min: {now.resident_mib:.1f} MiB, {now.descriptors} descriptors, {now.threads} threads, {told} revisions"
            )
        looks.append(now)
    return looks


def figures_of(looks: Sequence[Look], told: Told, *, minutes: float, speed: float, rated: float) -> Figures:
    """Make figures of what was seen."""
    warm = looks[round(WARM_UP * len(looks)) :]
    a_wall_hour = slope(warm)
    a_signal_hour = a_wall_hour * minutes / 60 / rated
    tenth = max(1, len(warm) // 10)
    pairs = {name: tuple(median_low(getattr(one, name) for one in part) for part in (warm[:tenth], warm[-tenth:])) for name in COUNTED}
    is_flat = all(last <= first for first, last in pairs.values())
    return Figures(
        minutes=minutes,
        speed=speed,
        signal_hours=round(minutes * speed / 60, 2),
        rated_hours=round(rated, 4),
        alerts=sum(told.revisions.values()),
        acknowledged=told.acknowledged,
        rules=dict(told.revisions.most_common()),
        resident_mib=(round(warm[0].resident_mib, 2), round(warm[-1].resident_mib, 2)),
        slope_mib_h=round(a_signal_hour, 4),
        slope_mib_wall_h=round(a_wall_hour, 2),
        within=is_flat and a_signal_hour < MOST_SLOPE,
        **pairs,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=24.0)
    parser.add_argument("--speed", type=float, default=SPEED)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="edgeecg-soak-") as folder:
        figures = soaked(options.minutes, options.speed, Path(folder), lambda line: print(line, file=sys.stderr, flush=True))
    if options.json:
        print(json.dumps(asdict(figures)))
    else:
        print(
            f"{figures.rated_hours:g} of {figures.signal_hours:g} h of signal in {figures.minutes:g} min: {figures.alerts} revisions, {figures.acknowledged} acknowledged"
        )
        print(
            f"memory {figures.resident_mib[0]:g} to {figures.resident_mib[1]:g} MiB, {figures.slope_mib_h:+g} MiB an hour of signal ",
            end="",
        )
        print(f"({figures.slope_mib_wall_h:+g} of the wall's); descriptors {figures.descriptors}, threads {figures.threads}")
    return 0 if figures.within else 1


if __name__ == "__main__":
    sys.exit(main())
