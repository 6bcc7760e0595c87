"""Harm frames by the million and read them with the scanner, with C, with Python and by the run: `python -m benchmarks.wire_fuzz`.

10^7 frames take about half an hour on one core, most of it Python's: `--python-share 0.1` gives Python, and the reader of runs, one batch in ten.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.wire.fuzzing import Fuzzer, Tally

C_SIDE = Path(__file__).parents[1] / "firmware_bridge" / "c"


def built(folder: Path) -> Path:
    """Build the C decoder as a library and return it."""
    library = folder / "libedgeecg_wire.so"
    subprocess.run(["make", "-s", "-C", C_SIDE, f"BUILD={folder}", library], check=True)
    return library


def said(tally: Tally, seconds: float) -> str:
    """Return the run so far, in a line."""
    return (
        f"harmed={tally.harmed} segments={tally.segments} survived_whole={tally.survived} wrong={tally.wrong} "
        f"worst_loss_beside_the_harmed={tally.worst_loss} lost_beside={tally.lost_with_it} disagreements={tally.disagreements} longest_run={tally.longest_run} "
        f"seconds={seconds:.0f} verdicts={dict(sorted(tally.verdicts.items()))}"
    )


def main() -> int:
    """Return 0 where nothing wrong was accepted, nothing more was lost than may be, and all decoders agreed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python-share", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=10_000)
    options = parser.parse_args()
    began, with_python_due = time.monotonic(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(options.seed, built(Path(folder)))
        while fuzzer.tally.harmed < options.frames:
            with_python_due += options.python_share
            with_python = with_python_due >= 1.0
            with_python_due -= with_python
            fuzzer.run(min(options.batch, options.frames - fuzzer.tally.harmed), with_python=with_python)
            if fuzzer.tally.harmed % (50 * options.batch) < options.batch:
                print(said(fuzzer.tally, time.monotonic() - began), file=sys.stderr, flush=True)
    tally = fuzzer.tally
    print(said(tally, time.monotonic() - began))
    return int(tally.wrong > 0 or tally.worst_loss > 1 or tally.disagreements > 0)


if __name__ == "__main__":
    sys.exit(main())
