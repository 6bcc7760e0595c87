"""What the pipeline would cost on cores that are not here: `python -m benchmarks.arm.cost [--seconds N] [--json]`. An ESTIMATE, never a measurement.

Its optimised code is made into arm64 assembly for each core, every block of it goes through llvm-mca, and the cycles are multiplied by how
often the block ran on seeded hearts (counted, see `trips`). What this leaves out: caches and memory, branches guessed wrong, what one
block's instructions overlap with the next's, what called functions of the C library take, and all that is Python. The same is done for the
processor this runs on, and stands beside what the kernel was measured to take here: how far that is off says how far to trust the rest.
Needs llvm-mca (Debian: llvm). Its models: cortex-a53 has its own; a72 and a76 are, up to LLVM 14 at least, taken for a Cortex-A57.
"""

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm

from benchmarks.arm import trips
from edgeecg.bench import machine, stages
from edgeecg.bench.workloads import ARRHYTHMIA, QUIET, WORKLOADS, hearts_of
from edgeecg.models import golden
from edgeecg.models.preprocess import Preprocessor
from edgeecg.models.registry import Registry
from edgeecg.types import Beat
from edgeecg_kernels.pipeline import run_pieces
from edgeecg_kernels.preprocess import preprocess

ARM = "aarch64-unknown-linux-gnu"
CALLS = re.compile(r"^\s*(bl|blr|ret|callq?|retq?)\b")  # llvm-mca takes each for 100 cycles
DIRECTIVES = re.compile(r"^\s*(\.|//|#|$)")
BLOCK = re.compile(r"^(?:\.LBB\d+_\d+:|\s*(?://|#) %bb\.\d+:)(?:\s*(?://|#) %(\S+))?")
FUNCTION = re.compile(r'^("?[A-Za-z_$][^:"]*"?):')
ITERATIONS = 32
LONG = 1000
"""Samples of a chunk beside which the call is nothing."""
OF_BEATS = {"qrs_measure", "qrs_judge", "qrs_kind", "qrs_learn", "qrs_decide"}
"""Kernels that run when something may be a beat, and not at every sample."""


@dataclass(frozen=True, slots=True)
class Core:
    """A core to estimate for."""

    name: str
    triple: str
    llvm_name: str
    ghz: float
    found_in: str


CORES = (
    Core("Cortex-A53", ARM, "cortex-a53", 1.4, "Raspberry Pi 3B+"),
    Core("Cortex-A72", ARM, "cortex-a72", 1.8, "Raspberry Pi 4"),
    Core("Cortex-A76", ARM, "cortex-a76", 2.4, "Raspberry Pi 5"),
)


def assembly(code: str, core: Core) -> str:
    """Return the code's assembly for a core, its blocks by their names in the code."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(core.triple).create_target_machine(cpu=core.llvm_name, opt=3)
    target.set_asm_verbosity(True)
    code = re.sub(r"^target (triple|datalayout) = .*$", "", code, flags=re.MULTILINE)
    code = code.replace("@llvm.x86.atomic.sub.cc.i64", "@counted_down")  # x86's own word for letting an array go
    code = re.sub(r"^(declare .*@counted_down.*) immarg", r"\1", code, flags=re.MULTILINE)
    module = llvm.parse_assembly(code)
    module.triple = core.triple
    module.data_layout = str(target.target_data)
    return str(target.emit_assembly(module))


def by_block(text: str) -> dict[trips.Block, list[str]]:
    """Return the instructions of each block that still has its name; others go to the one before them."""
    found: dict[trips.Block, list[str]] = {}
    function, block = "", ""
    for line in text.splitlines():
        if started := BLOCK.match(line):
            block = started[1] or block
        elif named := FUNCTION.match(line):
            function, block = named[1].strip('"'), ""
        elif function and block and not (DIRECTIVES.match(line) or CALLS.match(line)):
            found.setdefault((function, block), []).append(line.split("//")[0].split("\t#")[0].rstrip())
    return found


def cycles(blocks: dict[trips.Block, list[str]], core: Core) -> tuple[dict[trips.Block, float], int]:
    """Return the cycles of each block by llvm-mca, and how many instructions it did not know and were left out."""
    kept, left_out = {block: list(lines) for block, lines in blocks.items()}, 0
    for _ in range(40):
        text, owners = _regions(kept)
        command = [
            "llvm-mca",
            f"-mtriple={core.triple}",
            f"-mcpu={core.llvm_name}",
            f"-iterations={ITERATIONS}",
            "-all-views=false",
            "-summary-view",
        ]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        bad = _refused(done.stderr, text)
        if not bad:
            totals = [int(found) for found in re.findall(r"^Total Cycles:\s+(\d+)", done.stdout, re.MULTILINE)]
            if len(totals) != len(owners):
                raise SystemExit(f"llvm-mca for {core.name}: {len(totals)} regions of {len(owners)}: {done.stderr[-400:]}")
            return {block: total / ITERATIONS for block, total in zip(owners, totals, strict=True)}, left_out
        for block, lines in kept.items():
            kept[block] = [line for line in lines if line.strip() not in bad]
            left_out += len(lines) - len(kept[block])
    raise SystemExit(f"llvm-mca for {core.name}: does not know its instructions")


def _regions(blocks: dict[trips.Block, list[str]]) -> tuple[str, list[trips.Block]]:
    text: list[str] = []
    owners = [block for block, lines in blocks.items() if lines]
    for n, block in enumerate(owners):
        text += [f"# LLVM-MCA-BEGIN b{n}", *blocks[block], "# LLVM-MCA-END"]
    return "\n".join(text) + "\n", owners


def _refused(errors: str, text: str) -> set[str]:
    """Return the instructions an assembler or a model of this age does not know."""
    lines = text.splitlines()
    numbers = [int(found) for found in re.findall(r"^<stdin>:(\d+):\d+: error", errors, re.MULTILINE)]
    unsupported = re.findall(r"^\s*note: instruction:\s+(.*)$", errors, re.MULTILINE)
    return {lines[number - 1].strip() for number in numbers} | {one.strip() for one in unsupported}


def here() -> Core | None:
    """Return the core this runs on, where llvm-mca has a model that is near it."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return None
    wide = "avx512f" in machine.facts()["vector_units"]
    return Core("this processor", "x86_64-unknown-linux-gnu", "icelake-server" if wide else "skylake", clock_ghz(), "here")


def clock_ghz() -> float:
    """Return cycles a nanosecond by a chain of shifts and exclusive ors, of which each takes one."""
    import numba

    def shifts(x: int, n: int) -> int:
        for _ in range(n):
            x ^= x << 13
            x ^= x >> 7
            x ^= x << 17
        return x

    chain: Any = numba.njit(shifts)
    chain(1, 10)
    n, best_ns = 2_000_000, float("inf")
    for turn in range(9):
        begun_ns = time.thread_time_ns()
        chain(turn + 1, n)
        best_ns = min(best_ns, time.thread_time_ns() - begun_ns)
    return 6 * n / best_ns


@dataclass(frozen=True, slots=True)
class Fed:
    """What was counted of one kernel at one kind of work."""

    name: str
    kernel: str
    units: int
    per: str
    beats: int
    trips: dict[trips.Block, int]


def fed(load: str, length: int, counted: trips.Counted, seconds: float) -> Fed:
    """Feed a heart in chunks of one length to an engine that counts."""
    chunks = stages.chunks_of(hearts_of(WORKLOADS[load], seconds)[0], length)
    engine = stages.engine_of(rules=False)
    before = counted.read()
    beats = sum(isinstance(event, Beat) for chunk in chunks for event in engine.feed(chunk))
    return Fed(f"{load}, chunks of {length}", "pipeline", len(chunks) * length, "sample", beats, _since(before, counted))


def prepared(counted: trips.Counted, n: int = 20) -> Fed:
    """Bring windows before the default model's net."""
    registry = Registry()
    given = registry.card(registry.default()).input
    prepare, (samples, _) = Preprocessor(given), golden.window(given)
    before = counted.read()
    for _ in range(n):
        prepare(samples)
    return Fed("a window before its net", "preprocess", n, "window", 0, _since(before, counted))


def _since(before: dict[trips.Block, int], counted: trips.Counted) -> dict[trips.Block, int]:
    return {block: count - before.get(block, 0) for block, count in counted.read().items()}


def measured_ns(load: str, seconds: float) -> float:
    """Return what a sample takes here in the kernel, uncounted, in long chunks, so that the call is nothing; the shortest of some rounds."""
    program = (
        "import time; from edgeecg.bench import stages; from edgeecg.bench.workloads import WORKLOADS, hearts_of\n"
        f"chunks = stages.chunks_of(hearts_of(WORKLOADS[{load!r}], {seconds})[0], {LONG})\n"
        "best = float('inf')\n"
        "for _ in range(9):\n"
        "    engine = stages.engine_of(rules=False)\n"
        "    begun = time.thread_time_ns()\n"
        "    for chunk in chunks: engine.feed(chunk)\n"
        "    best = min(best, time.thread_time_ns() - begun)\n"
        f"print(best / len(chunks) / {LONG})"
    )
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def named(function: str) -> tuple[str, str]:
    """Return module and name of the kernel that a function's long name is of."""
    rest = function.partition("edgeecg_kernels")[2]
    words = []
    while found := re.match(r"(\d+)", rest):
        length, rest = int(found[1]), rest[len(found[1]) :]
        words.append(rest[:length])
        rest = rest[length:]
    return (words[0], words[1]) if len(words) > 1 else ("", function[:40])


def estimate(counted: dict[str, trips.Counted], core: Core, all_fed: list[Fed]) -> dict[str, Any]:
    """Return the estimate for a core: nanoseconds of a sample or window, of a beat, and the kernels they go to."""
    told: dict[str, Any] = {"core": core.name, "ghz": core.ghz, "found_in": core.found_in, "instructions_left_out": 0}
    for kernel, code in counted.items():
        works = [one for one in all_fed if one.kernel == kernel]
        blocks = by_block(assembly(code.code, core))
        ran = {block: lines for block, lines in blocks.items() if any(one.trips.get(block) for one in works)}
        known, left_out = cycles(ran, core)
        told["instructions_left_out"] += left_out
        told |= {one.name: _summed(one, known, core) for one in works}
    return told


def _summed(one: Fed, known: dict[trips.Block, float], core: Core) -> dict[str, Any]:
    spent: Counter[tuple[str, str]] = Counter()
    for block, count in one.trips.items():
        spent[named(block[0])] += round(known.get(block, 0.0) * count)
    of_beats = sum(cycles_ for (module, _), cycles_ in spent.items() if module in OF_BEATS)
    inside = sum(count for block, count in one.trips.items() if block in known)
    return {
        "per": one.per,
        "ns": spent.total() / core.ghz / one.units,
        "us_a_beat": of_beats / core.ghz / one.beats / 1e3 if one.beats else 0.0,
        "blocks_known": inside / max(1, sum(one.trips.values())),
        "kernels": {name: cycles_ / core.ghz / one.units for (_, name), cycles_ in spent.most_common(8)},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if shutil.which("llvm-mca") is None:
        print("cost: llvm-mca is not here: nothing is estimated")
        return 0
    counted = {"pipeline": trips.count(run_pieces), "preprocess": trips.count(preprocess)}
    stages.engine_of(rules=False)
    given = Registry().card(Registry().default()).input
    Preprocessor(given)(golden.window(given)[0])
    pipeline = counted["pipeline"]
    works = [fed(load, length, pipeline, options.seconds) for load, length in ((QUIET, LONG), (ARRHYTHMIA, LONG), (QUIET, stages.CHUNK))]
    works.append(prepared(counted["preprocess"]))
    own = here()
    told = [estimate(counted, core, works) for core in (*CORES, *filter(None, [own]))]
    measured = {f"{load}, chunks of {LONG}": measured_ns(load, options.seconds) for load in (QUIET, ARRHYTHMIA)} if own else {}
    if options.json:
        print(json.dumps({"estimates": told, "measured_ns_a_sample": measured}, indent=1))
        return 0
    for one in told:
        report(one, [work.name for work in works], measured if one["found_in"] == "here" else {})
    return 0


def report(one: dict[str, Any], works: list[str], measured: dict[str, float]) -> None:
    print(f"ESTIMATE, {one['core']} at {one['ghz']:.2f} GHz ({one['found_in']}); {one['instructions_left_out']} instructions left out")
    for name in works:
        told = one[name]
        beat = f", {told['us_a_beat']:.1f} us more a beat" if told["us_a_beat"] else ""
        print(f"  {name:26} {told['ns']:10.1f} ns a {told['per']}{beat} ({told['blocks_known']:.0%} of the blocks run are in it)")
        print("      " + ", ".join(f"{kernel} {ns:.1f}" for kernel, ns in told["kernels"].items()))
        if name in measured:
            print(f"      MEASURED here: {measured[name]:.1f} ns; the estimate is {told['ns'] / measured[name]:.2f} times that")


if __name__ == "__main__":
    sys.exit(main())
