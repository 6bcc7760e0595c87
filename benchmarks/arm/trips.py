"""How often each block of a compiled kernel runs: its optimised code with a counter put into every block, called like any other."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import llvmlite.binding as llvm
from numba.core import codegen
from numba.core.caching import NullCache

DEFINE = re.compile(r'^define .*@("[^"]+"|[-\w.$]+)\(')
LABEL = re.compile(r'^("[^"]+"|[-\w.$]+):')
COUNTERS = "edgeecg_trips"

Block = tuple[str, str]
"""A function and a block of it, by their names in the optimised code."""


def blocks_of(code: str) -> Iterator[tuple[int, Block]]:
    """Yield each block with the line behind which its counter may stand: after its label and what must come first there."""
    function, lines = "", code.splitlines()
    for number, line in enumerate(lines):
        if found := DEFINE.match(line):
            function = found[1].strip('"')
        elif line == "}":
            function = ""
        elif function and (found := LABEL.match(line)):
            at = number
            while " = phi " in lines[at + 1]:
                at += 1
            yield at, (function, found[1].strip('"'))


def instrumented(code: str, counters: str = COUNTERS) -> tuple[str, list[Block]]:
    """Return the code with counters, and whose they are."""
    code = code.replace("\ndefine linkonce_odr ", "\ndefine internal ")  # else copies that were loaded before are called, and count nothing
    lines, found = code.splitlines(), list(blocks_of(code))
    for n in range(len(found) - 1, -1, -1):
        place = f"getelementptr inbounds ([{len(found)} x i64], ptr @{counters}, i64 0, i64 {n})"
        lines[found[n][0] + 1 : found[n][0] + 1] = [
            f"  %counted.{n} = load i64, ptr {place}", f"  %more.{n} = add i64 %counted.{n}, 1", f"  store i64 %more.{n}, ptr {place}",
        ]  # fmt: skip
    return "\n".join([*lines, f"@{counters} = global [{len(found)} x i64] zeroinitializer", ""]), [block for _, block in found]


@dataclass
class Counted:
    """A kernel's optimised code, and the counters of the copy that runs."""

    code: str = ""
    blocks: list[Block] = field(default_factory=list)
    counters: Any = None

    def read(self) -> dict[Block, int]:
        """Return how often each block has run so far."""
        return dict(zip(self.blocks, list(self.counters), strict=True))


def count(kernel: Any) -> Counted:
    """Have a kernel that was not called yet count from its first call on. Its callees come out of the cache; it itself is compiled anew."""
    library: Any = codegen.CPUCodeLibrary
    parse: Any = llvm.parse_assembly
    counters = f"{COUNTERS}_{kernel.py_func.__name__}"
    counted, finish = Counted(), library._finalize_final_module  # noqa: SLF001

    def finalize(self: Any) -> None:
        if kernel.py_func.__name__ in self.name and not counted.code:
            counted.code = str(self._final_module)
            text, counted.blocks = instrumented(counted.code, counters)
            self._final_module = parse(text)
            finish(self)
            place = self._codegen._engine._ee.get_global_value_address(counters)  # noqa: SLF001
            counted.counters = (ctypes.c_int64 * len(counted.blocks)).from_address(place)
        else:
            finish(self)

    library._finalize_final_module = finalize  # noqa: SLF001
    kernel._cache = NullCache()  # noqa: SLF001
    return counted
