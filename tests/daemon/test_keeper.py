"""Written down before it runs: kills, power cuts and a disk that fails, at every operation there is."""

from collections.abc import Callable

import pytest

from edgeecg.daemon.keeper import Keeper
from edgeecg.encoding import RULES
from edgeecg.errors import EdgeEcgError, JournalError
from tests.daemon.faulty import CONFIG, LIMITS, AlertingToy, Case, Life, input_of, outcomes, unfaulted
from tests.journal.memory_files import MemoryFiles
from tests.journal.test_journal import HOME

CALLS = input_of(60)
CASE = Case(CONFIG, LIMITS, AlertingToy, CALLS)
ALERTS, OPERATIONS = unfaulted(CASE)


def keeper_on(files: MemoryFiles, make_engine: type[AlertingToy] = AlertingToy, doubt: EdgeEcgError | None = None) -> Keeper[AlertingToy]:
    return Keeper(HOME, CONFIG, told=lambda _records, _given: None, make_engine=make_engine, doubt=doubt, limits=LIMITS, files=files)


def test_the_run_raises_enough_alerts_to_lose_some() -> None:
    assert len(ALERTS) > 30
    assert OPERATIONS > 120


@pytest.mark.parametrize("end_after", range(0, 60, 7))
def test_a_kill_loses_nothing_and_repeats_nothing_else(end_after: int) -> None:
    life = Life(CASE)
    life.live(end_after=end_after)
    life.files.handles.clear()  # the process is gone, the system's cache is not
    life.live()
    assert set(life.outbox) == ALERTS


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("times", [1, 25])
def test_an_operation_that_fails_stops_no_alert(how: str, times: int) -> None:
    for n, life in outcomes(CASE, how, range(OPERATIONS), times=times):
        assert set(life.outbox) == ALERTS, n


def test_a_power_cut_at_any_operation_loses_no_alert_that_was_put() -> None:
    for n, life in outcomes(CASE, "cut", range(OPERATIONS)):
        assert set(life.outbox) == ALERTS, n


def test_the_journal_catches_up_once_the_disk_writes_again() -> None:
    files = MemoryFiles()
    keeper = keeper_on(files)
    files.fail_at, files.times = files.operations, 4  # the write, and taking it back; the snapshot, twice
    keeper.feed(CALLS[0])
    assert keeper.trouble is not None
    assert keeper.wants_rotation
    assert [keeper.rotate() for _ in range(3)] == [False, False, True]
    assert [keeper.rotated() for _ in range(2)] == [True, False]
    assert (keeper.is_behind, keeper.wants_rotation) == (False, False)
    keeper.feed(CALLS[1])
    keeper.close()
    again = keeper_on(files)
    assert again.engine.snapshot() == keeper.engine.snapshot()


def test_snapshots_come_to_the_disk_while_the_engine_goes_on() -> None:
    life = Life(CASE)
    life.live()
    assert life.rotated >= 3
    assert len([name for name in life.files.sizes(HOME) if name.endswith(".snapshot")]) == LIMITS.keep_segments


def test_a_snapshot_that_cannot_be_written_is_said_and_the_journal_goes_on_without_it() -> None:
    files, jobs = MemoryFiles(), list[Callable[[], None]]()
    keeper = Keeper(
        HOME, CONFIG, told=lambda _records, _given: None, make_engine=AlertingToy, limits=LIMITS, files=files, meanwhile=jobs.append
    )
    keeper.feed(CALLS[0])
    assert keeper.rotate()
    keeper.feed(CALLS[1])
    assert (keeper.is_writing, keeper.rotated()) == (True, False)
    files.fail_at = files.operations + 2  # opened, emptied, and no room for it
    jobs.pop()()
    assert (keeper.rotated(), keeper.is_writing, keeper.is_behind) == (False, False, False)
    assert "No space left" in str(keeper.snapshot_trouble) or "told to fail" in str(keeper.snapshot_trouble)
    assert not [name for name in files.sizes(HOME) if name.endswith(".tmp")]
    keeper.feed(CALLS[2])
    assert keeper.rotate()
    jobs.pop()()
    assert (keeper.rotated(), keeper.snapshot_trouble) == (True, None)
    keeper.feed(CALLS[3])
    keeper.close()
    again = keeper_on(files)
    assert again.recovery.calls == 1
    assert again.engine.snapshot() == keeper.engine.snapshot()


def test_a_fault_of_the_program_while_a_snapshot_is_written_ends_the_engine_thread() -> None:
    class Faulty(AlertingToy):
        def frozen(self) -> Callable[[], list[bytes]]:
            def parts() -> list[bytes]:
                raise ZeroDivisionError

            return parts

    jobs = list[Callable[[], None]]()
    keeper = Keeper(
        HOME, CONFIG, told=lambda _records, _given: None, make_engine=Faulty, limits=LIMITS, files=MemoryFiles(), meanwhile=jobs.append
    )
    assert keeper.rotate()
    with pytest.raises(ZeroDivisionError):
        jobs.pop()()
    with pytest.raises(RuntimeError, match="snapshot"):
        keeper.rotated()


def test_a_journal_of_another_version_is_begun_anew_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    files = MemoryFiles()
    keeper = keeper_on(files)
    keeper.feed(CALLS[0])
    keeper.close()
    monkeypatch.setattr("edgeecg.journal.segment.SCHEMA", RULES + 1)
    again = keeper_on(files)
    assert again.recovery.loss is not None
    assert again.recovery.is_new
    assert "schema" in str(again.recovery.loss)
    assert again.rotate()
    again.feed(CALLS[1])
    again.close()
    third = keeper_on(files)
    assert third.recovery.loss is None
    assert third.engine.snapshot() == again.engine.snapshot()


class LaterVersion(AlertingToy):
    revision = 2


def written(files: MemoryFiles) -> None:
    keeper = keeper_on(files)
    for call in CALLS[:20]:
        keeper.feed(call)
    keeper.close()


def begins_anew(files: MemoryFiles, again: Keeper[AlertingToy]) -> str:
    """Return why; it knows nothing of before, and so it is written down."""
    assert again.recovery.is_new
    assert again.engine.fed == 0
    assert again.rotate()
    again.feed(CALLS[20])
    again.close()
    third = keeper_on(files, make_engine=type(again.engine))
    assert (third.recovery.loss, third.recovery.is_new) == (None, False)
    assert third.engine.fed == len(CALLS[20])
    return str(again.recovery.loss)


def test_an_engine_that_answers_otherwise_than_before_begins_anew() -> None:
    files = MemoryFiles()
    written(files)
    assert "give other events" in begins_anew(files, keeper_on(files, make_engine=LaterVersion))


def test_an_engine_begins_anew_where_more_was_told_than_is_written() -> None:
    files = MemoryFiles()
    written(files)
    doubt = JournalError("journal", "less than was told", "all of it")
    assert begins_anew(files, keeper_on(files, doubt=doubt)) == str(doubt)


def test_an_engine_begins_anew_behind_damage() -> None:
    files = MemoryFiles()
    written(files)
    files.names[HOME / "0000000001.journal"].data[1000] ^= 1
    assert "damaged" in begins_anew(files, keeper_on(files))
