"""The daemon as a command: what a person at a terminal meets before it is one."""

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from edgeecg.ready import AT_FIRST
from tests.waiting import PATIENCE_S, line_from

pytest.importorskip("iotcore")


@pytest.mark.parametrize("told", [SIGINT, SIGTERM])
def test_a_first_start_that_compiles_is_stopped_at_once(tmp_path: Path, told: Signals) -> None:
    config = tmp_path / "edgeecg.toml"
    config.write_text(f'[state]\nfolder = "{tmp_path}/state"\n[health]\nport = 0\n')
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")} | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "edgeecg", "run", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as daemon:
        try:
            while AT_FIRST not in line_from(daemon.stderr):
                pass
            daemon.send_signal(told)
            _, rest = daemon.communicate(timeout=PATIENCE_S)
        finally:
            daemon.kill()
    assert daemon.returncode == -told, rest
    assert b"ready" not in rest
