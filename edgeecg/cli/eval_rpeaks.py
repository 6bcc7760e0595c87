"""`edgeecg eval rpeaks`: tables for people, or `--json` for programs."""

import argparse
import json
import os
from pathlib import Path

from edgeecg.cli.parser import checked
from edgeecg.cli.progress import Progress
from edgeecg.errors import InputError
from edgeecg.evals.noise import SNRS_DB, read_noise, without_normal_beat
from edgeecg.evals.rpeaks import CROSSVAL, Report, engine_detector, evaluate, find_records, read_crossval
from edgeecg.evals.table import conditions_table, crossval_lines, records_table

EPILOGUE = """\
Pairing: ANSI/AAMI EC57, 150 ms, beat annotations only, ventricular fibrillation left out; from the start and from minute 5.
Delay: from the annotated R peak to the input sample whose arrival decided the beat.
Noise: PhysioNet's nst rule; from a record that nst made (nstdb/118e06) the noise is taken back out."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = f"{EPILOGUE}\n\n{parser.epilog}"
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="recordings in PhysioNet's layout (default: $EDGEECG_DATA)")
    parser.add_argument("--records", nargs="+", default=[], metavar="NAME", help="such as 208 or nstdb/118e06 (default: all of mitdb/)")
    parser.add_argument("--lead", type=checked(int, "0 or more", lambda n: n >= 0), default=0, metavar="N", help="which lead (default: 0)")
    chunk = checked(int, "1 to 100000", lambda n: 1 <= n <= 100_000)
    parser.add_argument("--chunk", type=chunk, default=64, metavar="N", help="samples a chunk (default: 64)")
    parser.add_argument("--noise", metavar="RECORD", help="mix this noise record in, such as nstdb/bw or nstdb/118e06")
    snr = checked(float, "-60 to 60", lambda db: -60 <= db <= 60)
    default = " ".join(f"{db:g}" for db in SNRS_DB)
    parser.add_argument("--snr", nargs="+", type=snr, metavar="DB", help=f"how loud, with --noise (default: {default})")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    data = options.data or os.environ.get("EDGEECG_DATA")
    if not data:
        raise InputError("--data", "nothing", "a folder of recordings, and EDGEECG_DATA names none")
    if options.snr and not options.noise:
        raise InputError("--snr", "given without --noise", "a level of some noise")
    paths = find_records(Path(data), options.records)
    noise = read_noise(find_records(Path(data), [options.noise])[0]) if options.noise else None
    levels = [None] if noise is None else [None, *(options.snr or SNRS_DB)]
    left_out = without_normal_beat(paths) if noise else []
    mixable = [path for path in paths if path not in left_out]
    progress = Progress(len(paths) + len(mixable) * (len(levels) - 1))
    detect = engine_detector(options.chunk)
    reports = [
        Report(
            detector=f"edgeecg, chunks of {options.chunk}",
            snr_db=snr_db,
            records=tuple(
                progress.over(evaluate(paths if snr_db is None else mixable, detect, noise=noise, snr_db=snr_db, lead=options.lead))
            ),
        )
        for snr_db in levels
    ]
    fitted = None if noise or options.records or options.lead else read_crossval(CROSSVAL)
    if options.json:
        conditions = [report.figures() for report in reports]
        print(
            json.dumps({"lead": options.lead, "noise": noise and noise.name, "conditions": conditions, "cross_validated": fitted}, indent=1)
        )
        return 0
    print(records_table(reports[0]))
    if noise is not None:
        print(f"\n{noise.name}:\n{conditions_table(reports)}")
        if left_out:
            print(f"left out under noise, for the rule needs a normal beat: {', '.join(path.name for path in left_out)}")
    elif not options.records:
        print(f"\n{crossval_lines(fitted)}")
    return 0
