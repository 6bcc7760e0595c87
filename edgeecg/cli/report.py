"""`edgeecg report`: a page about a long recording."""

import argparse
from pathlib import Path

from edgeecg.cli.parser import Parser
from edgeecg.cli.recordings import RECORDING, add_reading, chosen, read
from edgeecg.cli.studying import NO_MODEL, add_model, studied
from edgeecg.errors import InputError
from edgeecg.io.newfile import open_new


def configure(parser: Parser) -> None:
    """Name what to read, and where the page goes."""
    parser.add_argument("file", metavar="FILE", type=Path, help=RECORDING)
    parser.add_argument(
        "--to", type=Path, required=True, metavar="PATH.html", help="one file that needs no other; it must not be there yet"
    )
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> int:
    """Write it."""
    if options.to.suffix not in {".html", ".htm"}:
        raise InputError("--to", repr(str(options.to)), "a path that ends in .html")
    from edgeecg.plots.report import page
    from edgeecg.plots.tally import happenings

    with open_new(options.to) as file:
        recording = read(options)
        findings = studied(recording, chosen(recording, options.lead), None if options.model == NO_MODEL else options.model)
        file.write(page(findings, recording.start).encode())
    n_events = len(happenings(findings.alerts, findings.rate_hz))
    print(f"{options.to}: {findings.seconds / 60:.1f} min, {len(findings.beats)} beats, {n_events} events")
    return 0
