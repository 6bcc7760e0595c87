"""`edgeecg live`: what a daemon sees, in a terminal: streams with their traces, alerts, latency, health."""

import argparse
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from edgeecg.cli.check_config import USUAL
from edgeecg.cli.parser import Parser, checked
from edgeecg.cli.typed import typed_lines
from edgeecg.errors import InputError
from edgeecg.live.reader import Reader, socket_in
from edgeecg.live.ward import Ward

REFRESH_S = 0.25
TYPED = "type `ack NUMBER NAME` and Enter; Ctrl-C ends"


def configure(parser: Parser) -> None:
    """Name the daemon by its settings."""
    seconds = checked(float, "a number > 0", lambda seconds: seconds > 0)
    parser.add_argument(
        "--config", type=Path, default=USUAL, metavar="FILE", help=f"the daemon's settings, for its state folder (default: {USUAL})"
    )
    parser.add_argument("--state", type=Path, metavar="FOLDER", help="its state folder, instead")
    parser.add_argument("--json", action="store_true", help="every message as one JSON object a line, as docs/live.md says")
    parser.add_argument("--seconds", type=seconds, default=float("inf"), metavar="S", help="end after so long (default: never)")


def run(options: argparse.Namespace) -> int:
    """Show it until interrupted, or until the daemon ends."""
    with Reader(socket_in(_folder(options))) as reader, suppress(KeyboardInterrupt):
        end_s = time.monotonic() + options.seconds
        if options.json:
            while time.monotonic() < end_s and not reader.is_over:
                for message in reader.take(REFRESH_S):
                    print(json.dumps(message), flush=True)
        else:
            _watch(reader, end_s)
    return 0


def _folder(options: argparse.Namespace) -> Path:
    if options.state is not None:
        return Path(options.state)
    from edgeecg.config import load

    return load(options.config).state.path()


def _watch(reader: Reader, end_s: float) -> None:
    try:
        from rich.live import Live
    except ImportError as missing:
        raise InputError("screen", "drawing without rich", "possible: pip install 'edgeecg[live]', or say --json") from missing
    from edgeecg.cli.live_screen import screen

    ward, typed = Ward(), typed_lines()
    with Live(screen(ward, TYPED), auto_refresh=False, screen=sys.stdout.isatty()) as live:
        shown_s, heard_s = 0.0, time.monotonic()
        while time.monotonic() < end_s and not reader.is_over:
            for message in reader.take(REFRESH_S):
                heard_s = time.monotonic()
                ward.take(message)
            ward.silent_s = time.monotonic() - heard_s
            while not typed.empty():
                ward.told = _acted(typed.get(), ward, reader)
            if time.monotonic() - shown_s >= REFRESH_S:
                shown_s = time.monotonic()
                live.update(screen(ward, TYPED), refresh=True)
    if reader.is_over:  # on a screen of its own it would be gone with the screen
        print("the daemon has ended", file=sys.stderr)


def _acted(line: str, ward: Ward, reader: Reader) -> str:
    """Do what was typed, and say what came of it."""
    words = line.split()
    if len(words) != 3 or words[0] != "ack" or not words[1].isdecimal():
        return TYPED
    alert: dict[str, Any] | None = ward.by_number(int(words[1]))
    if alert is None:
        return f"there is no alert {words[1]}"
    reader.acknowledge(alert["alert_id"], alert["revision"], words[2])
    return f"acknowledging {words[1]}: {alert['text']}"
