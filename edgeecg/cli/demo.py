"""`edgeecg demo`: all of it, from a simulated heart to a person who acknowledges, in less than a minute."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from edgeecg.cli import DISCLAIMER
from edgeecg.cli.dashboard import check_installed
from edgeecg.cli.monitor import clock
from edgeecg.cli.parser import Parser, checked
from edgeecg.client import AlertSubscriber
from edgeecg.io.broker import check_installed as check_broker_installed
from edgeecg.io.broker import free_port
from edgeecg.io.device import SimulatedDevice
from edgeecg.io.ptyline import PtyLine
from edgeecg.io.sources.pace import Pace
from edgeecg.payload.stamped import StampedAlert
from edgeecg.simulate.device import packets
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import AlertState, Priority

SPEED = 8.0
RATE_HZ = 250.0
HEART = Scenario(
    name="demo",
    episodes=(
        Episode(0.0, "normal"),
        Episode(20.0, "vt"),
        Episode(32.0, "normal"),
        Episode(60.0, "af"),
        Episode(130.0, "normal"),
    ),
)
LASTS_S = 285.0
"""Fibrillation is over once it was not seen for a minute, and the model that sees it remembers a minute."""
SEEN_AFTER_S = 12.0
"""How long a person takes, in the heart's time."""
SEEN_BY_OTHERS_S = 40.0
"""With the page there, somebody else may be first."""
NAME = "demo"
PAGE = {
    False: "   a page           not served: make demo DASHBOARD=1 (edgeecg demo --dashboard) serves it at http://127.0.0.1:8137/\n",
    True: "-> a page           http://127.0.0.1:8137/ : look, and acknowledge as nurse or doctor before this program does\n",
}
VTACH, FIBRILLATION = "v-tach", "atrial-fibrillation"


def configure(parser: Parser) -> None:
    """Say how fast."""
    speed = checked(float, "a number from 1 to 20", lambda speed: 1 <= speed <= 20)
    parser.add_argument(
        "--speed", type=speed, help=f"times as fast as a heart, for device and daemon alike (default: {SPEED:g}, with --dashboard 1)"
    )
    parser.add_argument("--dashboard", action="store_true", help="serve the page as well, in the heart's own time: five minutes")


def run(options: argparse.Namespace) -> int:
    """Show it; status 1 where an episode was not told, acknowledged and ended."""
    check_broker_installed()
    if options.dashboard:
        check_installed()
    speed = options.speed or (1.0 if options.dashboard else SPEED)
    with TemporaryDirectory(prefix="edgeecg-demo-") as folder:
        line = PtyLine()
        config = Path(folder) / "edgeecg.toml"
        broker = free_port()
        config.write_text(_settings(Path(folder), line.name, broker), encoding="utf-8")
        print(_opening(line.name, broker, speed) + PAGE[options.dashboard], flush=True)
        command = [
            sys.executable,
            "-m",
            "edgeecg",
            "run",
            "--config",
            str(config),
            "--speed",
            str(speed),
            *["--dashboard"] * options.dashboard,
        ]
        daemon = subprocess.Popen(command)  # noqa: S603 - our own
        try:
            story = Story(speed, SEEN_BY_OTHERS_S if options.dashboard else SEEN_AFTER_S)
            _watch(line, broker, Path(folder), story, lambda: daemon.poll() is None)
        finally:
            daemon.terminate()
            daemon.wait()
            line.close()
    print("\n" + "\n".join(story.closing()) + f"\n\n{DISCLAIMER}")
    return 0 if story.is_told_through(VTACH) and story.is_told_through(FIBRILLATION) else 1


def _settings(folder: Path, port: str, broker: int) -> str:
    return f"""\
[device]
name = "{NAME}"
[state]
folder = "{folder}/state"
[health]
port = 0
[broker]
port = {broker}
[alerts]
receivers = ["{NAME}"]
people = ["{NAME}", "nurse", "doctor"]
log = false
[[sources.serial]]
port = "{port}"
format = "edgeecg"
"""


def _opening(port: str, broker: int, speed: float) -> str:
    return f"""\
a simulated heart  at {port}, a serial line, {speed:g} times as fast as it happens: ventricular tachycardia from 0:20 to 0:32,
                   atrial fibrillation from 1:00 to 2:10
-> the daemon      edgeecg run, its clock as fast: journal, engine, rules, outbox; deadlines are counted in samples
-> a broker        its own, MQTT 5, 127.0.0.1:{broker}
-> a subscriber    this program: it stores, sends receipts, and acknowledges, as a person would
"""


def _watch(line: PtyLine, broker: int, folder: Path, story: "Story", is_there: Callable[[], bool]) -> None:
    """Play the heart once the daemon listens, which first compiles what was not yet, and follow what is told while it is there."""
    stopping, playing = Event(), Event()
    device = Thread(target=_play, args=(line, story.speed, stopping, playing), name="device")
    device.start()
    try:
        with AlertSubscriber(f"mqtt://127.0.0.1:{broker}", name=NAME, store=folder / "subscriber.sqlite") as subscriber:
            while is_there() and not playing.wait(0.2):
                pass
            while is_there() and device.is_alive() and not story.is_over:
                _one(subscriber, story)
            _one(subscriber, story)
    finally:
        stopping.set()
        device.join()


def _one(subscriber: AlertSubscriber, story: "Story") -> None:
    alert = subscriber.take(0.2)
    if alert is not None:
        print("\n".join(story.take(alert)), flush=True)
    for seen in story.to_acknowledge():
        subscriber.acknowledge(seen, by=NAME)
        print(f"        >>> {NAME} acknowledges {seen.alert.rule}", flush=True)


def _play(line: PtyLine, speed: float, stopping: Event, playing: Event) -> None:
    """Be the device, from the moment the host asks who is there."""
    simulation = Simulation(Setup(scenario=HEART, rate_hz=RATE_HZ))
    device = SimulatedDevice(simulation.setup)
    while not stopping.is_set():
        if asked := line.received():
            line.send(device.answer(asked))
            break
        stopping.wait(0.05)
    playing.set()
    pace = Pace(speed, wait=stopping.wait)
    for sent in device.frames(packets(simulation, n_samples=round(LASTS_S * RATE_HZ))):
        if not pace.wait_for(sent.due_s):
            return
        line.send(device.answer(line.received()))
        line.send(sent.data)


@dataclass(slots=True)
class Story:
    """What has been told of each alert."""

    speed: float
    seen_after_s: float = SEEN_AFTER_S
    newest: dict[str, StampedAlert] = field(default_factory=dict)
    told: dict[str, set[AlertState]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    delays_ms: list[float] = field(default_factory=list)
    revisions: int = 0

    def take(self, stamped: StampedAlert) -> list[str]:
        """Take a revision; return it in lines."""
        alert = stamped.alert
        self.newest[alert.alert_id] = stamped
        self.told.setdefault(alert.alert_id, set()).add(alert.state)
        self.revisions += 1
        self.delays_ms.append((stamped.publish_ns - stamped.times.detect_ns) / 1e6 / self.speed)
        lines = [f"{_at(alert.reported_at):>7}  {alert.priority.name.lower():9} {alert.rule} {alert.state.name.lower()}: {alert.text}"]
        if alert.state == AlertState.RAISED:
            said = [f"{one.name} {one.value:.4g} {one.unit}".strip() for one in alert.evidence]
            after_s = max(0, alert.reported_at - alert.onset_sample) / RATE_HZ
            lines.append(
                f"         began {_at(alert.onset_sample)}, told {after_s:.1f} s later; score {alert.score:.2f}, signal quality {alert.quality:.2f}"
            )
            lines.append(f"         rests on {len(alert.beats)} beats" + (f": {', '.join(said)}" if said else ""))
            if alert.model:
                lines.append(
                    f"         model {alert.model} ({alert.model_sha256[:12]}) looked at {alert.looked_len} samples from {_at(alert.looked_from)}"
                )
        return lines

    def to_acknowledge(self) -> list[StampedAlert]:
        """Return what a person would acknowledge now, once they have had the time to look."""
        now = max((one.alert.reported_at for one in self.newest.values()), default=0)
        due = [
            one
            for one in self.newest.values()
            if one.alert.priority >= Priority.LOW
            and one.alert.alert_id not in self.acknowledged
            and one.alert.state != AlertState.CLEARED
            and now - one.alert.onset_sample >= self.seen_after_s * RATE_HZ
            and one.alert.state != AlertState.ACKNOWLEDGED
        ]
        self.acknowledged |= {one.alert.alert_id for one in due}
        return due

    def is_told_through(self, rule: str) -> bool:
        """Say whether an episode was raised and cleared."""
        return any(
            {AlertState.RAISED, AlertState.CLEARED} <= self.told[alert_id]
            for alert_id, one in self.newest.items()
            if one.alert.rule == rule
        )

    @property
    def is_over(self) -> bool:
        """All that was to be shown has been."""
        return self.is_told_through(VTACH) and self.is_told_through(FIBRILLATION)

    def closing(self) -> list[str]:
        """Say what came of it."""
        rows = []
        for alert_id, one in self.newest.items():
            way = " -> ".join(state.name.lower() for state in sorted(self.told[alert_id]))
            rows.append(f"{one.alert.rule:22} {one.alert.priority.name.lower():9} {way}")
        delays = sorted(self.delays_ms)
        middle = f", {delays[len(delays) // 2]:.1f} ms (median) from the engine to the broker" if delays else ""
        return [*rows, f"{self.revisions} revisions of {len(self.newest)} alerts, each received once{middle}"]


def _at(sample: int) -> str:
    return f"{clock(sample / RATE_HZ)}.{int(sample / RATE_HZ * 10) % 10}" if sample >= 0 else "-"
