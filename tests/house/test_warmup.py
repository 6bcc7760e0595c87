"""After the warm-up nothing is left to compile: every kernel was reached, with the types that real input has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeecg import ready, warmup
from edgeecg_kernels import warmed

# Run uncompiled, where kernels are plain functions: which were called from outside the kernels, and what do those call?
UNREACHED = """
import importlib, pkgutil, sys, types
import edgeecg_kernels
from edgeecg_kernels import _jit

decorated = []
_jit.kernel = _jit.part = lambda function: decorated.append(function) or function
modules = [importlib.import_module(f"edgeecg_kernels.{found.name}") for found in pkgutil.iter_modules(edgeecg_kernels.__path__)]
code_of = {function.__code__: function for function in decorated}
called = set()

def watch(frame, event, _):
    if event == "call" and frame.f_code in code_of and frame.f_back.f_code not in code_of:
        called.add(code_of[frame.f_code])

from edgeecg.warmup import compile_all
sys.setprofile(watch)
compile_all()
sys.setprofile(None)

reached, waiting = set(), set(called)
while waiting:
    function = waiting.pop()
    reached.add(function)
    named = {function.__globals__.get(name) for name in function.__code__.co_names if name in function.__globals__
             and isinstance(function.__globals__[name], types.FunctionType)}
    waiting |= (named & set(decorated)) - reached
alone = {f for f in decorated if f.__name__ == f.__module__.rpartition(".")[2]}  # a stage by itself, for tests and benchmarks
simulated = {f for f in decorated if f.__module__ == "edgeecg_kernels.heart"}  # nothing live waits for the simulator
print(len(reached), *sorted(f"{f.__module__}.{f.__name__}" for f in set(decorated) - reached - alone - simulated))
"""

# Compiled: real input of every kind, after a warm-up, must not add a signature to any kernel called from Python.
ADDED = """
import gc
import numpy as np
from numba.core.dispatcher import Dispatcher
from edgeecg.warmup import compile_all
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.types import Chunk, SourceChange, SourceState, Tick

compile_all()
before = {d: len(d.signatures) for d in gc.get_objects() if isinstance(d, Dispatcher)}
streams = StreamFacts(name="a", rate_hz=1000.0, leads=("I", "II")), StreamFacts(name="b", rate_hz=250.0)
engine = Engine(EngineConfig(streams=streams))
engine.feed(SourceState("a", SourceChange.OPENED, 0))
engine.feed(SourceState("b", SourceChange.OPENED, 0))
for at, dtype in enumerate((np.int16, np.uint16, np.int32, np.float32, np.float64), start=1):
    engine.feed(Chunk("a", np.asfortranarray(np.zeros((1000, 2), dtype)), at * 10**9))
    frozen = np.zeros(250, dtype)
    frozen.flags.writeable = False
    engine.feed(Chunk("b", frozen, at * 10**9))
engine.restore(engine.snapshot())
engine.feed(Chunk("b", np.zeros(500, np.int16)[::2], 6 * 10**9))
engine.feed(Tick(20 * 10**9))
engine.feed(SourceState("b", SourceChange.LOST, 21 * 10**9))
after = {d: len(d.signatures) for d in gc.get_objects() if isinstance(d, Dispatcher)}
assert any(before.values()), "nothing was compiled at all"
print(*sorted(d.__name__ for d, n in after.items() if n > max(1, before.get(d, 0)) or (n and not before.get(d, 0))))
"""


def output_of(program: str, *, jit: bool) -> list[str]:
    """Run a program in a fresh interpreter, compiled or not, and return its words."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0" if jit else "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_every_kernel_is_reached() -> None:
    n_reached, *unreached = output_of(UNREACHED, jit=False)
    assert unreached == []
    assert int(n_reached) > 50


def test_real_input_compiles_nothing_more() -> None:
    assert output_of(ADDED, jit=True) == []


PRUNED = """
import os
from edgeecg.ready import KEPT_S, prune
from edgeecg_kernels._jit import cache_root, folders_in_use

root, now_s = cache_root(), 2e9
for name, age_s in (("qrs-old", KEPT_S + 60), ("qrs-other", KEPT_S - 60)):
    (root / name).mkdir()
    (root / name / "kernel.nbc").write_bytes(b"")
    os.utime(root / name, (now_s - age_s, now_s - age_s))
ours = next(iter(folders_in_use()))
ours.mkdir(exist_ok=True)
os.utime(ours, (0, 0))
assert [folder.name for folder in prune(now_s)] == ["qrs-old"]
assert not (root / "qrs-old").exists()
assert (root / "qrs-other").exists()
assert ours.stat().st_mtime > 0, "what is in use counts as warmed"
assert prune(now_s) == []
print(root)
"""


def test_pruning_removes_only_what_nobody_warmed_for_a_week(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    (root,) = output_of(PRUNED, jit=False)
    assert Path(root).is_relative_to(tmp_path)


def test_what_was_compiled_is_not_loaded_again_before_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a source, a flag or the processor is another: then it is compiled anew."""
    called: list[str] = []
    monkeypatch.setattr(warmup, "compile_all", lambda: called.append("compiled"))
    stamps = [tmp_path / "all-1", tmp_path / "all-2", tmp_path / "gone" / "all-3", None]
    for stamp, times in zip(stamps, (1, 1, 2, 2), strict=True):
        monkeypatch.setattr(warmed, "stamp", lambda stamp=stamp: stamp)
        called.clear()
        ready.make_ready(called.append)
        ready.make_ready(called.append)
        assert called == [ready.AT_FIRST, "compiled"] * times, "and who waits is told before"


def test_the_stamp_names_all_that_decides_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    stamp = warmed.stamp()
    assert stamp is not None
    assert warmed.stamp() == stamp
    monkeypatch.setattr(warmed, "folders_in_use", lambda: {Path("pipeline-0"), Path("sound-1")})
    other = warmed.stamp()
    assert other not in {None, stamp}
    monkeypatch.setattr(warmed, "folders_in_use", lambda: {Path("pipeline-0"), Path("sound-2")})
    assert warmed.stamp() not in {None, stamp, other}


UNKEPT = """
import edgeecg, edgeecg_kernels, edgeecg_wire
from importlib.util import cache_from_source
from pathlib import Path
from edgeecg.ready import keep_bytecode

keep_bytecode()
sources = [one for package in (edgeecg, edgeecg_kernels, edgeecg_wire) for one in Path(package.__path__[0]).rglob("*.py")]
print(len(sources), *(one for one in sources if not Path(cache_from_source(one)).exists()))
"""


def test_bytecode_is_kept_also_where_python_is_told_to_write_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path))
    n_sources, *unkept = output_of(UNKEPT, jit=False)
    assert int(n_sources) > 100
    assert unkept == []


def test_where_nothing_can_be_written_modules_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "file"))
    n_sources, *unkept = output_of(UNKEPT, jit=False)
    assert len(unkept) == int(n_sources)
