"""The n-th operation of the file system fails, or is the last before a power cut: for all n, and for scripts nobody thought of."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.errors import JournalError
from edgeecg.journal import Journal, Limits, open_for_append, recover, replay
from edgeecg.journal.publish import Promise
from edgeecg.types import Event, Record
from tests.journal.memory_files import MemoryFiles, PowerCut
from tests.journal.test_journal import HOME, recovered
from tests.journal.toy import CONFIG, ToyEngine, some_records

LIMITS = Limits(size_cap_bytes=1 << 20, segment_bytes=600, keep_segments=2, sync_calls=3)
SCRIPT = "ccs ccccc r cc R cs c o ccr cr tcc t c tc o cc t ct c"
"""c: call, s: sync, r: rotate, R: rotate anew, t: a new segment, and then its snapshot, o: close and open again."""
FOR_EVER = 10**9


@dataclass
class Daemon:
    """Lives as a careful program would: a call that was not written is not fed, and trouble is ended by a rotation."""

    files: MemoryFiles
    rng: random.Random
    engine: ToyEngine = field(default_factory=ToyEngine)
    journal: Journal | None = None
    states: list[int] = field(default_factory=lambda: [1])
    """The engine's after each call that was fed."""
    safe: int = 0
    """Up to which of them nothing may take."""
    attempted: list[tuple[Record, ...]] = field(default_factory=list)
    """Calls that were not fed since the last that was: one may be in the file all the same."""
    given: tuple[tuple[Event, ...], ...] = ()
    promised: tuple[Promise, bytes] | None = None
    closing_failed: bool = False
    refused_calls: int = 0

    def live(self, script: str) -> None:
        for step in script.replace(" ", ""):
            if self.journal is None:
                self._open()
            if self.journal is not None:
                self._step(self.journal, step)
        if self.journal is not None:
            self._step(self.journal, "o")

    def _open(self) -> None:
        try:
            self.journal = open_for_append(HOME, config=CONFIG, limits=LIMITS, files=self.files)
        except JournalError:
            return
        if self.journal.unanswered is not None:  # closing failed
            self.journal.answered(self.given)

    def _step(self, journal: Journal, step: str) -> None:
        try:
            if journal.refusal is not None or self.closing_failed:
                self._rotate(journal, anew=False)
                self.closing_failed = False
            steps = {"c": self._call, "s": self._sync, "r": self._rotate, "t": self._turn_or_take, "o": self._close}
            steps.get(step.lower(), self._call)(journal, step == "R")
        except JournalError:
            self.refused_calls += step == "c"

    def _call(self, journal: Journal, _: object) -> None:
        records = some_records(self.rng)
        self.attempted.append(records)
        journal.append(records)
        self.given = self.engine.feed_many(records)
        self.states.append(self.engine.state)
        self.attempted.clear()
        journal.answered(self.given)

    def _sync(self, journal: Journal, _: object) -> None:
        journal.sync()
        self.safe = len(self.states) - 1

    def _rotate(self, journal: Journal, anew: bool) -> None:
        journal.rotate(self.engine.snapshot(), config=CONFIG, anew=anew)
        self.safe = len(self.states) - 1

    def _turn_or_take(self, journal: Journal, _: object) -> None:
        if self.promised is None:
            snapshot = self.engine.snapshot()
            self.promised = journal.turn(config=CONFIG), snapshot
        else:
            (promise, snapshot), self.promised = self.promised, None
            journal.take(promise, promise.keep([snapshot]))
        self.safe = len(self.states) - 1

    def _close(self, journal: Journal, _: object) -> None:
        self.journal, self.closing_failed = None, True
        journal.close()
        self.closing_failed = False
        self.safe = len(self.states) - 1

    def possible(self, since: int) -> set[int]:
        """States that a recovery may arrive at, if it is to know the first `since` calls."""
        states = set(self.states[since:])
        for records in self.attempted:
            last = ToyEngine()
            last.state = self.states[-1]
            last.feed_many(records)
            states.add(last.state)
        return states


def operations(script: str) -> int:
    files = MemoryFiles()
    Daemon(files, random.Random(1)).live(script)
    return files.operations


def live_with_failure(script: str, how: str, fail_at: int, *, times: int = 1, seed: int = 1) -> Daemon:
    rng = random.Random(seed)
    files = MemoryFiles(fail_at=fail_at, how=how, times=times, choose=rng.randrange)
    daemon = Daemon(files, random.Random(1))
    daemon.live(script)
    return daemon


def check_error(daemon: Daemon) -> None:
    """Whatever failed: what was fed is in the journal, what is in the journal was fed, and life goes on."""
    files = daemon.files.copy()
    state = recovered(files).state
    if daemon.files.times > 1:  # what could neither be written whole nor taken back may be there
        assert state in daemon.possible(len(daemon.states) - 1)
    else:
        assert state == daemon.engine.state
    replay(HOME, ToyEngine, files)
    check_life_goes_on(files, state)


def check_power_cut(script: str, fail_at: int, seed: int) -> None:
    rng = random.Random(seed)
    files = MemoryFiles(fail_at=fail_at, how="cut", choose=rng.randrange)
    daemon = Daemon(files, random.Random(1))
    with pytest.raises(PowerCut):
        daemon.live(script)
    found = files.after_power_cut()
    state = recovered(found).state
    assert state in daemon.possible(daemon.safe)
    replay(HOME, ToyEngine, found)
    check_life_goes_on(found, state)


def check_life_goes_on(files: MemoryFiles, state: int) -> None:
    report = recover(HOME, files)[2]
    engine = recovered(files)
    assert engine.state == state
    with open_for_append(HOME, config=CONFIG, limits=LIMITS, files=files) as journal:
        if journal.unanswered is not None:
            assert report.unanswered == journal.unanswered
            *_, last = recover(HOME, files)[1]
            before = engine_before_last(files)
            journal.answered(before.feed_many(last.records))
        for _ in range(2):
            for seed in range(3):
                records = some_records(random.Random(seed))
                journal.append(records)
                journal.answered(engine.feed_many(records))
            journal.rotate(engine.snapshot(), config=CONFIG)
    assert recovered(files).state == engine.state
    replay(HOME, ToyEngine, files)
    assert not [name for name in files.sizes(HOME) if name.endswith(".tmp")]


def engine_before_last(files: MemoryFiles) -> ToyEngine:
    snapshot, entries, report = recover(HOME, files)
    engine = ToyEngine()
    if snapshot is not None:
        engine.restore(snapshot)
    for _, entry in zip(range(report.calls - 1), entries, strict=False):
        engine.feed_many(entry.records)
    return engine


def test_the_script_meets_every_operation() -> None:
    files = MemoryFiles()
    daemon = Daemon(files, random.Random(1))
    daemon.live(SCRIPT)
    assert {"open", "append", "fsync", "rename", "delete", "fsync_folder", "close"} <= set(files.log)
    assert daemon.refused_calls == 0
    check_error(daemon)


@pytest.mark.parametrize("times", [1, 2, 3, FOR_EVER])
@pytest.mark.parametrize("how", ["before", "after"])
def test_every_operation_fails_in_turn(how: str, times: int) -> None:
    for fail_at in range(operations(SCRIPT)):
        for seed in range(2):
            daemon = live_with_failure(SCRIPT, how, fail_at, times=times, seed=seed)
            assert daemon.refused_calls <= times
            check_error(daemon)


def test_a_power_cut_at_every_operation() -> None:
    for fail_at in range(operations(SCRIPT)):
        for seed in range(8):
            check_power_cut(SCRIPT, fail_at, seed)


@given(st.text("ccccsrRott", max_size=40), st.data())
def test_any_script_any_failure(script: str, data: st.DataObject) -> None:
    count = operations(script)
    if not count:
        return
    fail_at, seed = data.draw(st.integers(0, count - 1)), data.draw(st.integers(0, 2**32))
    check_power_cut(script, fail_at, seed)
    how, times = data.draw(st.sampled_from(("before", "after"))), data.draw(st.sampled_from((1, 2, 3, FOR_EVER)))
    check_error(live_with_failure(script, how, fail_at, times=times, seed=seed))


def check_power_cut_after_failure(script: str, how: str, fail_at: int, seed: int) -> None:
    daemon = live_with_failure(script, how, fail_at, seed=seed)
    found = daemon.files.after_power_cut()
    state = recovered(found).state
    assert state in daemon.possible(daemon.safe)
    check_life_goes_on(found, state)


@pytest.mark.parametrize("script", ["cscscs", "csocsc", "crcscs", "ccccccs", "crcrcs", "ctcstcs"])
def test_a_failed_sync_loses_in_silence_what_it_was_for_and_nothing_leans_on_it(script: str) -> None:
    for fail_at in range(operations(script)):
        for how in ("before", "after"):
            for seed in range(4):
                check_power_cut_after_failure(script, how, fail_at, seed)


@given(st.text("cccsrotct", min_size=4, max_size=30), st.data())
def test_a_power_cut_after_any_failure(script: str, data: st.DataObject) -> None:
    fail_at, seed = data.draw(st.integers(0, operations(script) - 1)), data.draw(st.integers(0, 2**32))
    check_power_cut_after_failure(script, data.draw(st.sampled_from(("before", "after"))), fail_at, seed)
