"""`edgeecg dashboard`: the page that shows what a daemon sees."""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from edgeecg.cli.check_config import USUAL
from edgeecg.cli.parser import Parser
from edgeecg.errors import InputError

NEEDED = ("starlette", "uvicorn", "websockets")


def configure(parser: Parser) -> None:
    """Name the settings: the daemon's own."""
    parser.add_argument("--config", type=Path, default=USUAL, metavar="FILE", help=f"the daemon's settings (default: {USUAL})")
    parser.add_argument("--tied", action="store_true", help="end when standard input does: for who starts this as a part of itself")


def check_installed() -> None:
    """Refuse where the extra is missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise InputError("page", f"serving without {', '.join(missing)}", "possible: pip install 'edgeecg[dashboard]'")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    check_installed()
    from edgeecg.config import load
    from edgeecg.dashboard.serve import serve
    from edgeecg.live.reader import socket_in

    settings = load(options.config)
    serve(settings.dashboard, socket_in(settings.state.path()), is_tied=options.tied, ready=_say)
    return 0


def _say(address: str) -> None:
    print(f"dashboard: {address}", file=sys.stderr, flush=True)
