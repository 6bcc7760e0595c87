"""`make test` runs the suite three ways, fails if any does, and its last line is pytest's own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

FAKE_PYTHON = """#!/bin/sh
echo "jit=${NUMBA_DISABLE_JIT:-} bounds=${NUMBA_BOUNDSCHECK:-} examples=${EDGEECG_EXAMPLES:-} $*"
case "${NUMBA_DISABLE_JIT:-}${NUMBA_BOUNDSCHECK:-0}" in "$FAILS") echo "=== 1 failed ==="; exit 1 ;; esac
echo "=== 1 passed ==="
"""
UNCOMPILED = "jit=1 bounds= examples=reduced -m pytest tests/laws tests/kernels"
CHECKED = "jit= bounds=1 examples=reduced -m pytest tests/laws tests/kernels"
WHOLE = "jit= bounds= examples= -m pytest"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def make_test(folder: Path, *, fails: str) -> tuple[int, list[str]]:
    """Run `make test` with an environment whose programs only say how they were called."""
    programs = folder / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "edgeecg"):
        (programs / name).write_text(FAKE_PYTHON if name == "python" else "#!/bin/sh\n")
        (programs / name).chmod(0o755)
    (folder / "venv" / ".dev").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "EDGEECG_", "MAKE"))}
    command = ["make", "--no-print-directory", f"VENV={folder / 'venv'}", "test"]
    done = subprocess.run(command, cwd=REPOSITORY, env={**kept, "FAILS": fails}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_three_runs_and_the_whole_one_has_the_last_word(tmp_path: Path) -> None:
    status, lines = make_test(tmp_path, fails="none")
    assert status == 0
    assert [line for line in lines if "pytest" in line] == [UNCOMPILED, CHECKED, WHOLE]
    assert lines[-1] == "=== 1 passed ==="


@pytest.mark.parametrize(("fails", "called"), [("10", 1), ("1", 2), ("0", 3)], ids=["uncompiled", "bounds-checked", "whole"])
def test_any_failure_is_the_end_and_the_last_line(fails: str, called: int, tmp_path: Path) -> None:
    status, lines = make_test(tmp_path, fails=fails)
    assert status != 0
    assert [line for line in lines if "pytest" in line] == [UNCOMPILED, CHECKED, WHOLE][:called]
    assert lines[-1] == "=== 1 failed ==="
