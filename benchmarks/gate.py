"""Is this tree slower than what was accepted? `python -m benchmarks.gate`, half a minute at most; `--accept` takes it as it is.

Exit status 1: something takes at least 1.3 times as much as accepted, in each of three rounds. How to accept: baselines/README.md.
"""

import argparse
import sys
from pathlib import Path

from edgeecg.bench import gate

BASELINES = Path(__file__).parent / "baselines"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", action="store_true", help="measure, and write it down as what is accepted on this processor")
    parser.add_argument("--baselines", type=Path, default=BASELINES, metavar="FOLDER")
    options = parser.parse_args()
    path = options.baselines / gate.baseline_name()
    accepted = gate.read(path)
    if accepted is None and not options.accept:
        print(f"gate: not judged: nothing was accepted for this processor and Python yet ({path.name}; --accept does)")
        return 0
    timed = gate.works()
    if options.accept:
        print(
            "\n".join(f"{name}: {value:g} yardsticks" for name, value in gate.accept(path, iter(lambda: gate.a_round(timed), None)).items())
        )
        return 0
    assert accepted is not None
    verdicts = gate.judged(accepted, lambda: gate.a_round(timed))
    print("\n".join(f"gate: {verdict}" for verdict in verdicts))
    return int(any(verdict.is_slow for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
