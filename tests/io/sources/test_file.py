"""Files as sources: every kind the same stream a device would have given, at a pace that is passed in, waiting for its reader."""

import wave
from pathlib import Path

import numpy as np
import pytest

from edgeecg.engine import Engine
from edgeecg.errors import ConfigError, InputError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.sources.file import FileSource
from edgeecg.io.sources.items import Announced, Item
from edgeecg.io.sources.pace import Pace
from edgeecg.io.sources.queue import MAX_WAITING
from edgeecg.io.sources.reception import Reception
from edgeecg.io.sources.recordings import FileSettings, read, tracks
from edgeecg.journal import open_for_append
from edgeecg.types import Beat, Chunk, Gap, Record, Refused, SourceChange, SourceState, Tick
from tests.io.test_edf import written as edf_written

PATIENCE_S = 60.0
AT_ONCE = float("inf")


def played(settings: FileSettings, speed: float = AT_ONCE) -> list[Item]:
    source = FileSource(settings, epoch=5, speed=speed)
    source.start()
    items: list[Item] = []
    try:
        while not (source.is_over.is_set() and not source.queue.wait(0)):
            assert source.queue.wait(PATIENCE_S)
            items += source.queue.take()
    finally:
        source.stop()
    return items


def csv_written(folder: Path, n: int = 1000) -> Path:
    path = folder / "r.csv"
    path.write_text("time,I [uV],II [uV]\n" + "".join(f"{i / 250:.3f},{i},{-i}\n" for i in range(n)), encoding="ascii")
    return path


def samples_of(items: list[Item], stream: str) -> list[float]:
    return [float(value) for item in items if isinstance(item, Chunk) and item.stream == stream for value in np.ravel(item.samples)]


def test_a_csv_becomes_a_stream_with_every_sample_in_its_time(tmp_path: Path) -> None:
    items = played(FileSettings(path=csv_written(tmp_path)))
    announced, opened = items[:2]
    assert isinstance(announced, Announced)
    assert (announced.facts.name, announced.facts.rate_hz, announced.facts.leads) == ("r/ecg", 250.0, ("I", "II"))
    assert isinstance(opened, SourceState)
    assert (opened.change, opened.epoch) == (SourceChange.OPENED, 5)
    assert samples_of(items, "r/ecg") == pytest.approx([sign * i / 1000 for i in range(1000) for sign in (1, -1)])
    chunks = [item for item in items if isinstance(item, Chunk)]
    assert [chunk.arrival_ns - opened.now_ns for chunk in chunks] == [100_000_000 * (i + 1) for i in range(40)]
    assert isinstance(items[-1], SourceState)
    assert items[-1].change == SourceChange.LOST


def test_an_edf_becomes_a_stream_and_one_cut_short_none(tmp_path: Path) -> None:
    signal = {"label": "II", "unit": "mV", "pmin": "-32.768", "pmax": "32.767", "dmin": "-32768", "dmax": "32767", "n": "125"}
    data = np.arange(375, dtype="<i2").tobytes()
    path = edf_written(tmp_path, [signal], data)
    items = played(FileSettings(path=path))
    assert samples_of(items, "r/ecg") == pytest.approx([i / 1000 for i in range(375)])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"r\.edf: cut short: 2 of 3 data records and 150 bytes"):
        FileSource(FileSettings(path=path), epoch=0)


def test_a_record_with_its_sound_beside_it_becomes_two_streams_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "a.hea").write_text("a 2 2000 4000\na.wav 16+44 1 16 0 0 0 0 PCG\na.dat 16 1000/mV 16 0 0 0 0 ECG\n", encoding="ascii")
    np.arange(4000, dtype="<i2").tofile(tmp_path / "a.dat")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(2000)
        file.writeframes(np.arange(4000, dtype="<i2").tobytes())
    items = played(FileSettings(path=tmp_path / "a.wav"))
    announced = [item for item in items if isinstance(item, Announced)]
    assert [(one.stream, one.kind, one.facts.rate_hz) for one in announced] == [("a/ecg", "ecg", 2000.0), ("a/pcg", "pcg", 2000.0)]
    assert samples_of(items, "a/ecg") == pytest.approx(np.arange(4000) / 1000)
    assert samples_of(items, "a/pcg") == pytest.approx(np.arange(4000) / 32768)
    arrivals = [item.arrival_ns for item in items if isinstance(item, Chunk)]
    assert arrivals == sorted(arrivals)


def test_a_real_recording_gives_its_beats_and_no_gap(edgeecg_data: Path) -> None:
    settings = FileSettings(path=edgeecg_data / "mitdb" / "101", leads=("MLII",))
    items = played(settings)[:600]
    reception, engine = Reception(EngineConfig()), Engine(EngineConfig())
    events = [event for given in engine.feed_many(reception.records(items)) for event in given]
    assert not [event for event in events if isinstance(event, Gap | Refused)]
    assert len([event for event in events if isinstance(event, Beat)]) > 60


def test_a_journal_gives_the_records_it_holds(tmp_path: Path) -> None:
    config = EngineConfig(streams=(StreamFacts(name="a", rate_hz=250),))
    records: list[Record] = [SourceState("a", SourceChange.OPENED, 7, epoch=9)]
    for i in range(20):
        records += [Chunk("a", np.full(25, i, "<i2"), 10**8 * i, sequence=i), Tick(10**8 * i)]
    engine = Engine(config)
    with open_for_append(tmp_path / "journal", config=config) as journal:
        for record in records:
            journal.append((record,))
            journal.answered(engine.feed_many((record,)))
    items = played(FileSettings(path=tmp_path / "journal"))
    assert [item for item in items if not isinstance(item, Chunk)] == [record for record in records if not isinstance(record, Chunk)]
    assert [(item.sequence, item.arrival_ns, item.samples.tolist()) for item in items if isinstance(item, Chunk)] == [
        (i, 10**8 * i, [i] * 25) for i in range(20)
    ]


def test_a_damaged_journal_says_where_it_ends(tmp_path: Path) -> None:
    (tmp_path / "0000000001.journal").write_bytes(b"nonsense" * 100)
    source = FileSource(FileSettings(path=tmp_path), epoch=0, speed=AT_ONCE)
    source.start()
    assert source.is_over.wait(PATIENCE_S)
    source.stop()
    assert "0000000001.journal" in str(source.refusal)


def test_a_reader_that_is_slow_is_waited_for(tmp_path: Path) -> None:
    source = FileSource(FileSettings(path=csv_written(tmp_path, 50_000)), epoch=0, speed=AT_ONCE)
    source.start()
    items: list[Item] = []
    while not (source.is_over.is_set() and not source.queue.wait(0)):
        assert source.queue.wait(PATIENCE_S)
        assert len(source.queue._items) <= MAX_WAITING
        items += source.queue.take(7)
    source.stop()
    assert len(samples_of(items, "r/ecg")) == 100_000


def test_it_can_be_stopped_while_it_waits(tmp_path: Path) -> None:
    slow = FileSource(FileSettings(path=csv_written(tmp_path)), epoch=0, speed=1e-6)
    full = FileSource(FileSettings(path=csv_written(tmp_path, 50_000)), epoch=0, speed=AT_ONCE)
    for source in (slow, full):
        source.start()
        assert source.queue.wait(PATIENCE_S)
        source.stop()
        assert source.is_over.is_set()
    assert not [item for item in slow.queue.take() if isinstance(item, Chunk)], "its first is due in a day"


class FakeTime:
    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False


@pytest.mark.parametrize(("speed", "lasts_s"), [(1.0, 10.0), (4.0, 2.5), (0.5, 20.0), (AT_ONCE, 0.0)])
def test_a_pace_takes_as_long_as_its_speed_says_and_computing_is_not_added(speed: float, lasts_s: float) -> None:
    fake = FakeTime()
    pace = Pace(speed, clock=fake.clock, wait=fake.wait)
    for i in range(1, 101):
        assert pace.wait_for(i / 10)
        fake.now += 0.001 if speed < AT_ONCE else 0.0  # what computing takes
    assert fake.now - 100.0 == pytest.approx(lasts_s, abs=0.0011)
    if speed < AT_ONCE:
        assert pace.now_ns() == pytest.approx(100e9 + (fake.now - 100.0) * speed * 1e9)


def test_what_cannot_be_played_is_refused(tmp_path: Path) -> None:
    csv = csv_written(tmp_path)
    with pytest.raises(ConfigError, match=r"r\.csv: speed: 0 is not > 0"):
        FileSource(FileSettings(path=csv), epoch=0, speed=0)
    with pytest.raises(InputError, match=r"r\.csv: lead: 'V9' is not one of I, II"):
        tracks(FileSettings(path=csv, leads=("V9",)))
    csv.write_text("time,I\n0,1\n0.004\n", encoding="ascii")
    with pytest.raises(InputError, match=r"r\.csv, line 3: a row of 1 columns is not 2 columns"):
        read(FileSettings(path=csv))
    csv.write_text("time,temp [C]\n0,1\n0.004,2\n", encoding="ascii")
    with pytest.raises(InputError, match=r"r\.csv: a recording of temp is not one with a lead of ECG"):
        tracks(FileSettings(path=csv))
