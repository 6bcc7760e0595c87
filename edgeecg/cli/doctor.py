"""`edgeecg doctor`: what is wrong with this machine."""

import argparse
import json
from pathlib import Path

from edgeecg.cli.check_config import USUAL
from edgeecg.cli.parser import Parser
from edgeecg.config import load
from edgeecg.daemon.doctor import Level, examine

MARKS = {Level.GOOD: "ok  ", Level.DOUBTFUL: "hm  ", Level.BAD: "BAD "}


def configure(parser: Parser) -> None:
    """Name the settings."""
    parser.add_argument("--config", type=Path, default=USUAL, metavar="FILE", help=f"the settings (default: {USUAL})")
    parser.add_argument("--json", action="store_true", help="every finding as one JSON object a line")


def run(options: argparse.Namespace) -> int:
    """Look at everything; status 1 where something is bad."""
    worst = Level.GOOD
    for finding in examine(load(options.config)):
        worst = max(worst, finding.level)
        if options.json:
            print(json.dumps({"what": finding.what, "level": finding.level.name.lower(), "text": finding.text}))
        else:
            print(f"{MARKS[finding.level]}{finding.what}: {finding.text}", flush=True)
    return 1 if worst == Level.BAD else 0
