"""Every operation of the journal's disk fails once: `python -m benchmarks.journal_faults [--engine] [--alerts 200] [--json]`.

A keeper, an outbox that is a dict, and a machine whose state and alerts depend on every bit it was fed, so that one bit lost shows; or,
with --engine, the engine itself, with a monitor's rules, a restless heart, and a person who has seen every urgent alert. For each n,
the n-th operation on the disk fails before it does anything, fails after it has, or the power is cut in it and what was not synced is lost
or torn; then the life goes on to its end. What the outbox holds then is compared with a life in which nothing fails.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from tests.daemon.faulty import CONFIG, LIMITS, AlertingToy, Case, input_of, outcomes, unfaulted
from tests.daemon.faulty_engine import Counted, engine_case

WAYS = (("before", 1), ("before", 25), ("after", 1), ("after", 25), ("cut", 1))
"""How it fails, and how many operations in a row do."""
ALERTS_A_CALL = 0.7
ALERTS_A_CYCLE = 3.5
SAY_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to report."""

    alerts: int
    operations: int
    lives: int
    lost: int
    invented: int
    seconds: float


def of_toy(alerts: int) -> Case[AlertingToy]:
    """About so many, from a machine that is all state."""
    return Case(CONFIG, LIMITS, AlertingToy, input_of(round(alerts / ALERTS_A_CALL)))


def of_engine(alerts: int) -> Case[Counted]:
    """About so many, from the engine."""
    return engine_case(round(alerts / ALERTS_A_CYCLE))


def faulted(case: Case[Any], every: int = 1) -> Figures:
    """Live once for each operation (or every so many-th) and way."""
    whole, operations = unfaulted(case)
    begun_s = said_s = time.monotonic()
    lives = lost = invented = 0
    for how, times in WAYS:
        for n, life in outcomes(case, how, range(0, operations, every), times=times):
            lives += 1
            lost += len(whole - set(life.outbox))
            invented += len(set(life.outbox) - whole)
            if time.monotonic() - said_s > SAY_EVERY_S:
                said_s = time.monotonic()
                print(f"{how}, {times} in a row: operation {n} of {operations}", file=sys.stderr, flush=True)
    return Figures(len(whole), operations, lives, lost, invented, round(time.monotonic() - begun_s, 1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th operation")
    parser.add_argument("--engine", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = faulted((of_engine if options.engine else of_toy)(options.alerts), options.every)
    if options.json:
        print(json.dumps(asdict(figures)))
    else:
        print(
            f"{figures.alerts} alerts, {figures.operations} operations, {figures.lives} lives: {figures.lost} lost, {figures.invented} invented"
        )
    return 0 if not (figures.lost or figures.invented) else 1


if __name__ == "__main__":
    sys.exit(main())
