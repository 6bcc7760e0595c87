"""`edgeecg eval coupling`: tables for people, `--json` for programs, `--to` for a picture."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeecg.cli.parser import checked
from edgeecg.cli.progress import Progress
from edgeecg.errors import InputError

if TYPE_CHECKING:
    from edgeecg.evals.coupling import Measured

PARTS = ("truth", "stability", "time")
QUICK = {"people": 2, "records": 3}
EPILOGUE = """\
truth: simulated people whose kernel is known, with no jitter, as at rest, heavy; delays also of those of `edgeecg simulate`. stability: cinc2016/training-a, which has no truth:
the estimate under noise against that of the clean recording, on the half that was not tuned on (a person may have recordings in both).
Noise: white, pink, hospital, bursts; the SNR counts between 25 and 160 Hz. All methods get the same beats, found by the
engine's detector; Tikhonov's lambda is chosen for each SNR on other people, and is the same in both tables. smoothed and
constant say next to nothing, steadily: stability alone is no evidence."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = f"{EPILOGUE}\n\n{parser.epilog}"
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="recordings in PhysioNet's layout (default: $EDGEECG_DATA)")
    count = checked(int, "1 or more", lambda n: n > 0)
    parser.add_argument("--people", type=count, default=24, metavar="N", help="simulated, for each regime (default: 24)")
    parser.add_argument("--records", type=count, default=49, metavar="N", help="recordings (default: 49)")
    snr = checked(float, "-20 to 60", lambda db: -20 <= db <= 60)
    parser.add_argument("--snr", nargs="+", type=snr, metavar="DB", help="SNRs (default: 20 10 5 0 -5)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK['people']} people and {QUICK['records']} recordings, at 5 and -5 dB")
    parser.add_argument("--to", type=Path, metavar="FILE", help="draw the figures (needs the extra `plot`)")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    if options.to and find_spec("matplotlib") is None:  # said now, and not when all has been measured
        raise InputError("--to", "drawing without matplotlib", "possible: pip install 'edgeecg[plot]'")
    from edgeecg.evals.coupling import JITTERS, SIMULATED, chosen_ridges, summary
    from edgeecg.evals.coupling_recording import SNRS_DB

    if options.quick:
        options.people, options.records = QUICK["people"], QUICK["records"]
    snrs_db = options.snr or ([5.0, -5.0] if options.quick else list(SNRS_DB))
    ridges = chosen_ridges(snrs_db) if {"truth", "stability"} & set(options.parts) else {}
    measured = {
        "truth": list(_truth(options, ridges)) if "truth" in options.parts else [],
        "stability": list(_stability(options, ridges)) if "stability" in options.parts else [],
    }
    rows = {
        "truth": summary(measured["truth"], (*JITTERS, SIMULATED), snrs_db) if measured["truth"] else [],
        "stability": summary(measured["stability"], ("real",), snrs_db) if measured["stability"] else [],
    }
    timed = _timed() if "time" in options.parts else {}
    if options.json:
        print(json.dumps({"ridges": {f"{snr:g}": ridge for snr, ridge in ridges.items()}} | rows | {"time": timed}, indent=1))
    else:
        _print(rows, ridges, timed)
    if options.to:
        from edgeecg.evals.coupling_plots import draw

        draw(rows["truth"], rows["stability"], options.to)
    return 0


def _print(rows: dict[str, Any], ridges: dict[float, float], timed: dict[str, Any]) -> None:
    from edgeecg.evals.coupling_table import delay_table, drift_table, kernel_table, slips_table, steadiness_table, time_lines, truth_table

    if ridges:
        print("lambda of Tikhonov: " + ", ".join(f"{ridge:g} at {snr:g} dB" for snr, ridge in ridges.items()))
    if rows["truth"]:
        print(f"\n{truth_table(rows['truth'])}\n\n{delay_table(rows['truth'])}\n\n{kernel_table(rows['truth'])}")
    if rows["stability"]:
        print(f"\n{steadiness_table(rows['stability'])}\n\n{slips_table(rows['stability'])}\n\n{drift_table(rows['stability'])}")
    if timed:
        print(f"\n{time_lines(timed['beat_us'], timed['pot'])}")


def _truth(options: argparse.Namespace, ridges: dict[float, float]) -> Iterator["Measured"]:
    from edgeecg.evals.coupling import JITTERS, REPORTED, SIMULATED, truth_of
    from edgeecg.evals.coupling_methods import ALL
    from edgeecg.evals.coupling_recording import NOISES
    from edgeecg.evals.coupling_subjects import known_person, simulated_person

    seeds = range(REPORTED[0], REPORTED[0] + options.people)
    progress = Progress((len(JITTERS) + 1) * len(seeds) * len(NOISES) * len(ridges) * len(ALL))
    for jitter in JITTERS:
        yield from progress.over(truth_of((known_person(seed, jitter) for seed in seeds), jitter, NOISES, ridges))
    yield from progress.over(truth_of((simulated_person(seed) for seed in seeds), SIMULATED, NOISES, ridges))


def _stability(options: argparse.Namespace, ridges: dict[float, float]) -> Iterator["Measured"]:
    from edgeecg.evals.coupling import steadiness_of
    from edgeecg.evals.coupling_methods import ALL
    from edgeecg.evals.coupling_recording import NOISES, find_recordings, halves, read_all

    data = options.data or os.environ.get("EDGEECG_DATA")
    if not data:
        print("stability: not measured, for no --data is given and EDGEECG_DATA names none", file=sys.stderr)
        return
    _, fresh = halves(find_recordings(Path(data)))
    step = max(1, len(fresh) // options.records)
    paths = fresh[::step][: options.records]
    progress = Progress(len(paths) * len(NOISES) * len(ridges) * len(ALL))
    yield from progress.over(steadiness_of(read_all(paths), NOISES, ridges))


def _timed() -> dict[str, Any]:
    from edgeecg.evals.coupling import CHOSEN_ON
    from edgeecg.evals.coupling_subjects import known_person
    from edgeecg.evals.coupling_time import against_pot, beat_us

    people = (known_person(seed, "rest").heard.with_noise("pink", 5.0, seed) for seed in CHOSEN_ON)
    return {"beat_us": beat_us(people), "pot": against_pot()}
