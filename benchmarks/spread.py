"""How far the ratios of several runs of the suite lie apart: `python -m benchmarks.spread A.json B.json C.json`, as `edgeecg bench --to` wrote them.

Exit status 1: the medians of one ratio lie more than 15 % of their middle apart.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgeecg.columns import columns

MOST = 0.15


def ratios(report: dict[str, Any]) -> dict[str, float]:
    """Return every ratio of a report: how many times as long a peer takes at the same work in the same run."""
    return {f"{one['work']}: {one['peer']}": one["ratio"]["median"] for one in report["peers"]["measured"]}


def spreads(reports: Sequence[dict[str, Any]]) -> dict[str, tuple[list[float], float]]:
    """Return of each ratio that all have its values, and how far they lie apart, as a share of their middle."""
    each = [ratios(report) for report in reports]
    names = [name for name in each[0] if all(name in one for one in each)]
    values = {name: [one[name] for one in each] for name in names}
    return {name: (found, (max(found) - min(found)) / statistics.median(found)) for name, found in values.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="+", type=Path, metavar="FILE.json")
    options = parser.parse_args()
    found = spreads([json.loads(path.read_text(encoding="utf-8")) for path in options.reports])
    rows = [["a peer takes, times as long", "in each run", "apart"]]
    rows += [[name, ", ".join(f"{value:.3g}" for value in values), f"{apart:.1%}"] for name, (values, apart) in found.items()]
    print(columns(rows, rules=(1,)))
    return int(any(apart > MOST for _, apart in found.values()))


if __name__ == "__main__":
    sys.exit(main())
