"""The cost model's own parts; what needs qemu or llvm-mca runs in .ci/arm."""

import ctypes
import shutil
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest

from benchmarks.arm import bits
from benchmarks.arm.cost import CORES, assembly, by_block, cycles
from benchmarks.arm.trips import COUNTERS, instrumented

LOOP = """
define i64 @sum(i64 %n) {
entry:
  br label %more
more:
  %i = phi i64 [ 0, %entry ], [ %next, %odd ], [ %next, %more ]
  %total = phi i64 [ 0, %entry ], [ %sum, %odd ], [ %sum, %more ]
  %sum = add i64 %total, %i
  %next = add i64 %i, 1
  %bit = and i64 %i, 1
  %is_odd = icmp eq i64 %bit, 1
  br i1 %is_odd, label %odd, label %more
odd:
  %done = icmp uge i64 %next, %n
  br i1 %done, label %end, label %more
end:
  ret i64 %sum
}
"""


def test_every_block_is_counted_and_nothing_else_changes() -> None:
    binding: Any = llvm
    text, blocks = instrumented(LOOP)
    assert blocks == [("sum", name) for name in ("entry", "more", "odd", "end")]
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple().create_target_machine()
    with binding.create_mcjit_compiler(binding.parse_assembly(text), target) as engine:
        engine.finalize_object()
        run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(engine.get_function_address("sum"))
        counters = (ctypes.c_int64 * 4).from_address(engine.get_global_value_address(COUNTERS))
        assert run(10) == 45
        assert list(counters) == [1, 10, 5, 1]


def test_arm_code_is_made_here_and_fuses_nothing() -> None:
    code = "define double @f(double %a, double %b) {\nentry:\n  %c = fmul double %a, %b\n  %d = fadd double %c, %b\n  ret double %d\n}\n"
    for core in CORES:
        (lines,) = by_block(assembly(code, core)).values()
        names = [line.split()[0] for line in lines]
        assert names == ["fmul", "fadd"], "a return is left out, as calls are"


@pytest.mark.skipif(shutil.which("llvm-mca") is None, reason="needs llvm-mca")
def test_a_longer_block_costs_more_and_what_is_not_known_is_left_out() -> None:
    core = CORES[1]
    short, long = ["\tfadd\td0, d0, d1"], ["\tfadd\td0, d0, d1"] * 5
    found, left_out = cycles({("f", "short"): short, ("f", "long"): [*long, "\tnonsense\tx0"]}, core)
    assert found["f", "long"] > 3 * found["f", "short"] > 0
    assert left_out == 1


def test_bits_that_differ_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bits, "SECONDS", 4.0)
    assert bits.make(tmp_path) == 0
    assert bits.check(tmp_path) == 0
    x = np.load(tmp_path / "quiet.npy")
    x[100] = np.nextafter(x[100], np.inf)
    np.save(tmp_path / "quiet.npy", x)
    capsys.readouterr()
    assert bits.check(tmp_path) == 1
    assert "bytes differ" in capsys.readouterr().out
