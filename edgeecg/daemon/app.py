"""One daemon, from its start to its end: everything wired, nothing decided."""

import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from edgeecg.config import Settings
from edgeecg.config.settings import JournalSettings
from edgeecg.daemon import orphans, systemd
from edgeecg.daemon.aloud import Aloud
from edgeecg.daemon.classifiers import Classifiers
from edgeecg.daemon.clock import is_synchronised
from edgeecg.daemon.decided import Decided
from edgeecg.daemon.ears import Ears, draw_epoch
from edgeecg.daemon.health import HealthServer
from edgeecg.daemon.keeper import Keeper
from edgeecg.daemon.live import Live
from edgeecg.daemon.metrics import Asked
from edgeecg.daemon.numbers import Numbers
from edgeecg.daemon.passed import Passed
from edgeecg.daemon.sending import Sending, names_of, outbox_limits
from edgeecg.daemon.snippets import Snippets
from edgeecg.daemon.watch import Watch
from edgeecg.daemon.worker import Worker
from edgeecg.engine import Engine
from edgeecg.errors import EdgeEcgError, JournalError
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.sources.items import ClockAnswer, Lagging, Line, Notice
from edgeecg.io.sources.reception import Reception
from edgeecg.journal import Limits
from edgeecg.types import Acknowledge, ConfigChange, SourceChange, SourceState, Tick

log: Final = logging.getLogger("edgeecg")

TICK_S: Final = 1.0
DRAIN_S: Final = 5.0
HANDOVER_S: Final = 1.0
"""How long who sends alerts may go on doing so when another takes its place."""
ACKNOWLEDGE_S: Final = 0.5
"""How long who sends alerts waits for a person's word to be written down."""
SWAPPED: Final = frozenset({"sources", "streams", "rules", "limits", "mqtt", "alerts", "models"})
"""What SIGHUP changes in a daemon that runs; the rest waits for the next start, and that is said."""
NOT_SWAPPED: Final = ("names_key_file", "names_key_credential", "log", "file")
"""What of alerts waits, too."""

NextSignal = Callable[[float], int | None]


class App:
    """A daemon made of settings, around what listens to its devices already. The settings are read again at SIGHUP."""

    def __init__(self, ears: Ears, classifiers: Classifiers) -> None:
        """Open what outlives the process, and feed the engine what a kill left; nothing runs yet but what `ears` does."""
        clock, settings, folder = ears.clock, ears.settings, ears.folder
        self._ears, self._clock, self._classifiers, self.settings = ears, clock, classifiers, settings
        self.inbox, self.sources = ears.inbox, ears.sources
        self.numbers = Numbers(clock)
        names = names_of(settings)
        device = names.device(settings.device.name)
        self.outbox = Outbox(folder / "outbox.sqlite", outbox_limits(settings))
        self._decided = Decided(clock, self.numbers, self.outbox, device=device, names=names, classifiers=classifiers)
        self.keeper = self._recovered(folder / "journal")
        self._decided.show(Snippets(settings.alerts.snippet_s, self.keeper.engine.next_sample), self.keeper.engine.config)
        clock.begin_after(self.keeper.recovery.last_ns)
        self._decided.is_ahead = lambda: self.keeper.is_behind
        if self.keeper.recovery.is_new:
            self._begin_anew()
        self._passed = Passed(self.outbox)
        self._worker = self._made_worker()
        self._watch = Watch(clock, settings.health.probe_limit_s)
        self._sink = Sending(settings, self.outbox, clock, device=device, acknowledge=self.acknowledge_for_good)
        self._aloud = Aloud(settings.alerts, folder)
        self._decided.put, self._decided.said = self._sink.wake, self._aloud.hear
        self.numbers.ask(*self._asked())
        self.live = Live(
            settings,
            clock,
            engine=self.keeper.engine,
            outbox=self.outbox,
            names=names,
            troubles=self.troubles,
            acknowledge=self.acknowledge,
        )
        self._decided.heard = self.live.hear
        self.health = HealthServer(settings.health.port, self.numbers.text, self.troubles) if settings.health.port else None
        self._lagging: dict[str, str] = {}
        self._lines_down: dict[str, str] = {}
        self._revived = ""
        self._is_synchronised = False

    def _recovered(self, folder: Path) -> Keeper[Engine]:
        config = self.settings.engine(self._classifiers.facts)
        self._decided.configure(config)
        keeper = Keeper(
            folder,
            config,
            told=self._decided,
            make_engine=Engine,
            doubt=JournalError("journal", "less than was told", "all of it: the disk did not take it") if self.outbox.is_ahead else None,
            limits=journal_limits(self.settings.journal),
            lap=self.numbers.lap,
        )
        self._decided.configure(keeper.engine.config)
        self._decided.is_replaying = False
        found = keeper.recovery
        log.info("journal: %d calls fed again, %d windows wait", found.calls, len(found.waiting))
        if found.loss is not None:
            log.error("journal: what was before is not gone on from: %s", found.loss)
        return keeper

    def _begin_anew(self) -> None:
        """Say that what was told before is over, and give the engine's own alerts ids that were never given; a kill on the way repeats it."""
        latching = {rule.name for rule in self.keeper.engine.config.rules if rule.latch}
        over = orphans.left_behind(self.outbox.active(), latching, self._clock.wall_ns(self._clock.now_ns()))
        for alert in (one.alert for one in over):
            log.warning(
                "alert %s (%s of %r) is over: the engine began anew, and does not know it", alert.alert_id, alert.rule, alert.stream
            )
        self.outbox.put(over, is_ahead=self.keeper.is_behind)
        self.keeper.feed([SourceState("", SourceChange.OPENED, self._clock.now_ns(), epoch=draw_epoch())])
        if not self.keeper.is_behind or self.keeper.rotate():
            self.outbox.caught_up()

    def _made_worker(self) -> Worker:
        engine, settings = self.keeper.engine, self.settings
        described = frozenset(facts.name for facts in settings.streams)
        reception = Reception(engine.config, described=described)
        change = reception.redescribed(settings.engine(self._classifiers.facts))
        if change.config != engine.config:
            self.keeper.feed([change])
        return Worker(
            self.inbox,
            self.keeper,
            reception,
            self._clock,
            numbers=self.numbers,
            draw_epoch=draw_epoch,
            passed=self._passed_engine,
            noticed=self._noticed,
            may_rotate=self._passed.may_snapshot,
            rotated=self._rotated,
            snapshot_every_s=settings.journal.snapshot_every_s,
        )

    # --- from start to stop -------------------------------------------------------------------------------------------

    def run(self, next_signal: NextSignal) -> None:
        """Run until told to stop. `next_signal` waits so many seconds for one."""
        self.start()
        try:
            due_s = self._clock.real_s()
            while True:
                told = next_signal(max(0.0, due_s - self._clock.real_s()))
                if told in {signal.SIGTERM, signal.SIGINT}:
                    return
                if told == signal.SIGHUP:
                    self.reload()
                if self._clock.real_s() >= due_s:
                    self.tick()
                    due_s += TICK_S / self._clock.speed
        finally:
            self.stop()

    def start(self) -> None:
        """Begin: who sends alerts first, who makes them last."""
        self._sink.start()
        if self.health is not None:
            self.health.start()
        self.live.start()
        engine = self.keeper.engine
        rates_hz = {facts.name: facts.rate_hz for facts in engine.config.streams}
        self._classifiers.start(self.inbox.order, rates_hz, hop_factor=engine.hop_factor)
        self.inbox.order(self._classifiers.states)
        for window in self.keeper.recovery.waiting:
            self._classifiers.submit(window, self.keeper.recovery.last_ns)
        self._worker.start()
        self._ears.listen()
        systemd.notify(systemd.READY)
        log.info("ready: state in %s", self.settings.state.path())

    def tick(self) -> None:
        """Send the time on its way through everything, as a probe; see to the wall's clock."""
        if not self._worker.is_alive:
            raise RuntimeError("the engine's thread has ended") from self._worker.failure
        self.inbox.queue.push(Tick(self._clock.now_ns()))
        for sentence in self._sink.notices():
            log.info("%s", sentence)
        self._aloud.say()
        is_open = {"", *self._worker.open_streams()}
        self._lagging = {stream: how for stream, how in self._lagging.items() if stream in is_open}
        revived = self._sink.revive()
        if revived and revived != self._revived:
            log.error("%s", revived)
        self._revived = revived
        if self._clock.was_set():
            self._clock.note_wall()
            log.warning("the clock was set: alerts tell its time from now on")
        if not self._is_synchronised and is_synchronised():
            self._is_synchronised = self._decided.is_synchronised = True
            self._clock.note_wall()
            self.numbers.synchronised.set(1)
            now_ns = self._clock.now_ns()
            self.inbox.order([SourceState(name, SourceChange.CLOCK_SYNCHRONISED, now_ns) for name in self._worker.open_streams()])

    def reload(self) -> bool:
        """Read the settings again, and take them if all of them can be taken; else nothing changes."""
        try:
            settings = self._ears.load()
            models = self._classifiers.others(settings.models) if settings.models != self.settings.models else None
            config = settings.engine((models or self._classifiers).facts)
            prepared = self.sources.prepare(settings.sources)
            sending = self._sink.prepare(settings)
        except EdgeEcgError as refusal:
            self.numbers.reloads.add(1, "refused")
            log.error("settings are kept as they are: %s", refusal)  # noqa: TRY400 - a person reads this, no stack
            return False
        for name in waits_for_start(self.settings, settings):
            log.warning("settings: %s counts from the next start on", name)
        if settings.alerts.snippet_s != self.settings.alerts.snippet_s:
            self._decided.show(Snippets(settings.alerts.snippet_s, self.keeper.engine.next_sample), config)
        if models is not None:
            self._classifiers.become(models, self._decided.rates_hz, hop_factor=self.keeper.engine.hop_factor)
        self.inbox.order([ConfigChange(config), *(models.states if models is not None else ())])
        self.sources.swap(prepared)
        if sending is not None:
            self._sink.swap(sending, settings, HANDOVER_S)
        self.settings = settings
        self.numbers.reloads.add(1, "taken")
        log.info("settings are taken")
        return True

    def stop(self) -> None:
        """Take in what was sent, decide it, send what it gave: within five seconds; what is not sent then is in the outbox."""
        systemd.notify(systemd.STOPPING)
        end_s = self._clock.real_s() + DRAIN_S
        self.sources.stop()
        self._classifiers.stop()
        self.live.stop()
        if self._worker.stop(max(0.0, end_s - self._clock.real_s() - 1.0)):
            self.keeper.close()
        self._sink.stop(max(0.1, end_s - self._clock.real_s()))
        self.outbox.close()
        self._aloud.close()
        if self.health is not None:
            self.health.stop()

    # --- what comes back ----------------------------------------------------------------------------------------------

    def acknowledge(self, alert_id: str, by: str) -> None:
        """A person has seen an alert."""
        self.inbox.order([Acknowledge(alert_id, by)])

    def acknowledge_for_good(self, alert_id: str, by: str) -> None:
        """Have it in the journal, but for an engine that is very busy, before the broker is told that we have it."""
        record = Acknowledge(alert_id, by)
        written = self._decided.awaits(record)
        self.inbox.order([record])
        if not written.wait(ACKNOWLEDGE_S):
            log.warning("acknowledgement of %s by %s: not in the journal after %g s, and still to come", alert_id, by, ACKNOWLEDGE_S)

    def troubles(self) -> Sequence[str]:
        """Say what is wrong now."""
        keeper = self.keeper.trouble
        found = [
            "" if self._worker.is_alive else "engine: its thread has ended",
            f"journal: {keeper}" if keeper is not None else "",
            f"journal: {self.keeper.snapshot_trouble}" if self.keeper.snapshot_trouble is not None else "",
            "" if self.outbox.is_durable else "outbox: the disk does not take alerts",
            self._sink.trouble,
            self._watch.trouble(),
            self.live.trouble,
            *self._lines_down.values(),
            *self._lagging.values(),
        ]
        return [trouble for trouble in found if trouble]

    def _asked(self) -> tuple[Asked, ...]:
        """Return what is measured whenever somebody looks."""
        stored = self.outbox.counters
        return (
            Asked("edgeecg_journal_behind", "1: what is fed now is not written down.", lambda: self.keeper.is_behind),
            Asked("edgeecg_outbox_waiting", "Revisions of alerts that nobody has received.", lambda: stored().n_waiting),
            Asked("edgeecg_outbox_bytes", "What they take on disk.", lambda: stored().n_bytes),
            Asked(
                "edgeecg_outbox_unstored", "Revisions that only the memory holds: the disk did not take them.", lambda: stored().n_unstored
            ),
            Asked("edgeecg_outbox_given_up", "Alerts given up for want of room, since the start.", lambda: stored().lost.n_alerts),
        )

    def _passed_engine(self, tick_ns: int) -> None:
        self.outbox.flush()
        self._sink.probe(lambda: self._watch.came_through(tick_ns))

    def _rotated(self) -> None:
        self.numbers.rotations.add()
        self.outbox.caught_up()
        self._passed.snapshot_came()

    def _noticed(self, notice: Notice) -> None:
        self.numbers.notices.add(1, type(notice).__name__)
        if isinstance(notice, Line):
            self.numbers.line_up.set(notice.is_up, notice.where)
            self._lines_down.pop(notice.where, None)
            if not notice.is_up:
                self._lines_down[notice.where] = str(notice)
        elif isinstance(notice, Lagging):
            self._lagging.pop(notice.stream, None)
            if not notice.is_over:
                self._lagging[notice.stream] = str(notice)
        log.log(logging.DEBUG if isinstance(notice, ClockAnswer) else logging.INFO, "%s", notice)  # those come every ten seconds


def waits_for_start(before: Settings, after: Settings) -> list[str]:
    """Name what differs and is not changed in a daemon that runs."""
    names = [f"alerts.{name}" for name in NOT_SWAPPED if getattr(before.alerts, name) != getattr(after.alerts, name)]
    for section in (field.name for field in fields(Settings) if field.name not in SWAPPED):
        was, will_be = getattr(before, section), getattr(after, section)
        names += [f"{section}.{field.name}" for field in fields(was) if getattr(was, field.name) != getattr(will_be, field.name)]
    return names


def journal_limits(settings: JournalSettings) -> Limits:
    """Return the journal's limits in its own units."""
    return Limits(
        size_cap_bytes=round(settings.size_cap_mib * 2**20),
        segment_bytes=round(settings.segment_mib * 2**20),
        keep_segments=settings.keep_segments,
        sync_bytes=round(settings.sync_kib * 1024),
        sync_calls=settings.sync_calls,
    )
