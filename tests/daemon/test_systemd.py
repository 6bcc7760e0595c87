"""What systemd hears, at a socket that plays systemd."""

import socket
from pathlib import Path

import pytest

from edgeecg.daemon import systemd


@pytest.mark.parametrize("abstract", [False, True])
def test_words_arrive_as_one_datagram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    name = f"edgeecg-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}" if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
        assert systemd.notify(systemd.READY, systemd.status("listening to 2 devices"))
        assert ear.recv(1000) == b"READY=1\nSTATUS=listening to 2 devices"
        assert systemd.notify(systemd.ALIVE)
        assert ear.recv(1000) == b"WATCHDOG=1"


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not systemd.notify(systemd.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not systemd.notify(systemd.READY)


def test_a_listener_that_reads_no_more_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        heard = [systemd.notify(systemd.ALIVE) for _ in range(5000)]
    assert heard[0]
    assert not heard[-1]
