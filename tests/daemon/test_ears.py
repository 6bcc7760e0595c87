"""What a daemon hears before its engine is there: all of it is told to the engine, and nothing heavy is loaded for it."""

import subprocess
import sys
from pathlib import Path
from threading import enumerate as enumerate_threads

import pytest

from edgeecg.cli.run import listening
from edgeecg.config import Settings, parse
from edgeecg.daemon.clock import Clock
from edgeecg.daemon.ears import Ears
from edgeecg.daemon.keeper import Keeper
from edgeecg.engine import Engine
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.journal import last_time, read, replay
from edgeecg.types import Chunk, SourceChange, SourceState, Tick
from tests.daemon.rehearsal import PATIENCE_S, STREAM, playing, running, settings_text
from tests.ports import free_port

SPEED, SECONDS, RATE_HZ = 20.0, 8.0, 250.0
YEAR_NS = 365 * 86_400 * 10**9


def test_what_a_device_sends_before_the_engine_is_there_is_all_fed_to_it(tmp_path: Path) -> None:
    heard_ns: list[int] = []
    with playing("normal", speed=SPEED, seconds=SECONDS) as device:

        def hear_all_of_it(ears: Ears) -> None:
            ears.listen()
            assert device.is_over.wait(PATIENCE_S)
            heard_ns.append(ears.clock.now_ns())

        text = settings_text(tmp_path, device.port, free_port())
        with running(lambda: text, speed=SPEED, first=hear_all_of_it) as daemon:
            daemon.until(lambda app: app.keeper.engine.next_sample(STREAM) >= SECONDS * RATE_HZ, "all samples")
    assert replay(tmp_path / "journal", Engine).events > 0
    records = [record for entry in read(tmp_path / "journal") for record in entry.records]
    chunks = [record for record in records if isinstance(record, Chunk)]
    assert sum(len(chunk.samples) for chunk in chunks) == SECONDS * RATE_HZ
    assert chunks[0].arrival_ns < heard_ns[0], "stamped when they came, not when they were fed"


def fail_once_heard(ears: Ears) -> None:
    assert ears.inbox.wait(PATIENCE_S)
    raise ZeroDivisionError


def test_the_command_listens_while_it_loads_and_no_longer_where_that_fails(tmp_path: Path) -> None:
    with playing("normal", speed=1.0) as device:
        text = settings_text(tmp_path, device.port, free_port())
        ears = Ears(lambda: parse(text, "edgeecg.toml"), Clock())
        with pytest.raises(ZeroDivisionError), listening(ears):
            fail_once_heard(ears)
        assert not any(device.port in thread.name for thread in enumerate_threads())
        with listening(Ears(lambda: parse(text, "edgeecg.toml"), Clock(speed=60.0))):
            assert not any(device.port in thread.name for thread in enumerate_threads()), "a rehearsal would be minutes behind"


def test_nothing_heavy_is_loaded_to_listen() -> None:
    heavy = "numba", "llvmlite", "scipy", "onnxruntime", "sqlite3", "paho", "edgeecg.engine", "edgeecg.stages"
    code = f"import sys, edgeecg.cli.run, edgeecg.daemon.ears, edgeecg.io.sources.serial; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


def settings(folder: Path) -> Settings:
    return parse(settings_text(folder, "/dev/null", 1883), "edgeecg.toml")


def kept(folder: Path, last_ns: int) -> Keeper[Engine]:
    config = EngineConfig(streams=(StreamFacts(name="ward 3", rate_hz=RATE_HZ),))
    keeper = Keeper(folder / "journal", config, told=lambda _records, _given: None, make_engine=Engine)
    keeper.feed([SourceState("ward 3", SourceChange.OPENED, 5, epoch=7), Tick(last_ns)])
    return keeper


def test_time_goes_on_after_the_journal_before_anything_is_heard(tmp_path: Path) -> None:
    ahead_ns = Clock().now_ns() + YEAR_NS
    keeper = kept(tmp_path, ahead_ns)
    keeper.close()
    assert last_time(tmp_path / "journal") == ahead_ns
    clock = Clock()
    Ears(lambda: settings(tmp_path), clock)
    assert ahead_ns < clock.now_ns() < ahead_ns + YEAR_NS


def test_a_folder_that_another_daemon_has_is_refused_before_its_devices_are(tmp_path: Path) -> None:
    keeper = kept(tmp_path, 9)
    with pytest.raises(JournalError, match="by one journal at a time"):
        Ears(lambda: settings(tmp_path), Clock())
    keeper.close()
    Ears(lambda: settings(tmp_path), Clock())


def test_a_journal_that_cannot_be_read_is_for_who_recovers_from_it_to_say(tmp_path: Path) -> None:
    kept(tmp_path, 9).close()
    (segment,) = (tmp_path / "journal").glob("*.journal")
    segment.write_bytes(b"what")
    assert last_time(tmp_path / "journal") == 0
    assert last_time(tmp_path / "nowhere") == 0
