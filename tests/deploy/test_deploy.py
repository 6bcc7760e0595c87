"""What is shipped to run it as a service: read by what will read it."""

import ctypes.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from edgeecg.config import load
from edgeecg.config.effective import plain
from tests.deploy import confined
from tests.ports import free_port
from tests.waiting import PATIENCE_S, line_from

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "edgeecg.service"
ANALYZE = shutil.which("systemd-analyze") or ""
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="needs systemd-analyze")


def test_the_example_of_settings_is_read() -> None:
    settings = load(DEPLOY / "edgeecg.toml")
    rules = {rule.name: rule for rule in settings.rules}
    assert not rules["couplet"].enabled
    assert rules["slow-at-night"].limit == 45
    assert settings.alerts.receivers == ("ward-display",)


def test_the_defaults_it_shows_are_the_defaults() -> None:
    """Every `# key = value` of a section that is there, uncommented, changes nothing but what has no default."""
    text = (DEPLOY / "edgeecg.toml").read_text()
    before = plain(load(DEPLOY / "edgeecg.toml"))
    n_shown = 0
    for section in ("models", "alerts", "broker", "journal", "queue", "health", "dashboard"):
        body = text.split(f"\n[{section}]", maxsplit=1)[1].split("\n[", maxsplit=1)[0]
        for line in re.findall(r"^# (\w+ = [^#\n]+)", body, re.MULTILINE):
            ((key, value),) = tomllib.loads(line).items()
            if key.endswith("credential") or key in {"use", "folder"} or key not in before[section]:
                continue
            n_shown += 1
            assert before[section][key] == value, (section, key)
    assert n_shown > 12


def unit_values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_the_unit_runs_commands_that_there_are() -> None:
    from edgeecg.cli import COMMANDS

    commands = [line.split()[1] for line in unit_values("ExecStartPre") + unit_values("ExecStart")]
    assert set(commands) <= set(COMMANDS)
    assert commands == ["check-config", "warmup", "run"]


def test_kernels_are_cached_where_the_service_may_write() -> None:
    told = dict(pair.split("=", maxsplit=1) for line in unit_values("Environment") for pair in line.split())
    (state,) = unit_values("StateDirectory")
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"):
        assert told[name].startswith(f"%S/{state}"), name


@pytest.fixture
def installed_unit(tmp_path: Path) -> Path:
    """The unit, with a program that there is."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/edgeecg/bin/edgeecg", sys.executable))
    return unit


@needs_systemd
def test_systemd_understands_the_unit(installed_unit: Path) -> None:
    done = subprocess.run([ANALYZE, "verify", "--man=no", installed_unit], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if installed_unit.name in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@needs_systemd
def test_a_misspelt_line_would_be_seen(installed_unit: Path) -> None:
    installed_unit.write_text(installed_unit.read_text().replace("ProtectSystem=strict", "ProtectSistem=strict"))
    done = subprocess.run([ANALYZE, "verify", "--man=no", installed_unit], capture_output=True, text=True, check=False)
    assert "ProtectSistem" in done.stderr


@needs_systemd
def test_the_unit_is_confined(installed_unit: Path) -> None:
    done = subprocess.run(
        [ANALYZE, "security", "--offline=yes", "--threshold=25", installed_unit], capture_output=True, text=True, check=False
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("needs systemd-analyze security --offline")
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


@needs_systemd
@pytest.mark.skipif(ctypes.util.find_library("seccomp") is None, reason="needs libseccomp")
def test_daemon_and_page_do_with_the_system_calls_they_are_left(tmp_path: Path) -> None:
    pytest.importorskip("starlette")
    pytest.importorskip("iotcore")
    config = tmp_path / "edgeecg.toml"
    config.write_text(
        f'[state]\nfolder = "{tmp_path}/state"\n[health]\nport = 0\n[broker]\nport = {free_port()}\n[dashboard]\nport = {free_port()}\n'
    )
    command = [sys.executable, "-m", "edgeecg", "run", "--config", str(config), "--dashboard"]
    with subprocess.Popen([sys.executable, str(confined.__file__), str(UNIT), *command], stderr=subprocess.PIPE) as daemon:
        try:
            awaited = {"dashboard: http", "INFO ready: state"}
            while awaited:
                said = line_from(daemon.stderr)
                assert "Traceback" not in said
                awaited -= {one for one in awaited if said.startswith(one)}
        finally:
            daemon.terminate()
            _, rest = daemon.communicate(timeout=PATIENCE_S)  # read to its end: who finds nobody to tell ends otherwise
    assert daemon.returncode == 0, rest


@needs_systemd
@pytest.mark.skipif(ctypes.util.find_library("seccomp") is None, reason="needs libseccomp")
def test_what_the_unit_leaves_out_is_refused() -> None:
    program = "import os; os.nice(5); print('behind', flush=True); os.chroot('/')"
    command = [sys.executable, str(confined.__file__), str(UNIT), sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "behind\n"
    assert "PermissionError" in done.stderr


def test_the_udev_rules_have_the_form_of_rules() -> None:
    assignment = re.compile(r'^[A-Z]+(\{[^}]+\})?(==|!=|\+=|=)"[^"]*"$')
    text = (DEPLOY / "60-edgeecg.rules").read_text()
    for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
        assert all(assignment.match(part.strip()) for part in line.split(", ")), line
    assert {*re.findall(r'GOTO="(\w+)"', text)} == {*re.findall(r'LABEL="(\w+)"', text)}
