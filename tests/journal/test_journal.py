"""What a journal keeps when nothing fails, and what it says when its files are not what they were."""

import random
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

import pytest

from edgeecg.encoding import encode_all
from edgeecg.errors import ConfigError, JournalError
from edgeecg.facts import EngineConfig
from edgeecg.journal import DISK, Entry, Journal, Limits, open_for_append, read, recover, replay
from edgeecg.journal.reader import segment_name, snapshot_name
from edgeecg.journal.segment import ANSWERS, NO_SNAPSHOT, RECORDS, Header, answers_of, entry_bytes, parse, salt_of
from edgeecg.types import Event, Record, Tick, WindowExpired
from tests.journal.memory_files import MemoryFiles
from tests.journal.toy import CONFIG, ToyEngine, some_records

HOME = Path("/journal")
Calls = list[tuple[Record, ...]]


def some_calls(count: int, seed: int = 0) -> Calls:
    rng = random.Random(seed)
    return [some_records(rng) for _ in range(count)]


def feed(journal: Journal, engine: ToyEngine, calls: Iterable[tuple[Record, ...]]) -> None:
    for records in calls:
        journal.append(records)
        journal.answered(engine.feed_many(records))


def recorded(files: MemoryFiles, calls: Calls, *, rotate_after: Iterable[int] = (), limits: Limits | None = None) -> ToyEngine:
    engine = ToyEngine()
    with open_for_append(HOME, config=CONFIG, limits=limits, files=files) as journal:
        for number, records in enumerate(calls):
            feed(journal, engine, [records])
            if number in rotate_after:
                journal.rotate(engine.snapshot(), config=CONFIG)
    return engine


def recovered(files: MemoryFiles) -> ToyEngine:
    snapshot, entries, _ = recover(HOME, files)
    engine = ToyEngine()
    if snapshot is not None:
        engine.restore(snapshot)
    for entry in entries:
        engine.feed_many(entry.records)
    return engine


def spelled(entries: Iterable[Entry]) -> list[bytes]:
    return [encode_all(entry.records) for entry in entries]


def change(files: MemoryFiles, name: str, data: bytes) -> MemoryFiles:
    files.names[HOME / name].data[:] = data
    return files


def bytes_of(files: MemoryFiles, name: str) -> bytes:
    return files.read(HOME / name)


def test_what_went_in_comes_out_with_what_it_gave() -> None:
    files, calls, engine = MemoryFiles(), some_calls(20), ToyEngine()
    recorded(files, calls)
    entries = list(read(HOME, files))
    assert spelled(entries) == list(map(encode_all, calls))
    assert [entry.call for entry in entries] == list(range(20))
    assert [entry.answers for entry in entries] == [answers_of(engine.feed_many(records)) for records in calls]
    assert any(entry.answers for entry in entries)


def test_an_empty_folder_is_an_empty_journal() -> None:
    snapshot, entries, report = recover(HOME, MemoryFiles())
    assert (snapshot, list(entries), report.last_segment, report.damage) == (None, [], 0, None)
    assert list(read(HOME, MemoryFiles())) == []
    assert replay(HOME, ToyEngine, MemoryFiles()).calls == 0


def test_inputs_are_there_before_the_engine_runs_and_one_write_takes_a_call() -> None:
    files, engine = MemoryFiles(), ToyEngine()
    journal = open_for_append(HOME, config=CONFIG, files=files)
    files.log.clear()
    for number, records in enumerate(some_calls(5)):
        journal.append(records)
        assert len(list(read(HOME, files))) == number + 1
        journal.answered(engine.feed_many(records))
    assert files.log == ["append"] * 5


def test_the_journal_goes_on_where_it_was_closed() -> None:
    files, calls, engine = MemoryFiles(), some_calls(12), ToyEngine()
    for start in range(0, 12, 4):
        with open_for_append(HOME, config=CONFIG, files=files) as journal:
            feed(journal, engine, calls[start : start + 4])
    assert spelled(read(HOME, files)) == list(map(encode_all, calls))
    assert replay(HOME, ToyEngine, files).calls == 12


def test_a_call_that_was_not_answered_is_answered_first() -> None:
    files, calls, engine = MemoryFiles(), some_calls(4), ToyEngine()
    journal = open_for_append(HOME, config=CONFIG, files=files)
    feed(journal, engine, calls[:2])
    journal.append(calls[2])
    with pytest.raises(JournalError, match="answered"):
        journal.append(calls[3])
    with pytest.raises(JournalError, match="answered"):
        journal.rotate(engine.snapshot(), config=CONFIG)
    crashed = files.copy()
    assert recover(HOME, crashed)[2].unanswered == len(calls[2])
    again = open_for_append(HOME, config=CONFIG, files=crashed)
    assert again.unanswered == len(calls[2])
    with pytest.raises(JournalError, match="answered"):
        again.append(calls[3])
    with pytest.raises(JournalError, match="answers to 99"):
        again.answered([()] * 99)
    again.answered(engine.feed_many(calls[2]))
    with pytest.raises(JournalError, match="answers to"):
        again.answered(())
    feed(again, engine, calls[3:])
    again.close()
    assert replay(HOME, ToyEngine, crashed).unanswered == 0


def test_a_record_that_cannot_be_written_leaves_the_journal_as_it_was() -> None:
    files, engine, calls = MemoryFiles(), ToyEngine(), some_calls(3)
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        feed(journal, engine, calls[:2])
        with pytest.raises(JournalError, match=r"Tick\.now_ns"):
            journal.append((Tick(1), Tick(2**63)))
        feed(journal, engine, calls[2:])
    assert spelled(read(HOME, files)) == list(map(encode_all, calls))


# --- cut, damaged, exchanged ------------------------------------------------------------------------------------------


def test_cut_at_any_byte_every_whole_call_is_kept_and_appending_goes_on() -> None:
    files, calls = MemoryFiles(), some_calls(8)
    recorded(files, calls)
    name = segment_name(1)
    whole = bytes_of(files, name)
    ends = [call.records.end for call in parse(name, whole).calls]
    edges = {len(Header(1, 0, b"", NO_SNAPSHOT, anew=True).to_bytes()), *ends}
    for cut in range(len(whole) + 1):
        torn = change(files.copy(), name, whole[:cut])
        kept = sum(end <= cut for end in ends)
        _, entries, report = recover(HOME, torn)
        assert spelled(entries) == list(map(encode_all, calls[:kept]))
        assert report.calls == kept
        assert report.damage is None
        assert report.dropped_bytes == cut - parse(name, whole[:cut]).end
        if cut in edges:
            assert report.dropped_bytes == 0 or cut < ends[0]
        engine = recovered(torn)
        with open_for_append(HOME, config=CONFIG, files=torn) as journal:
            assert journal.refusal is None
            if journal.unanswered is not None:
                before = ToyEngine()
                *_, last = (before.feed_many(records) for records in calls[:kept])
                journal.answered(last)
            feed(journal, engine, calls[kept:])
        assert bytes_of(torn, name) == whole
        assert replay(HOME, ToyEngine, torn).unanswered == 0


@pytest.mark.parametrize("bit", [0, 7])
def test_one_wrong_bit_anywhere_is_seen(bit: int) -> None:
    files, calls = MemoryFiles(), some_calls(6)
    recorded(files, calls)
    name = segment_name(1)
    whole = bytes_of(files, name)
    first, *_, last = parse(name, whole).calls
    assert last.answers is not None
    for place in range(len(whole)):
        spoiled = bytearray(whole)
        spoiled[place] ^= 1 << bit
        _assert_damage_is_seen(change(files.copy(), name, bytes(spoiled)), calls, place, first.offset, last.answers.start - 16)


def _assert_damage_is_seen(damaged: MemoryFiles, calls: Calls, place: int, first: int, last: int) -> None:
    if place < first:
        for reading in (recover, lambda folder, files: list(read(folder, files))):
            with pytest.raises(JournalError, match=segment_name(1)):
                reading(HOME, damaged)
        return
    _, entries, report = recover(HOME, damaged)
    got = spelled(entries)
    assert got == list(map(encode_all, calls[: len(got)]))
    if place >= last:  # the very end: no more than a write that was cut short
        assert report.damage is None
        assert report.dropped_bytes > 0
        return
    assert report.damage is not None
    assert f"{segment_name(1)}, offset" in report.damage.where
    assert int(report.damage.where.split()[-1]) <= place
    with pytest.raises(JournalError, match="offset"):
        list(read(HOME, damaged))
    journal = open_for_append(HOME, config=CONFIG, files=damaged)
    with pytest.raises(JournalError, match="rotate"):
        journal.append(calls[0])


def test_entries_exchanged_repeated_or_left_out_are_damage() -> None:
    files = MemoryFiles()
    calls: Calls = [(Tick(number),) for number in range(5)]
    recorded(files, calls)
    name = segment_name(1)
    whole = bytes_of(files, name)
    offsets = [call.offset for call in parse(name, whole).calls]
    head, one, two, three, rest = (whole[slice(*edges)] for edges in zip([0, *offsets], [*offsets[:4], None], strict=False))
    assert len(one) > 0
    for shuffled in (head + two + one + three + rest, head + one + one + two + three + rest, head + one + three + rest):
        _, entries, _ = recover(HOME, change(files.copy(), name, shuffled))
        got = spelled(entries)
        assert got == list(map(encode_all, calls[: len(got)]))
        assert len(got) < 5


def test_the_rest_of_an_older_segment_in_a_reused_block_is_no_entry() -> None:
    files, calls = MemoryFiles(), some_calls(10)
    recorded(files, calls)
    old = bytes_of(files, segment_name(1))
    other = MemoryFiles()
    engine = recorded(other, calls[:3], rotate_after=[2])
    data = bytes_of(other, segment_name(2))
    _, entries, report = recover(HOME, change(other, segment_name(2), data + old[len(data) :]))
    assert list(entries) == []
    assert report.dropped_bytes == len(old) - len(data)
    assert recovered(other).snapshot() == engine.snapshot()


def test_a_tail_of_zeros_is_dropped_and_a_hole_of_zeros_is_damage() -> None:
    files, calls = MemoryFiles(), some_calls(10)
    recorded(files, calls)
    name = segment_name(1)
    whole = bytes_of(files, name)
    offsets = [call.offset for call in parse(name, whole).calls]
    _, entries, report = recover(HOME, change(files.copy(), name, whole + bytes(5000)))
    assert (len(list(entries)), report.dropped_bytes, report.damage) == (10, 5000, None)
    holed = whole[: offsets[4]] + bytes(offsets[6] - offsets[4]) + whole[offsets[6] :]
    _, entries, report = recover(HOME, change(files.copy(), name, holed))
    assert len(list(entries)) == 4
    assert report.damage is not None
    assert report.damage.where.endswith(f"offset {offsets[4]}")
    assert f"from {offsets[6]} on" in report.damage.allowed


def test_records_without_answers_in_the_middle_and_answers_without_records_are_damage() -> None:
    header = Header(1, 0, b"", NO_SNAPSHOT, anew=True).to_bytes()
    for kinds in ((RECORDS, RECORDS), (ANSWERS,), (RECORDS, ANSWERS, ANSWERS)):
        data = header
        for kind in kinds:
            body = encode_all([Tick(1)]) if kind == RECORDS else b""
            data += entry_bytes(kind, body, len(data), salt_of(header))
        damage = parse("x", data).damage
        assert damage is not None
        assert "its turn" in damage.allowed


def test_an_entry_whose_crc_is_right_but_that_is_none_is_refused() -> None:
    files = MemoryFiles()
    recorded(files, [])
    data = bytes_of(files, segment_name(1))
    for body in (b"", b"\1\0\0\0", encode_all([Tick(1)]) + b"\0", b"\xff" * 40):
        change(files, segment_name(1), data + entry_bytes(RECORDS, body, len(data), salt_of(data)))
        with pytest.raises(JournalError):
            list(read(HOME, files))


@pytest.mark.parametrize("noise", [b"", b"e", b"edgeECGj", b"hello, this is not a journal at all" * 9, bytes(300)])
def test_a_file_that_is_no_segment(noise: bytes) -> None:
    files = MemoryFiles()
    recorded(files, some_calls(3))
    change(files, segment_name(1), noise)
    if len(noise) < 20:
        _, entries, report = recover(HOME, files)
        assert (list(entries), report.dropped_bytes) == ([], len(noise))
    else:
        with pytest.raises(JournalError, match="magic"):
            recover(HOME, files)


def test_another_schema_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    files = MemoryFiles()
    recorded(files, some_calls(3))
    monkeypatch.setattr("edgeecg.journal.segment.SCHEMA", 7)
    with pytest.raises(JournalError, match=r"journal\.schema: [0-9a-f]{8} is not 00000007"):
        recover(HOME, files)


def test_files_of_others_are_left_alone() -> None:
    files, calls = MemoryFiles(), some_calls(30)
    for name in ("notes.txt", "1.journal", "00000000x1.journal", "0000000009.snapshot.bak"):
        files.close(files.open(HOME / name))
    recorded(files, calls, rotate_after=range(0, 30, 3), limits=Limits(keep_segments=2))
    assert {"notes.txt", "1.journal", "00000000x1.journal", "0000000009.snapshot.bak"} <= set(files.sizes(HOME))
    assert len(list(read(HOME, files))) < 30


# --- rotation ---------------------------------------------------------------------------------------------------------


def test_rotation_begins_at_the_snapshot_and_a_replay_arrives_there() -> None:
    files, calls = MemoryFiles(), some_calls(20)
    engine = recorded(files, calls, rotate_after=[4, 9, 14])
    assert recovered(files).snapshot() == engine.snapshot()
    assert recover(HOME, files)[2].calls == 5
    assert recover(HOME, files)[2].config == CONFIG
    assert spelled(read(HOME, files)) == list(map(encode_all, calls))
    report = replay(HOME, ToyEngine, files)
    assert (report.segments, report.calls, report.snapshots_compared, report.starts_anew) == (4, 20, 3, 0)


def turned(files: MemoryFiles, calls: Calls, *, turn_after: int, take_after: int, limits: Limits | None = None) -> ToyEngine:
    engine = ToyEngine()
    with open_for_append(HOME, config=CONFIG, limits=limits, files=files) as journal:
        feed(journal, engine, calls[: turn_after + 1])
        promise, snapshot = journal.turn(config=CONFIG), engine.snapshot()
        feed(journal, engine, calls[turn_after + 1 : take_after + 1])
        if take_after < len(calls):
            journal.take(promise, promise.keep([snapshot[:9], memoryview(snapshot)[9:]]))
        feed(journal, engine, calls[take_after + 1 :])
    return engine


@pytest.mark.parametrize("take_after", [4, 5, 12, 99])
def test_a_snapshot_that_is_written_while_its_segment_grows_is_begun_at_once_it_is_there(take_after: int) -> None:
    files, calls = MemoryFiles(), some_calls(20)
    engine = turned(files, calls, turn_after=4, take_after=take_after)
    assert recovered(files).snapshot() == engine.snapshot()
    report = recover(HOME, files)[2]
    is_there = take_after < len(calls)
    assert (report.first_segment, report.calls, report.damage) == ((2, 15, None) if is_there else (1, 20, None))
    replayed = replay(HOME, ToyEngine, files)
    assert (replayed.segments, replayed.calls, replayed.snapshots_compared) == (2, 20, is_there)


def test_a_snapshot_that_was_promised_and_is_damaged_is_not_begun_at() -> None:
    files, calls = MemoryFiles(), some_calls(20)
    engine = turned(files, calls, turn_after=4, take_after=7)
    change(files, snapshot_name(2), b"another")
    assert recovered(files).snapshot() == engine.snapshot()
    assert recover(HOME, files)[2].first_segment == 1


def test_what_goes_on_from_a_segment_that_is_gone_is_not_replayed_and_that_is_said() -> None:
    files, calls = MemoryFiles(), some_calls(20)
    turned(files, calls, turn_after=4, take_after=99)
    files.delete(HOME / segment_name(1))
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        assert journal.refusal is not None
        journal.rotate(ToyEngine().snapshot(), config=CONFIG)
    replayed = replay(HOME, ToyEngine, files)
    assert (replayed.unstarted, replayed.segments, replayed.calls) == (1, 1, 0)


def test_a_promise_is_taken_of_the_newest_segment_alone_and_once() -> None:
    files, engine = MemoryFiles(), ToyEngine()
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        promise = journal.turn(config=CONFIG)
        journal.rotate(engine.snapshot(), config=CONFIG)
        with pytest.raises(JournalError, match="take"):
            journal.take(promise, promise.keep([engine.snapshot()]))
        promise = journal.turn(config=CONFIG)
        name = promise.keep([engine.snapshot()])
        journal.take(promise, name)
        with pytest.raises(JournalError, match="take"):
            journal.take(promise, name)


def test_until_a_snapshot_is_there_neither_it_nor_what_a_recovery_starts_at_is_tidied_away() -> None:
    files, engine, rng = MemoryFiles(), ToyEngine(), random.Random(5)
    limits = Limits(size_cap_bytes=3000, segment_bytes=700)
    with open_for_append(HOME, config=CONFIG, limits=limits, files=files) as journal:
        promise, snapshot = journal.turn(config=CONFIG), engine.snapshot()
        temporary = HOME / (snapshot_name(2) + ".tmp")
        files.close(files.open(temporary))
        with pytest.raises(JournalError, match="makes room"):
            feed(journal, engine, (some_records(rng) for _ in count()))
        assert temporary in files.names
        assert recovered(files).snapshot() == engine.snapshot()
        journal.take(promise, promise.keep([snapshot]))
    assert recovered(files).snapshot() == engine.snapshot()


def test_no_more_segments_than_wanted_are_kept_oldest_deleted_first() -> None:
    files, calls = MemoryFiles(), some_calls(20)
    engine = recorded(files, calls, rotate_after=range(1, 20, 2), limits=Limits(keep_segments=3))
    journals = sorted(name for name in files.sizes(HOME) if name.endswith(".journal"))
    assert journals == [segment_name(number) for number in (9, 10, 11)]
    assert sorted(name for name in files.sizes(HOME) if name.endswith(".snapshot")) == [snapshot_name(number) for number in (9, 10, 11)]
    assert recovered(files).snapshot() == engine.snapshot()
    assert replay(HOME, ToyEngine, files).calls == 4


def test_the_size_cap_holds_and_what_recovery_needs_is_never_deleted() -> None:
    files, engine, rng = MemoryFiles(), ToyEngine(), random.Random(5)
    cap = 3000
    journal = open_for_append(HOME, config=CONFIG, limits=Limits(size_cap_bytes=cap, segment_bytes=700, keep_segments=99), files=files)
    for _ in range(400):
        feed(journal, engine, [some_records(rng)])
        assert sum(files.sizes(HOME).values()) <= cap
        if journal.wants_rotation:
            journal.rotate(engine.snapshot(), config=CONFIG)
            assert sum(files.sizes(HOME).values()) <= cap
        assert recovered(files).snapshot() == engine.snapshot()
    assert sum(name.endswith(".journal") for name in files.sizes(HOME)) >= 2


def test_a_full_journal_refuses_until_it_is_rotated() -> None:
    files, engine, rng = MemoryFiles(), ToyEngine(), random.Random(5)
    journal = open_for_append(HOME, config=CONFIG, limits=Limits(size_cap_bytes=1500, segment_bytes=700), files=files)
    with pytest.raises(JournalError, match=r"1500: rotate\(\) makes room"):
        feed(journal, engine, (some_records(rng) for _ in range(99)))
    assert recover(HOME, files)[2].calls > 3
    assert recovered(files).snapshot() == engine.snapshot()
    journal.rotate(engine.snapshot(), config=CONFIG)
    feed(journal, engine, [some_records(rng)])
    assert recovered(files).snapshot() == engine.snapshot()


@pytest.mark.parametrize("cap", range(1300, 1500, 9))
def test_there_is_always_room_for_what_the_last_call_gave(cap: int) -> None:
    files, engine, rng = MemoryFiles(), ToyEngine(), random.Random(cap)
    with open_for_append(HOME, config=CONFIG, limits=Limits(size_cap_bytes=cap, segment_bytes=600), files=files) as journal:
        with pytest.raises(JournalError, match="makes room"):
            feed(journal, engine, (some_records(rng) for _ in range(99)))
        journal.sync()
        assert sum(files.sizes(HOME).values()) <= cap
    assert recover(HOME, files)[2].unanswered is None


def test_a_damaged_snapshot_is_passed_over_for_the_one_before() -> None:
    files, calls = MemoryFiles(), some_calls(20)
    engine = recorded(files, calls, rotate_after=[4, 9, 14])
    for number, left in ((4, 10), (3, 15), (2, 20)):
        change(files, snapshot_name(number), b"toy" + bytes(20))
        _, entries, report = recover(HOME, files)
        assert len(list(entries)) == left
        assert report.first_segment == number - 1
        assert [error.where for error in report.refused] == [snapshot_name(n) for n in range(4, number - 1, -1)]
        assert report.damage is None
        assert recovered(files).snapshot() == engine.snapshot()
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        feed(journal, engine, some_calls(1, seed=9))
    assert recovered(files).snapshot() == engine.snapshot()


def test_what_is_needed_because_the_newest_snapshot_is_damaged_is_not_deleted_for_room() -> None:
    files, calls = MemoryFiles(), some_calls(20)
    engine = recorded(files, calls, rotate_after=[9])
    change(files, snapshot_name(2), b"damaged")
    held = sum(files.sizes(HOME).values())
    with open_for_append(HOME, config=CONFIG, limits=Limits(size_cap_bytes=held, segment_bytes=9), files=files) as journal:
        with pytest.raises(JournalError, match="rotate"):
            journal.append(some_calls(1, seed=9)[0])
        assert recovered(files).snapshot() == engine.snapshot()
        journal.rotate(engine.snapshot(), config=CONFIG)
    assert recovered(files).snapshot() == engine.snapshot()
    assert segment_name(1) not in files.sizes(HOME)


def test_a_lost_snapshot_with_nothing_before_it_is_said() -> None:
    files = MemoryFiles()
    engine = recorded(files, some_calls(6), rotate_after=[2], limits=Limits(keep_segments=1))
    files.delete(HOME / snapshot_name(2))
    with pytest.raises(JournalError, match=snapshot_name(2)):
        recover(HOME, files)
    with pytest.raises(JournalError, match=snapshot_name(2)):
        replay(HOME, ToyEngine, files)
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        assert journal.refusal is not None
        journal.rotate(engine.snapshot(), config=CONFIG)
        feed(journal, engine, some_calls(1))
    assert recovered(files).snapshot() == engine.snapshot()


def test_a_start_cut_in_its_header_with_nothing_before_it_is_said() -> None:
    files = MemoryFiles()
    engine = recorded(files, some_calls(6), rotate_after=[2], limits=Limits(keep_segments=1))
    change(files, segment_name(2), bytes_of(files, segment_name(2))[:40])
    with pytest.raises(JournalError, match=f"{segment_name(2)}.header: 40 bytes"):
        recover(HOME, files)
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        with pytest.raises(JournalError, match="rotate"):
            journal.append(())
        journal.rotate(engine.snapshot(), config=CONFIG)
    assert recovered(files).snapshot() == engine.snapshot()


def test_a_segment_that_follows_from_other_calls_is_damage() -> None:
    files, other = MemoryFiles(), MemoryFiles()
    recorded(files, some_calls(9), rotate_after=[3])
    recorded(other, some_calls(9), rotate_after=[4])
    change(files, segment_name(2), bytes_of(other, segment_name(2)))
    with pytest.raises(JournalError, match=r"first_call: 5 is not 4"):
        list(read(HOME, files))
    recorded(files := MemoryFiles(), some_calls(9), rotate_after=[3])
    first = bytes_of(files, segment_name(1))
    change(files, segment_name(1), first[: parse("x", first).calls[-1].records.end])
    with pytest.raises(JournalError, match="whose events are known"):
        list(read(HOME, files))


def test_a_missing_segment_is_said_and_recovery_does_without_it() -> None:
    files = MemoryFiles()
    engine = recorded(files, some_calls(9), rotate_after=[2, 5])
    files.delete(HOME / segment_name(2))
    with pytest.raises(JournalError, match="a segment is missing"):
        list(read(HOME, files))
    assert recovered(files).snapshot() == engine.snapshot()
    change(files, snapshot_name(3), b"")
    _, entries, report = recover(HOME, files)
    assert len(list(entries)) == 3
    assert report.damage is not None
    assert "missing" in report.damage.allowed


def test_a_segment_cut_in_the_middle_of_a_journal_is_damage() -> None:
    files = MemoryFiles()
    recorded(files, some_calls(9, seed=2), rotate_after=[2, 5])
    for name, length in ((segment_name(2), -1), (segment_name(2), -20), (segment_name(1), 3)):
        cut = files.copy()
        change(cut, name, bytes_of(files, name)[:length])
        with pytest.raises(JournalError, match=name.split(".", maxsplit=1)[0][:8]):
            list(read(HOME, cut))


def test_what_is_no_entry_at_the_end_of_an_older_segment_is_damage() -> None:
    files = MemoryFiles()
    recorded(files, some_calls(9), rotate_after=[2, 5])
    name = segment_name(2)
    change(files, name, bytes_of(files, name) + b"more")
    with pytest.raises(JournalError, match=r"4 bytes that are no entry"):
        list(read(HOME, files))


def test_falling_back_stops_at_damage_on_the_way_and_the_journal_does_not_go_on() -> None:
    files, calls = MemoryFiles(), some_calls(9)
    recorded(files, calls, rotate_after=[5])
    name = segment_name(1)
    spoiled = bytearray(bytes_of(files, name))
    spoiled[parse(name, bytes(spoiled)).calls[3].records.start] ^= 4
    change(files, name, bytes(spoiled))
    assert recover(HOME, files)[2].damage is None  # the newest snapshot does without it
    change(files, snapshot_name(2), b"")
    _, entries, report = recover(HOME, files)
    assert spelled(entries) == list(map(encode_all, calls[:3]))
    assert report.damage is not None
    assert report.damage.where.startswith(f"{name}, offset")
    assert "with whole entries from" in report.damage.allowed
    with pytest.raises(JournalError, match="rotate"):
        open_for_append(HOME, config=CONFIG, files=files).append(calls[0])


def test_a_newest_segment_that_was_being_made_is_made_again() -> None:
    files, calls = MemoryFiles(), some_calls(9)
    engine = recorded(files, calls[:6], rotate_after=[5])
    change(files, segment_name(2), bytes_of(files, segment_name(2))[:30])
    _, entries, report = recover(HOME, files)
    assert (len(list(entries)), report.dropped_bytes, report.damage) == (6, 30, None)
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        feed(journal, engine, calls[6:8])
        assert recovered(files).snapshot() == engine.snapshot()
        journal.rotate(engine.snapshot(), config=CONFIG)
        feed(journal, engine, calls[8:])
    assert replay(HOME, ToyEngine, files).calls == 9
    assert recovered(files).snapshot() == engine.snapshot()


def test_after_damage_the_journal_goes_on_in_a_segment_that_starts_anew() -> None:
    files, calls = MemoryFiles(), some_calls(12)
    recorded(files, calls)
    name = segment_name(1)
    spoiled = bytearray(bytes_of(files, name))
    spoiled[parse(name, bytes(spoiled)).calls[5].records.start] ^= 4
    change(files, name, bytes(spoiled))
    engine = recovered(files)
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        journal.rotate(engine.snapshot(), config=CONFIG)
        feed(journal, engine, calls[:3])
    assert recovered(files).snapshot() == engine.snapshot()
    with pytest.raises(JournalError, match="offset"):
        replay(HOME, ToyEngine, files)


def test_a_start_anew_is_replayed_from_its_own_snapshot() -> None:
    files, engine, calls = MemoryFiles(), ToyEngine(), some_calls(9)
    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        feed(journal, engine, calls[:3])
        journal.append(calls[3])
        engine = ToyEngine()
        journal.rotate(engine.snapshot(), config=CONFIG, anew=True)
        feed(journal, engine, calls[4:])
    report = replay(HOME, ToyEngine, files)
    assert (report.starts_anew, report.snapshots_compared, report.unanswered, report.calls) == (1, 0, 1, 9)
    assert recovered(files).snapshot() == engine.snapshot()
    change(files, snapshot_name(2), b"")
    damage = recover(HOME, files)[2].damage
    assert damage is not None
    assert "anew" in str(damage)


def test_the_settings_that_were_in_force_make_the_engine() -> None:
    files, other = MemoryFiles(), EngineConfig(streams=CONFIG.streams[:1])
    made: list[EngineConfig] = []

    def make(config: EngineConfig) -> ToyEngine:
        made.append(config)
        return ToyEngine(config)

    with open_for_append(HOME, config=CONFIG, files=files) as journal:
        journal.rotate(ToyEngine().snapshot(), config=other, anew=True)
    replay(HOME, make, files)
    assert made == [CONFIG, other]
    assert recover(HOME, files)[2].config == other


# --- replay -----------------------------------------------------------------------------------------------------------


class Forgetful(ToyEngine):
    """Gives something else for its seventh record."""

    fed = 0

    def _feed(self, record: Record) -> tuple[Event, ...]:
        self.fed += 1
        given = super()._feed(record)
        return given if self.fed != 7 else given[1:] or (WindowExpired("", "", 0, 0),)


def test_the_first_record_that_gives_something_else_is_named_with_its_stream() -> None:
    files, calls = MemoryFiles(), some_calls(20)
    recorded(files, calls)
    flat = [(call, place, record) for call, records in enumerate(calls) for place, record in enumerate(records)]
    call, place, record = flat[6]
    with pytest.raises(JournalError) as caught:
        replay(HOME, Forgetful, files)
    assert caught.value.where.startswith(f"{segment_name(1)}, call {call}, record {place} ({type(record).__name__} of ")
    if (stream := getattr(record, "stream", None)) is not None:
        assert stream in caught.value.where


def test_an_engine_that_arrives_elsewhere_is_named_at_the_snapshot() -> None:
    files = MemoryFiles()
    recorded(files, some_calls(9), rotate_after=[3])

    class Elsewhere(ToyEngine):
        def snapshot(self) -> bytes:
            return super().snapshot()[:-1] + b"?"

    with pytest.raises(JournalError, match=f"{segment_name(2)}, its start"):
        replay(HOME, Elsewhere, files)


def test_an_engine_that_answers_too_little_is_refused() -> None:
    files = MemoryFiles()
    recorded(files, some_calls(9))

    class Mute(ToyEngine):
        def feed_many(self, records: object, /) -> tuple[()]:
            del records
            return ()

    with pytest.raises(JournalError, match="0 answers"):
        replay(HOME, Mute, files)


# --- the real file system ---------------------------------------------------------------------------------------------


def test_on_disk(tmp_path: Path) -> None:
    folder, engine, calls = tmp_path / "a" / "journal", ToyEngine(), some_calls(30)
    assert recover(folder)[2].last_segment == 0
    for start in range(0, 30, 10):
        with open_for_append(folder, config=CONFIG, limits=Limits(sync_calls=3)) as journal:
            feed(journal, engine, calls[start : start + 10])
            journal.rotate(engine.snapshot(), config=CONFIG)
    assert spelled(read(folder)) == list(map(encode_all, calls))
    assert replay(folder, ToyEngine).snapshots_compared == 3
    assert (folder / segment_name(1)).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert not list(folder.glob("*.tmp"))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with open_for_append(tmp_path, config=CONFIG), pytest.raises(JournalError, match="one journal at a time"):
        open_for_append(tmp_path, config=CONFIG)
    open_for_append(tmp_path, config=CONFIG).close()


def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    real, lengths = os.write, []

    def short(handle: int, data: bytes) -> int:
        lengths.append(len(data))
        return real(handle, data[:7])

    monkeypatch.setattr("os.write", short)
    handle = DISK.open(tmp_path / "x")
    DISK.append(handle, b"0123456789" * 2)
    DISK.close(handle)
    assert (tmp_path / "x").read_bytes() == b"0123456789" * 2
    assert lengths == [20, 13, 6]


def test_a_folder_that_cannot_be_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalError):
        open_for_append(tmp_path / "file" / "journal", config=CONFIG)


def test_closed_is_closed(tmp_path: Path) -> None:
    journal = open_for_append(tmp_path, config=CONFIG)
    journal.close()
    journal.close()
    uses: tuple[Callable[[], None], ...] = (
        lambda: journal.append(()),
        journal.sync,
        lambda: journal.rotate(b"", config=CONFIG),
        lambda: journal.answered(()),
    )
    for use in uses:
        with pytest.raises(JournalError, match=r"open|close"):
            use()


@pytest.mark.parametrize("bad", [{"size_cap_bytes": 0}, {"keep_segments": 0}, {"sync_calls": -1}, {"segment_bytes": 200 << 20}])
def test_limits_that_cannot_be(bad: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(bad))):
        Limits(**bad)


@pytest.mark.parametrize(("limits", "syncs"), [(Limits(sync_calls=4), 4), (Limits(sync_bytes=1), 19), (Limits(), 0)])
def test_the_sync_interval_is_kept(limits: Limits, syncs: int) -> None:
    files = MemoryFiles()
    journal = open_for_append(HOME, config=CONFIG, limits=limits, files=files)
    files.log.clear()
    feed(journal, ToyEngine(), [(Tick(number),) for number in range(20)])
    assert files.log.count("fsync") == syncs
    journal.sync()
    assert files.log.count("fsync") == syncs + 1
