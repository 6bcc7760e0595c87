"""`edgeecg probe PORT`: what is at the end of a serial line."""

import argparse
import json
import sys
from dataclasses import asdict

from edgeecg.cli.parser import Parser, checked
from edgeecg.io.sources.probing import SHORTEST_S, Found, LeadFound, StreamFound, probe_port
from edgeecg.io.sources.serial import SerialSettings

NONE = "none: this format lets damage through unseen"


def configure(parser: Parser) -> None:
    """Name the port, and how long to listen."""
    seconds = checked(float, f"{SHORTEST_S:g} to 3600 s", lambda seconds: SHORTEST_S <= seconds <= 3600)
    baud = checked(int, "a speed from 300 to 4000000", lambda baud: 300 <= baud <= 4_000_000)
    parser.add_argument("port", metavar="PORT", help="such as /dev/ttyUSB0, or a pty")
    parser.add_argument("--seconds", type=seconds, default=10.0, help="how long to listen once something comes (default: 10)")
    parser.add_argument(
        "--baud", type=baud, help="the line's speed (default: the usual ones, one after the other; USB devices do not care)"
    )
    parser.add_argument("--json", action="store_true", help="all that was found, as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Listen and say."""
    settings = SerialSettings(port=options.port, baud=options.baud)
    found = probe_port(options.port, seconds=options.seconds, settings=settings, tell=lambda sentence: print(sentence, file=sys.stderr))
    if options.json:
        print(json.dumps(asdict(found), indent=1, allow_nan=False))
        return 0
    print("\n".join(_lines(found)))
    return 0


def _lines(found: Found) -> list[str]:
    device = f", device {found.device}" if found.device else ""
    integrity = NONE if found.integrity == "none" else found.integrity
    head = [
        f"{found.port}: {found.format}{device}, at {found.baud} baud",
        f"heard        {found.bytes} bytes in {found.listened_s:.1f} s, {found.refused} times something was refused",
        f"integrity    {integrity}",
    ]
    return [*head, *(line for stream in found.streams for line in _stream(stream)), *(f"refused      {one}" for one in found.sentences)]


def _stream(stream: StreamFound) -> list[str]:
    guessed = " (estimated)" if "rate_hz" in stream.estimated else ""
    scale = "scale estimated" if "mv_per_unit" in stream.estimated else f"{stream.mv_per_unit * 1000:.4g} uV a unit"
    rate = f"{stream.rate_hz:g} Hz{guessed}, {stream.rate_measured_hz:g} by arrival"
    head = f"{stream.kind:12} {stream.name}: {rate}; leads {', '.join(stream.leads)}; {scale}"
    return [head, f"             {stream.samples} samples, {stream.gaps} gaps", *map(_lead, stream.quality)]


def _lead(lead: LeadFound) -> str:
    troubles = f" ({', '.join(lead.troubles).replace('_', ' ')})" if lead.troubles else ""
    rated = f", rated good {lead.good_seconds} of {lead.rated_seconds} s" if lead.good_seconds is not None else ""
    rate = f"{lead.heart_rate:.0f}/min" if lead.heart_rate is not None else "no heart rate"
    beats = f"; {lead.beats} beats, {rate}" if lead.beats else "; no beat found"
    return f"signal       {lead.name}: clean {lead.clean_share:.0%} of the time{troubles}{rated}{beats}"
