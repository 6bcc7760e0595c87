"""SIGHUP again and again while samples come, settings right and wrong in turn: what was taken, what was refused, what was lost."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeecg.daemon.app import App
from edgeecg.engine import Engine
from edgeecg.journal import read, replay
from edgeecg.types import Chunk, ConfigChange, Event, Gap, Refused
from tests.daemon.rehearsal import playing, running, settings_text
from tests.ports import free_port

LOW_RATES = (40.0, 45.0)
CHUNKS_BETWEEN = 5


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What became of it."""

    taken: int
    refused: int
    chunks: int
    gaps: int
    """Frames are numbered: one that is missing is a gap."""
    refused_records: int
    limits_seen: frozenset[float]
    """What the rule about slow hearts had for a limit, in turn."""


def fed(app: App, kind: str) -> float:
    return app.numbers.records.value(kind)


def reloads(app: App) -> tuple[int, int]:
    return int(app.numbers.reloads.value("taken")), int(app.numbers.reloads.value("refused"))


def events_of(folder: Path) -> list[Event]:
    """Everything an engine gives to what the journal holds."""
    events: list[Event] = []

    class Listening(Engine):
        __slots__ = ()

        def feed_many(self, records):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the engine's own
            given = super().feed_many(records)
            events.extend(event for each in given for event in each)
            return given

    replay(folder / "journal", Listening)
    return events


def texts_of(folder: Path, port: str) -> Sequence[str]:
    """Right and wrong settings, in turn; wrong in two ways."""
    broker = free_port()
    right = [settings_text(folder, port, broker, f"[limits]\nlow_rate = {rate}\n") for rate in LOW_RATES]
    return right[0], "[limits]\nlow_rate = 'slow'", right[1], right[0] + "[[sources.serial]]\nport = '/x'\nformat = 'klingon'\n"


def reloaded(times: int, folder: Path, *, speed: float, say: Callable[[int], None] = lambda _: None) -> Reloaded:
    """Send SIGHUP so often, every other time with settings that are wrong, and always while samples come."""
    with playing("normal", speed=speed) as device:
        texts = texts_of(folder, device.port)
        current = [texts[0]]
        with running(lambda: current[0], speed=speed) as daemon:
            for n in range(1, times + 1):
                before = fed(daemon.app, "Chunk")
                daemon.until(lambda app, before=before: fed(app, "Chunk") > before + CHUNKS_BETWEEN, "samples between two changes")  # type: ignore[misc]
                current[0] = texts[n % len(texts)]
                daemon.tell(signal.SIGHUP)
                daemon.until(lambda app, n=n: sum(reloads(app)) == n, "the change")  # type: ignore[misc]
                say(n)
            taken, refused = reloads(daemon.app)
        events = events_of(folder)
        changes = [record for entry in read(folder / "journal") for record in entry.records if isinstance(record, ConfigChange)]
        return Reloaded(
            taken=taken,
            refused=refused,
            chunks=sum(isinstance(record, Chunk) for entry in read(folder / "journal") for record in entry.records),
            gaps=sum(isinstance(event, Gap) for event in events),
            refused_records=sum(isinstance(event, Refused) for event in events),
            limits_seen=frozenset(rule.limit for change in changes for rule in change.config.rules if rule.name == "bradycardia"),
        )
