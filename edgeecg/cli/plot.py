"""`edgeecg plot`: a strip on ECG paper, of a recording or around an alert."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from edgeecg.cli.parser import Parser, checked
from edgeecg.cli.recordings import RECORDING, add_reading, chosen, read
from edgeecg.cli.studying import NO_MODEL, add_model, studied
from edgeecg.errors import InputError

USUAL_S = 30.0
BEFORE_S, AFTER_S = 10.0, 10.0


def configure(parser: Parser) -> None:
    """Name what to draw, and where to."""
    seconds = checked(float, "a number >= 0", lambda seconds: seconds >= 0)
    parser.add_argument("file", metavar="FILE", type=Path, help=f"{RECORDING}; with --alert a daemon's state folder or a journal's")
    parser.add_argument("--to", type=Path, required=True, metavar="PATH", help="a .png, .svg or .pdf")
    parser.add_argument("--from", type=seconds, default=0.0, dest="start_s", metavar="S", help="where to begin (default: 0)")
    parser.add_argument("--seconds", type=seconds, default=USUAL_S, metavar="S", help=f"how long (default: {USUAL_S:g}, 120 at most)")
    parser.add_argument("--alert", metavar="ID", help="draw the 20 s around an alert; the first letters of its id are enough")
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> int:
    """Draw it."""
    if find_spec("matplotlib") is None:
        raise InputError("picture", "drawing without matplotlib", "possible: pip install 'edgeecg[plot]'")
    from edgeecg.plots import findings as found
    from edgeecg.plots.paper import check_target, draw

    check_target(options.to)
    if options.alert:
        from edgeecg.io.excerpts.cutting import around

        inside = options.file / "journal"
        folder = inside if inside.is_dir() else options.file
        findings = found.of_excerpt(around(folder, options.alert, before_s=BEFORE_S, after_s=AFTER_S))
    else:
        recording = read(options)
        whole = studied(recording, chosen(recording, options.lead), None if options.model == NO_MODEL else options.model)
        findings = found.cut(whole, options.start_s, options.seconds)
        if not len(findings.samples_mv):
            raise InputError("--from", f"{options.start_s:g} s", f"within the recording, {whole.seconds:.1f} s")
    draw(findings, options.to)
    print(f"{options.to}: {findings.seconds:.1f} s of lead {findings.lead}, {len(findings.beats)} beats")
    return 0
