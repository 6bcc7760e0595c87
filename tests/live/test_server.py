"""The local socket: a reader is told what stands and what comes, may acknowledge, and is dropped when it does not read."""

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgeecg.errors import InputError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.live.messages import Message
from edgeecg.live.reader import Reader, socket_in
from edgeecg.live.server import MOST_READERS, MOST_REQUEST, ROOM_BYTES, LiveServer
from edgeecg.live.tap import Tap
from edgeecg.live.telling import Subject, Telling
from edgeecg.types import Chunk, SignalState, StreamChange, StreamChanged, Vitals

CONFIG = EngineConfig(streams=(StreamFacts(name="a", rate_hz=250), StreamFacts(name="b", rate_hz=500)))


class Ward:
    """A server that is turned by hand, fed by hand."""

    def __init__(self, folder: Path) -> None:
        self.now_ns, self.sample, self.acknowledged = 10**9, 0, list[tuple[str, int, str]]()
        self.tap = Tap(lambda: self.now_ns, lambda _: self.sample)
        subject = Subject(
            device="ward-3", version="0", speed=1.0, people=("nurse",), config=lambda: CONFIG, troubles=lambda: ["journal: full"],
            active=list, n_changes=lambda: 0, wall_ns=lambda at_ns: at_ns,
        )  # fmt: skip
        self.path = socket_in(folder)
        self.server = LiveServer(self.path, self.tap, Telling(subject), lambda: self.now_ns, self._acknowledge)

    def _acknowledge(self, alert_id: str, revision: int, by: str) -> None:
        if by != "nurse":
            raise InputError("acknowledgement: by", by, "nurse")
        self.acknowledged.append((alert_id, revision, by))

    def samples(self, n: int) -> None:
        self.sample += n
        self.tap.hear([Chunk("a", np.ones(n, np.float32), self.now_ns)], [()])

    def turn(self) -> None:
        self.server.turn(0.0)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(tmp_path)
    yield ward
    ward.server.stop()


def told(ward: Ward, reader: Reader) -> list[Message]:
    ward.turn()
    ward.turn()
    return reader.take(1.0)


def kinds(messages: list[Message]) -> list[str]:
    return [message["kind"] for message in messages]


def test_who_comes_late_is_told_what_stands(ward: Ward) -> None:
    events = (
        StreamChanged("a", StreamChange.OPENED, 0, 3),
        SignalState("a", "I", 4, lead_off=True, saturated=False, flat=False, invalid=False, mains=False, reported_at=5),
        Vitals("a", 250, 61.0, 980.0, 20.0, 21.0, 30, 250),
        Vitals("a", 500, 62.0, 970.0, 20.0, 21.0, 30, 500),
    )
    ward.tap.hear([Chunk("a", np.ones(4, np.float32), 0)], [events])
    ward.turn()
    with Reader(ward.path) as reader:
        messages = told(ward, reader)
    assert kinds(messages)[:5] == ["hello", "streams", "stream_changed", "signal_state", "vitals"]
    assert messages[0]["people"] == ["nurse"]
    assert messages[4]["heart_rate"] == 62.0
    assert messages[-1]["troubles"] == ["journal: full"]


def test_what_comes_is_told_in_its_order(ward: Ward) -> None:
    with Reader(ward.path) as reader:
        told(ward, reader)
        ward.samples(25)
        ward.samples(25)
        messages = [one for one in told(ward, reader) if one["kind"] == "samples"]
    assert [one["start_sample"] for one in messages] == [0, 25]


def test_nobody_there_and_no_samples_are_spelled(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Message:
        raise AssertionError("samples were spelled for nobody")

    monkeypatch.setattr("edgeecg.live.telling.of_samples", fail)
    ward.samples(25)
    ward.turn()


def test_an_acknowledgement_goes_through_and_a_refusal_comes_back(ward: Ward) -> None:
    with Reader(ward.path) as reader:
        told(ward, reader)
        reader.acknowledge("f" * 32, 2, "nurse")
        reader.acknowledge("f" * 32, 2, "burglar")
        answers = [one for one in told(ward, reader) if one["kind"] == "answer"]
    assert ward.acknowledged == [("f" * 32, 2, "nurse")]
    assert [bool(one["refusal"]) for one in answers] == [False, True]
    assert "burglar is not nurse" in answers[1]["refusal"]


@pytest.mark.parametrize(
    "request_", [b"}{", b"[]", b'{"acknowledge": 1, "revision": 2, "by": "nurse"}', b'{"acknowledge": "x"}', b"\xff", b"[" * 4000]
)
def test_nonsense_is_refused_and_nothing_else_happens(ward: Ward, request_: bytes) -> None:
    with Reader(ward.path) as reader:
        told(ward, reader)
        reader._socket.sendall(request_ + b"\n")
        (answer,) = [one for one in told(ward, reader) if one["kind"] == "answer"]
    assert '"acknowledge": ID' in answer["refusal"]
    assert not ward.acknowledged


def test_who_does_not_read_is_dropped_and_the_others_are_not(ward: Ward) -> None:
    with Reader(ward.path) as slow, Reader(ward.path) as quick:
        told(ward, quick)
        assert ward.server.n_readers == 2
        heard = 0
        for _ in range(2 * ROOM_BYTES // 50_000):
            ward.samples(50_000 // 4)
            heard += sum(one["kind"] == "samples" for one in told(ward, quick))
        assert ward.server.n_readers == 1
        assert ward.server.n_dropped == 1
        assert heard > 100
        assert slow is not quick


def test_a_request_without_end_ends_the_line(ward: Ward) -> None:
    with Reader(ward.path) as reader:
        told(ward, reader)
        reader._socket.sendall(b"x" * (2 * MOST_REQUEST))
        for _ in range(4):
            ward.turn()
        assert ward.server.n_readers == 0


def test_only_so_many_are_let_in(ward: Ward) -> None:
    readers = []
    for _ in range(MOST_READERS):
        readers.append(Reader(ward.path))
        ward.turn()
    with Reader(ward.path) as one_more:
        ward.turn()
        one_more.take(1.0)
        assert one_more.is_over
    assert ward.server.n_readers == MOST_READERS
    for reader in readers:
        reader._socket.close()


def test_the_socket_is_its_owners_and_goes_with_the_daemon(ward: Ward) -> None:
    assert ward.path.stat().st_mode & 0o777 == 0o600
    ward.server.stop()
    assert not ward.path.exists()
    with pytest.raises(InputError, match="is `edgeecg run` on"):
        Reader(ward.path)


def test_a_state_folder_may_lie_deeper_than_an_address_is_long(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    ward = Ward(folder)
    with Reader(ward.path) as reader:
        assert kinds(told(ward, reader))[0] == "hello"
    ward.server.stop()


def test_what_a_kill_left_is_in_nobodys_way(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(socket_in(tmp_path)))
    left.close()
    ward = Ward(tmp_path)
    with Reader(ward.path) as reader:
        assert kinds(told(ward, reader))[0] == "hello"
    ward.server.stop()
