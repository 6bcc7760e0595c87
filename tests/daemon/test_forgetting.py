"""Devices come and go for months: of who has been away for a day nothing is kept, and who comes again begins anew."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from edgeecg.daemon.worker import LOOK_EVERY_NS
from edgeecg.facts import StreamFacts
from edgeecg.io.sources.intake import FORGET_AFTER_NS
from edgeecg.io.sources.items import ECG, Announced, Item
from edgeecg.journal import read
from edgeecg.types import Alert, AlertState, Chunk, SourceChange, SourceState, Tick
from tests.daemon.rehearsal import Running, running
from tests.daemon.reloading import events_of
from tests.ports import free_port

pytest.importorskip("iotcore")
RATE_HZ = 250
EPOCH = 7
"""A source's own, drawn once for all it opens."""


def settings(folder: Path, port: int) -> str:
    return f'[state]\nfolder = "{folder}"\n[broker]\nport = {port}\n[health]\nport = 0\n[models]\nuse = []\n'


class Visits:
    """Pushes what a source would, at times that are ahead of the daemon's clock."""

    def __init__(self, daemon: Running) -> None:
        self.daemon, self._queue = daemon, daemon.app.inbox.queue
        self.now_ns = daemon.clock.now_ns() + LOOK_EVERY_NS
        self._ticks = count(1)

    def visit(self, name: str) -> None:
        """A lead off for three seconds, which is an alert, and away again."""
        samples = np.full(3 * RATE_HZ, np.nan)
        items: list[Item] = [
            Announced(name, ECG, StreamFacts(name=name, rate_hz=RATE_HZ)),
            SourceState(name, SourceChange.OPENED, self.now_ns, epoch=EPOCH),
            Chunk(name, samples, self.now_ns),
            SourceState(name, SourceChange.LOST, self.now_ns),
        ]
        self._queue.push_all(items)
        self.tick(0)

    def tick(self, later_ns: int) -> None:
        self.now_ns += later_ns
        self._queue.push(Tick(self.now_ns))
        self.daemon.until(lambda app: app.inbox.queue.n_waiting == 0, "all to be taken")


def streams_of(daemon: Running) -> list[str]:
    return [facts.name for facts in daemon.app.keeper.engine.config.streams]


def test_who_was_away_for_a_day_is_forgotten_with_its_alerts_closed_and_comes_again_as_another(tmp_path: Path) -> None:
    text = settings(tmp_path, free_port())
    with running(lambda: text) as daemon:
        visits = Visits(daemon)
        visits.visit("a/ecg")
        visits.tick(FORGET_AFTER_NS - LOOK_EVERY_NS)
        assert streams_of(daemon) == ["a/ecg"]
        visits.tick(2 * LOOK_EVERY_NS)
        daemon.until(lambda _: streams_of(daemon) == [], "the stream to be forgotten")
        visits.visit("a/ecg")
        daemon.until(lambda _: streams_of(daemon) == ["a/ecg"], "it to come again")
    told = [event for event in events_of(tmp_path) if isinstance(event, Alert) and event.rule == "lead-off"]
    assert [alert.state for alert in told] == [AlertState.RAISED, AlertState.CLEARED, AlertState.RAISED]
    assert told[0].alert_id != told[2].alert_id, "samples are counted from 0 again"
    with running(lambda: text) as daemon:
        assert daemon.app.keeper.recovery.differing == 0
        assert streams_of(daemon) == ["a/ecg"]


def test_a_daemon_that_many_have_visited_is_no_larger_than_one_that_few_have(tmp_path: Path) -> None:
    text = settings(tmp_path, free_port())
    with running(lambda: text) as daemon:
        visits, sizes = Visits(daemon), []
        for day in range(6):
            for i in range(4):
                visits.visit(f"{day}-{i}/ecg")
            visits.tick(FORGET_AFTER_NS + 2 * LOOK_EVERY_NS)
            daemon.until(lambda app: streams_of(daemon) == [] and not app.outbox.active(), "all of them to be forgotten")
            sizes.append(len(daemon.app.keeper.engine.snapshot()))
        assert daemon.app.numbers.events.value("Refused") == 0
    assert len(set(sizes)) == 1
    records = [record for entry in read(tmp_path / "journal") for record in entry.records]
    opened = [record.epoch for record in records if isinstance(record, SourceState) and record.change == SourceChange.OPENED]
    assert len(set(opened)) == len(opened) > 4
