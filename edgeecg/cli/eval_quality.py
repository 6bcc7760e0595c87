"""`edgeecg eval quality`: tables for people, or `--json` for programs."""

import argparse
import json
import os
from pathlib import Path

from edgeecg.cli.parser import checked
from edgeecg.cli.progress import Progress
from edgeecg.errors import InputError
from edgeecg.evals.noise import SNRS_DB, read_noise, without_normal_beat
from edgeecg.evals.quality_report import CROSSVAL, QualityReport, evaluate_quality, fitted, read_quality_crossval, under_noise
from edgeecg.evals.quality_table import noise_table, records_table, summary
from edgeecg.evals.rpeaks import find_records

EPILOGUE = """\
Clean: seconds that no annotator's noise mark covers. Beats are paired as in `edgeecg eval rpeaks`, and count where a second is rated good.
Heart rate: against what the same definition makes of the annotated beats, second by second; unknown is not within.
Noise: PhysioNet's nst rule; five clean minutes, then two noisy ones and two clean ones in turn. Noisy: the noisy minutes alone."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = f"{EPILOGUE}\n\n{parser.epilog}"
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="recordings in PhysioNet's layout (default: $EDGEECG_DATA)")
    parser.add_argument("--records", nargs="+", default=[], metavar="NAME", help="such as 208 (default: all of mitdb/)")
    parser.add_argument("--lead", type=checked(int, "0 or more", lambda n: n >= 0), default=0, metavar="N", help="which lead (default: 0)")
    chunk = checked(int, "1 to 100000", lambda n: 1 <= n <= 100_000)
    parser.add_argument("--chunk", type=chunk, default=64, metavar="N", help="samples a chunk (default: 64)")
    parser.add_argument("--noise", nargs="+", default=[], metavar="RECORD", help="mix these in, one at a time: nstdb/bw nstdb/118e06")
    snr = checked(float, "-60 to 60", lambda db: -60 <= db <= 60)
    default = " ".join(f"{db:g}" for db in SNRS_DB)
    parser.add_argument("--snr", nargs="+", type=snr, metavar="DB", help=f"how loud, with --noise (default: {default})")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    data = options.data or os.environ.get("EDGEECG_DATA")
    if not data:
        raise InputError("--data", "not given", "left out unless EDGEECG_DATA names a folder of recordings")
    if options.snr and not options.noise:
        raise InputError("--snr", "given without --noise", "a level of some noise")
    paths = find_records(Path(data), options.records)
    noises = [read_noise(path) for path in (find_records(Path(data), options.noise) if options.noise else ())]
    conditions = [(None, None), *((noise, snr_db) for noise in noises for snr_db in options.snr or SNRS_DB)]
    left_out = without_normal_beat(paths) if noises else []
    mixable = [path for path in paths if path not in left_out]
    progress = Progress(len(paths) + len(mixable) * (len(conditions) - 1))
    reports = []
    for noise, snr_db in conditions:
        measured = evaluate_quality(mixable if noise else paths, noise=noise, snr_db=snr_db, lead=options.lead, chunk_len=options.chunk)
        records = tuple(progress.over(measured))
        reports.append(QualityReport(noise=noise.name if noise else None, snr_db=snr_db, records=records))
    crossval = None if options.records or options.lead else read_quality_crossval(CROSSVAL)
    if options.json:
        print(json.dumps(_as_json(reports, crossval, options.lead), indent=1))
        return 0
    print(records_table(reports[0]))
    if noises:
        print(f"\n{noise_table(reports[1:])}")
    if left_out:
        print(f"left out under noise, for the rule needs a normal beat: {', '.join(path.name for path in left_out)}")
    print(f"\n{summary(fitted(reports), crossval)}")
    return 0


def _as_json(reports: list[QualityReport], crossval: dict[str, float] | None, lead: int) -> dict[str, object]:
    noisy = under_noise(reports)
    return {
        "lead": lead,
        "conditions": [report.figures() for report in reports],
        "under_noise": noisy and noisy.figures(),
        "fitted": fitted(reports),
        "cross_validated": crossval,
    }
