"""`edgeecg export JOURNAL`: a stream, or the minute around an alert, as WFDB, EDF+ or FHIR."""

import argparse
from pathlib import Path

from edgeecg.cli.parser import Parser, checked
from edgeecg.errors import InputError
from edgeecg.io.excerpts import cutting, edf, fhir, wfdb
from edgeecg.io.excerpts.cutting import Excerpt

WRITERS = {".hea": wfdb.write, "": wfdb.write, ".edf": edf.write, ".json": fhir.write}


def configure(parser: Parser) -> None:
    """Name the journal, what of it, and where it goes."""
    seconds = checked(float, "a number of seconds > 0", lambda seconds: 0 < seconds < 1e7)
    parser.add_argument("journal", metavar="JOURNAL", type=Path, help="the daemon's folder of state, or the journal in it")
    parser.add_argument("--stream", default="", help="which stream (default: the only one)")
    parser.add_argument("--alert", metavar="ID", help="the minute around this alert; the first letters of its id are enough")
    parser.add_argument("--before", type=seconds, default=30.0, metavar="S", help="with --alert: so long before its onset (default: 30)")
    parser.add_argument("--after", type=seconds, default=30.0, metavar="S", help="with --alert: so long after its onset (default: 30)")
    parser.add_argument("--last", type=seconds, metavar="S", help="of a stream: only its last seconds")
    parser.add_argument("--to", type=Path, required=True, help="PATH or PATH.hea (WFDB, with .atr), PATH.edf (EDF+), PATH.json (FHIR)")


def run(options: argparse.Namespace) -> int:
    """Cut and write."""
    check_target(options.to)
    inside = options.journal / "journal"
    folder = inside if inside.is_dir() else options.journal
    if options.alert:
        excerpt = cutting.around(folder, options.alert, before_s=options.before, after_s=options.after)
    else:
        excerpt = cutting.whole(folder, options.stream)
        if options.last:
            n = round(options.last * excerpt.facts.rate_hz)
            excerpt = cutting.cut(excerpt, excerpt.start_sample + len(excerpt.samples_mv) - n, n)
    write(excerpt, options.to)
    return 0


def check_target(path: Path) -> None:
    """Refuse what cannot be written before anything is read."""
    if path.suffix not in WRITERS:
        raise InputError("--to", repr(str(path)), f"a path that ends in one of {', '.join(filter(None, WRITERS))}, or in nothing")


def write(excerpt: Excerpt, path: Path) -> None:
    """Write it as the path's ending says, and say what was written."""
    written = WRITERS[path.suffix](excerpt, path.with_suffix("") if path.suffix == ".hea" else path)
    print(f"{excerpt.facts.name}: {excerpt.seconds:.1f} s from sample {excerpt.start_sample}, {len(excerpt.beats)} beats, ", end="")
    print(f"{len({alert.alert_id for alert in excerpt.alerts})} alerts\n" + "\n".join(map(str, written)))
