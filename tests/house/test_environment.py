"""What a machine lacks for `make` is said in one sentence."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

OLD = """#!/bin/sh
case "$*" in
*version_info*) exit 1 ;;
*python_version*) echo 3.9.1 ;;
esac
"""
WITHOUT_VENV = """#!/bin/sh
case "$*" in
*version_info*) exit 0 ;;
*python_version*) echo 3.12.1 ;;
*ensurepip*) exit 1 ;;
esac
"""
WITHOUT_NETWORK = """#!/bin/sh
case "$*" in
*python_version*) echo 3.12.1 ;;
*"-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
*"-m pip"*) exit 1 ;;
esac
"""


def environment_with(interpreter: str | None, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the script where `python3` is this program, and nothing else of that kind is to be found."""
    commands = folder / "commands"
    commands.mkdir()
    for tool in ("sh", "echo", "mkdir", "cp"):
        (commands / tool).symlink_to(shutil.which(tool) or tool)
    if interpreter is not None:
        (commands / "python3").write_text(interpreter)
        (commands / "python3").chmod(0o755)
    script = REPOSITORY / "scripts" / "environment"
    sh = shutil.which("sh") or "sh"
    return subprocess.run(
        [sh, script, folder / "venv", "base"], env={"PATH": str(commands), **settings}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("interpreter", "settings", "sentence"),
    [
        (None, {}, "make: needs Python >= 3.11: python3 is not found (PYTHON=/path/to/python3.x names another)\n"),
        (OLD, {}, "make: needs Python >= 3.11: python3 is 3.9.1 (PYTHON=/path/to/python3.x names another)\n"),
        (OLD, {"PYTHON": "python3"}, "make: needs Python >= 3.11: PYTHON=python3 is 3.9.1\n"),
        (OLD, {"PYTHON": "python9"}, "make: needs Python >= 3.11: PYTHON=python9 is not found\n"),
        (WITHOUT_VENV, {}, "make: needs python3-venv: python3 cannot make environments (Debian, Ubuntu: apt install python3-venv)\n"),
        (WITHOUT_NETWORK, {}, "make: needs packages from PyPI: the installation failed, see above\n"),
    ],
    ids=["no Python", "old Python", "old PYTHON=", "no PYTHON=", "no venv", "no network"],
)
def test_what_is_missing_is_one_sentence(interpreter: str | None, settings: dict[str, str], sentence: str, tmp_path: Path) -> None:
    done = environment_with(interpreter, tmp_path, **settings)
    assert done.returncode == 1
    assert done.stderr == sentence


def test_the_script_may_be_run() -> None:
    assert os.access(REPOSITORY / "scripts" / "environment", os.X_OK)
    assert os.access(REPOSITORY / ".ci" / "run", os.X_OK)
