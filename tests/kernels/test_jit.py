"""The cache of compiled kernels: never stale, never another's."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeecg_kernels import _jit


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Asks anew where the cache is, and forgets the answer afterwards."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    _jit.cache_root.cache_clear()
    _jit.cache_dir.cache_clear()
    yield monkeypatch
    _jit.cache_root.cache_clear()
    _jit.cache_dir.cache_clear()


def test_it_is_where_it_is_told(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh.setenv("NUMBA_CACHE_DIR", str(tmp_path / "named"))
    assert _jit.cache_root() == tmp_path / "named" / "kernels"


def test_it_is_made_for_its_owner_alone(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh.setenv("XDG_CACHE_HOME", str(tmp_path))
    root = _jit.cache_root()
    assert root is not None
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_folder_that_others_may_write_into_is_passed_over(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    planted = tmp_path / "edgeecg"
    planted.mkdir()
    planted.chmod(0o777)
    fresh.setenv("XDG_CACHE_HOME", str(tmp_path))
    fresh.setattr("tempfile.gettempdir", lambda: str(tmp_path / "tmp"))
    assert _jit.cache_root() == tmp_path / "tmp" / f"edgeecg-{os.getuid()}" / "kernels"


def test_where_nothing_can_be_written_kernels_are_not_cached(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    fresh.setenv("NUMBA_CACHE_DIR", str(file))
    assert _jit.cache_root() is None
    assert _jit.cache_dir("qrs") is None


def test_a_kernel_is_keyed_by_its_own_source_and_that_of_all_it_calls() -> None:
    names = {path.stem for path in _jit.sources("pipeline")}
    assert {"pipeline", "align", "align_frames", "qrs", "qrs_tables", "condition_mains", "_jit", "state"} <= names
    assert "pipeline" not in {path.stem for path in _jit.sources("qrs")}


@pytest.mark.parametrize("flag", ["BOUNDSCHECK", "OPT"])
def test_a_flag_that_changes_the_code_changes_the_key(fresh: pytest.MonkeyPatch, flag: str) -> None:
    before = _jit.source_digest("qrs")
    fresh.setattr(_jit.config, flag, "another")
    assert _jit.source_digest("qrs") != before


@pytest.mark.skipif(_jit.config.DISABLE_JIT, reason="nothing is compiled")
def test_what_one_copy_of_the_package_compiled_serves_another(tmp_path: Path) -> None:
    """A new checkout, wheel or environment of the same version compiles nothing again."""
    copies = [tmp_path / name / "edgeecg_kernels" for name in ("old", "new")]
    for copy in copies:
        shutil.copytree(Path(_jit.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile)
    assert [_cache_hits(copy.parent, tmp_path / "cache") for copy in copies] == [0, 1]


def _cache_hits(checkout: Path, cache: Path) -> int:
    code = (
        "from edgeecg_kernels.vitals import vitals_break; from edgeecg_kernels.vitals_state import VITALS_STATE; import numpy as np;"
        "vitals_break(np.zeros(1, VITALS_STATE)[0]); print(sum(vitals_break.stats.cache_hits.values()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(checkout), "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=checkout, capture_output=True, text=True, check=True)
    return int(done.stdout)
