"""SIGHUP while samples come, half of the settings invalid: `python -m benchmarks.daemon_reload [--times 200] [--json]`.

A simulated device on a pty and the daemon on its clock, `--speed` times as fast as a heart. The journal is fed to an engine of its own in the
end: a sample that was lost is a gap in what it says.
"""

import argparse
import json
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.daemon.reloading import LOW_RATES, reloaded

SAY_EVERY = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    def say(n: int) -> None:
        if n % SAY_EVERY == 0:
            print(f"{n} of {options.times}", file=sys.stderr, flush=True)

    logging.getLogger("edgeecg").setLevel(logging.CRITICAL)
    begun_s = time.monotonic()
    with TemporaryDirectory(prefix="edgeecg-reload-") as folder:
        outcome = reloaded(options.times, Path(folder), speed=options.speed, say=say)
    seconds = round(time.monotonic() - begun_s, 1)
    if options.json:
        print(json.dumps(asdict(outcome) | {"limits_seen": sorted(outcome.limits_seen), "seconds": seconds}))
    else:
        print(f"{outcome.taken} taken, {outcome.refused} refused in {seconds:g} s; {outcome.chunks} chunks, {outcome.gaps} gaps, ", end="")
        print(f"{outcome.refused_records} records refused")
    is_whole = not (outcome.gaps or outcome.refused_records) and outcome.limits_seen >= set(LOW_RATES)
    return 0 if is_whole and outcome.taken + outcome.refused == options.times else 1


if __name__ == "__main__":
    sys.exit(main())
