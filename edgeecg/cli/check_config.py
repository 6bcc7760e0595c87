"""`edgeecg check-config [FILE]`: what is wrong with a settings file, all of it; or what is in force."""

import argparse
import json
from pathlib import Path

from edgeecg.cli.parser import Parser
from edgeecg.config import load
from edgeecg.config.effective import plain, toml

USUAL = Path("edgeecg.toml")


def configure(parser: Parser) -> None:
    """Name the file."""
    parser.add_argument("file", nargs="?", type=Path, default=USUAL, metavar="FILE", help=f"default: {USUAL}")
    parser.add_argument("--json", action="store_true", help="what is in force as JSON, not as a settings file")
    parser.add_argument("--quiet", action="store_true", help="only say what is wrong")


def run(options: argparse.Namespace) -> int:
    """Read it, and print what every setting is."""
    settings = load(options.file)
    if not options.quiet:
        print(json.dumps(plain(settings), indent=1) if options.json else toml(settings).rstrip("\n"))
    return 0
