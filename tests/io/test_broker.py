"""The broker of our own: on loopback alone, gone with its parent, and what it is for works."""

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edgeecg.errors import ConfigError
from edgeecg.io.broker import EmbeddedBroker
from tests.client.listener import device_at, subscriber_at, take, until
from tests.payload.alerts import stamped
from tests.ports import free_port

pytestmark = pytest.mark.skipif(importlib.util.find_spec("iotcore") is None, reason="iotcore is not installed")


def listens(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def test_alerts_go_through_it_also_after_it_was_restarted(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker", port=free_port()) as broker:
        assert broker.settings("me").port == broker.port
        with device_at(broker.port, tmp_path) as (outbox, sink), subscriber_at(broker.port, tmp_path) as subscriber:
            outbox.put([stamped(1)])
            sink.wake()
            take(subscriber, 1)
            broker.stop()
            assert not broker.is_running
            outbox.put([stamped(2)])
            sink.wake()
            until(lambda: not sink.is_up, "the loss")
            broker.start()
            assert [one.alert.alert_id for one in take(subscriber, 1)] == [f"{2:032x}"]
            until(lambda: outbox.counters().n_waiting == 0, "receipts")
    assert not listens(broker.port)


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as broker:
        table = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        listening = {row[1] for row in table if row[3] == "0A" and int(row[1].split(":")[1], 16) == broker.port}
        assert listening == {f"0100007F:{broker.port:04X}"}


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import os
from pathlib import Path
from edgeecg.io.broker import EmbeddedBroker
broker = EmbeddedBroker(Path({str(tmp_path)!r}))
broker.start()
print(broker.port, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    until(lambda: not listens(int(done.stdout)), "the broker to be gone")


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        broker = EmbeddedBroker(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="is not a free port"):
            broker.start()


def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "broker").write_text("in the way")
    with pytest.raises(ConfigError, match=r"broker's folder .*broker.* is not a folder that takes its settings"):
        EmbeddedBroker(tmp_path / "broker")


def test_without_it_installed_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iotcore", None)
    with pytest.raises(ConfigError, match="broker: one of our own without iotcore is not possible"):
        EmbeddedBroker(tmp_path)
