"""What the engine must reach, measured in one run: `python benchmarks/engine.py [--data FOLDER] [--rounds N] [--json]`.

Every round takes each way once, so that a slow moment of the machine falls on all of them; a ratio is taken within a round.
Given are medians over rounds and, in brackets, the middle half of them. Throughput is processor time of one thread; `feed`
of one stream and the start of a process are wall time, because somebody waits for them: on a shared machine they are too
long, and the last column still holds.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import engine_mains, engine_start
from benchmarks.engine_work import RATE_HZ, Work, batch, feed_latency, feed_long, feed_many, fused, journalling, read_lead, resampling
from edgeecg.bench.rounds import Spread, spread
from edgeecg.columns import columns
from edgeecg_kernels.state import GRID_HZ

ON_GRID, AT_RATE = "sleepecg, same grid samples", "sleepecg, same samples at 360 Hz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A figure and what it must reach."""

    name: str
    unit: str
    least: float | None = None
    most: float | None = None
    against: str = ""
    """The line it is a ratio to, and how large that must be."""
    least_ratio: float = 0.0


LINES = (
    Line(name="condition + detect, chunks of 64", unit="Msamples/s", least=55, against=ON_GRID, least_ratio=1.3),
    Line(name="condition + detect, chunks of 360", unit="Msamples/s", least=100, against=ON_GRID, least_ratio=2.5),
    Line(name=ON_GRID, unit="Msamples/s"),
    *(
        Line(name=f"feed, chunks of {length}, {p}", unit="us", most=12 if p == "p50" else None)
        for length in (1, 16, 64)
        for p in ("p50", "p99")
    ),
    Line(name="feed, chunks of 10 s", unit="Msamples/s", against=AT_RATE, least_ratio=0.75),
    Line(name=AT_RATE, unit="Msamples/s"),
    Line(name="feed_many, a chunk", unit="us", most=2),
    Line(name="journal, a chunk of feed_many", unit="us"),
    Line(name="resample, chunks of 64", unit="Msamples/s"),
    Line(name="import edgeecg", unit="s", most=0.15),
    Line(name="first beat of a process", unit="s", most=1.2),
    Line(name="first beat, processor time", unit="s"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """A line as measured."""

    line: Line
    value: Spread
    ratio: Spread | None

    @property
    def short(self) -> list[str]:
        """What it falls short of."""
        line = self.line
        missed = []
        if line.least is not None and self.value.median < line.least:
            missed.append(f"< {line.least:g}")
        if line.most is not None and self.value.median > line.most:
            missed.append(f"> {line.most:g}")
        if self.ratio is not None and self.ratio.median < line.least_ratio:
            missed.append(f"< {line.least_ratio:g}x")
        return missed


def result(line: Line, rounds: dict[str, list[float]]) -> Result:
    values = rounds[line.name]
    if not line.against:
        return Result(line, spread(values), None)
    return Result(line, spread(values), spread([a / b for a, b in zip(values, rounds[line.against], strict=True)]))


def ways(data: Path | None, folder: Path) -> tuple[str, list[Work]]:
    lead = read_lead(data)
    return lead.source, [
        fused(lead, 64),
        batch(ON_GRID, lead.on_grid, GRID_HZ),
        fused(lead, 360),
        feed_long(lead),
        batch(AT_RATE, lead.millivolts, RATE_HZ),
        *(feed_latency(lead, length) for length in (1, 16, 64)),
        feed_many(lead),
        journalling(lead, folder),
        resampling(lead),
        engine_start.start,
    ]


def measured(works: list[Work], n_rounds: int) -> dict[str, list[float]]:
    """Take each way once a round; a round before them warms everything up and is forgotten."""
    rounds: dict[str, list[float]] = {}
    for number in progress(n_rounds + 1):
        figures = {name: value for work in works for name, value in work().items()}
        for name, value in figures.items() if number else ():
            rounds.setdefault(name, []).append(value)
    return rounds


def progress(total: int) -> Iterator[int]:
    began = time.monotonic()
    for number in range(total):
        if number and sys.stderr.isatty():
            left_s = (time.monotonic() - began) / number * (total - number)
            print(f"\rround {number} of {total - 1}, {left_s:.0f} s left\033[K", end="", file=sys.stderr, flush=True)
        yield number
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def wanted(line: Line) -> str:
    value = f">= {line.least:g}" if line.least is not None else f"<= {line.most:g}" if line.most is not None else ""
    return " ".join(filter(None, [value, f">= {line.least_ratio:g}x" if line.least_ratio else ""]))


def table(results: list[Result]) -> str:
    rows = [["", "unit", "median (middle half)", "ratio to sleepecg", "must reach", ""]]
    for one in results:
        verdict = f"short: {', '.join(one.short)}" if one.short else "reached" if wanted(one.line) else ""
        ratio = "" if one.ratio is None else f"{one.ratio}x"
        rows.append([one.line.name, one.line.unit, str(one.value), ratio, wanted(one.line), verdict])
    return columns(rows, rules=(1,))


def mains_table(all_mains: list[engine_mains.Mains]) -> str:
    rows = [["mains, the worst of 50 and 60 Hz +- 0.2", "mV", "found s", "cut dB", "QRS changed %", "must reach <= 2 s, >= 30 dB, <= 2 %"]]
    for one in all_mains:
        reached = one.found_s <= engine_mains.FOUND_WITHIN_S and one.cut_db >= 30 and one.qrs_changed_percent <= 2
        figures = f"{one.mv:g}", f"{one.found_s:.2f}", f"{one.cut_db:.1f}", f"{one.qrs_changed_percent:.2f}"
        rows.append([one.heart, *figures, "reached" if reached else "short"])
    return columns(rows, rules=(1,))


def as_json(results: list[Result], all_mains: list[engine_mains.Mains], source: str, load: tuple[float, float, float]) -> dict[str, Any]:
    return {
        "source": source,
        "load_average": load,
        "processors": os.cpu_count(),
        "lines": [{**asdict(one), "short": one.short} for one in results],
        "mains": [asdict(one) for one in all_mains],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("EDGEECG_DATA"), help="holds mitdb/ (default: $EDGEECG_DATA)")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        source, works = ways(options.data and Path(options.data), Path(folder))
        rounds = measured(works, options.rounds)
    results = [result(line, rounds) for line in LINES]
    all_mains = engine_mains.measure_all(options.data and Path(options.data))
    if options.json:
        print(json.dumps(as_json(results, all_mains, source, load), indent=1))
        return 0
    print(f"{source}; {options.rounds} rounds; {os.cpu_count()} processors, load average before {load[0]:.1f}")
    print(table(results), mains_table(all_mains), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
