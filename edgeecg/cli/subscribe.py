"""`edgeecg subscribe`: alerts on a screen as they come; a typed line acknowledges one."""

import argparse
import sys
import time
from contextlib import suppress
from pathlib import Path

from edgeecg.cli.alert_screens import Board, chosen
from edgeecg.cli.broker_options import add_broker_options, broker_files
from edgeecg.cli.parser import checked
from edgeecg.cli.typed import typed_lines
from edgeecg.client import AlertSubscriber
from edgeecg.errors import EdgeEcgError

TURN_S = 0.1
TYPED = "type `ack NUMBER` or `ack NUMBER NAME` and Enter to acknowledge"


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may be given."""
    positive = checked(float, "a number of seconds above 0", lambda value: value > 0)
    parser.add_argument("url", help="mqtt://[user@]host[:port], or mqtts:// with --ca-file")
    parser.add_argument("--name", required=True, help="what receipts and acknowledgements are signed with: the user's name at the broker")
    parser.add_argument(
        "--store", type=Path, required=True, help="a file of this subscriber's own: what it has received, and what not yet shown"
    )
    parser.add_argument("--device", action="append", default=[], help="a device's public name; may be repeated (default: all)")
    parser.add_argument("--key-file", type=Path, help="the device's key: only sealed alerts are taken")
    add_broker_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as received")
    parser.add_argument("--seconds", type=positive, default=float("inf"), help="end after so long (default: never)")


def run(options: argparse.Namespace) -> int:
    """Show what comes until interrupted."""
    with AlertSubscriber(
        options.url,
        name=options.name,
        store=options.store,
        devices=tuple(options.device) or ("+",),
        key_file=options.key_file,
        **broker_files(options),
    ) as subscriber:
        board = Board()
        screen = chosen(is_json=options.json, board=board, out=sys.stdout, err=sys.stderr, foot=TYPED)
        typed = typed_lines()
        end_s = time.monotonic() + options.seconds
        with screen, suppress(KeyboardInterrupt):
            while time.monotonic() < end_s:
                alert = subscriber.take(TURN_S)
                screen.stand(_standing(subscriber))
                if alert is not None:
                    screen.show(board.take(alert), alert)
                else:
                    screen.rest()
                while not typed.empty():
                    screen.tell(_acted(typed.get(), board, subscriber))
                for notice in subscriber.notices():
                    screen.tell(notice)
        _say_what_is_missing(subscriber)
    return 0


def _standing(subscriber: AlertSubscriber) -> str:
    """Return why what is shown may not be all there is, or nothing."""
    if not subscriber.is_up:
        return "not connected to the broker"
    devices = dict(subscriber.counters().devices)  # a copy: the line goes on
    return ", ".join(f"{device} is offline" for device, status in sorted(devices.items()) if status == "offline")


def _acted(line: str, board: Board, subscriber: AlertSubscriber) -> str:
    """Do what was typed, and say what came of it."""
    words = line.split()
    if len(words) not in {2, 3} or words[0] != "ack" or not words[1].isdecimal():
        return TYPED
    alert = board.of(int(words[1]))
    if alert is None:
        return f"there is no alert {words[1]}"
    try:
        subscriber.acknowledge(alert, by=words[2] if len(words) == 3 else None)
    except EdgeEcgError as refusal:
        return str(refusal)
    return f"acknowledging {words[1]}: {alert.alert.text}"


def _say_what_is_missing(subscriber: AlertSubscriber) -> None:
    """Revisions that never came, and acknowledgements that no device has confirmed."""
    for (device, alert_id), revisions in subscriber.missing().items():
        print(f"{device}: alert {alert_id}: missing revisions {', '.join(map(str, revisions))}", file=sys.stderr)
    if n := subscriber.unconfirmed():
        print(f"{n} acknowledgements no device has confirmed: they are said again when this store is opened", file=sys.stderr)
