"""`edgeecg replay FILE`: a recording or a journal through the engine."""

import argparse
import dataclasses
import enum
import json
import math
import sys
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgeecg.cli.monitor import LEGEND, Monitor, Summary, clock
from edgeecg.cli.parser import Parser, checked
from edgeecg.cli.player import AS_FAST_AS_POSSIBLE, Player, records_of
from edgeecg.facts import StreamFacts
from edgeecg.io.csv import read_csv
from edgeecg.io.recording import Lead, Recording
from edgeecg.io.wfdb import read_record
from edgeecg.types import Event

CSV_SUFFIXES = {".csv", ".tsv", ".txt"}
DEFAULT_CHUNK_S = 0.1


def configure(parser: Parser) -> None:
    """Name the file, what to read of it, and how to show what is found."""
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="a WFDB record (with or without .hea), a .csv, .tsv or .txt, or a journal's folder"
    )
    parser.add_argument("--lead", help="which lead, by its name or its number from 0 (default: the first)")
    parser.add_argument(
        "--rate", type=checked(float, "a rate > 0", lambda rate: 0 < rate < math.inf), help="samples a second, of a CSV without times"
    )
    parser.add_argument("--units", default="mV", help="of a CSV whose columns do not say: mV, uV, nV, V (default: mV)")
    parser.add_argument("--chunk", type=checked(int, "a number of samples > 0", lambda n: n > 0), help="samples a chunk (default: 0.1 s)")
    parser.add_argument("--live", action="store_true", help="no faster than it was recorded")
    parser.add_argument(
        "--speed", type=checked(float, "a number > 0", lambda speed: speed > 0), default=1.0, help="with --live: so many times as fast"
    )
    parser.add_argument("--json", action="store_true", help="every event as one JSON object a line, and nothing else")


def run(options: argparse.Namespace) -> int:
    """Replay it."""
    lead = _choose(_read(options), options.lead)
    facts = StreamFacts(name=options.file.name, rate_hz=lead.rate_hz, leads=(lead.name or "1",))
    speed = options.speed if options.live else AS_FAST_AS_POSSIBLE
    chunk_len = options.chunk or max(1, round(DEFAULT_CHUNK_S * lead.rate_hz))
    player = Player(facts, speed=speed)
    played = player.play(records_of(lead.millivolts(), facts, chunk_len=chunk_len))
    if options.json:
        for _, events in played:
            write_json(events)
        return 0
    print(f"{options.file.name}: lead {facts.leads[0]}, {lead.rate_hz:g} Hz, {clock(lead.len_samples / lead.rate_hz)}\n{LEGEND}")
    summary = watch(played, rate_hz=lead.rate_hz)
    print("\n".join(summary.lines()))
    return 0


def watch(played: Iterable[tuple[int, tuple[Event, ...]]], *, rate_hz: float) -> Summary:
    """Draw events as they come, and count them."""
    monitor, summary = Monitor(sys.stdout, rate_hz=rate_hz), Summary(rate_hz=rate_hz)
    for n_come, events in played:
        summary.add(events)
        monitor.show(events, now_sample=n_come)
    monitor.close()
    return summary


def _read(options: argparse.Namespace) -> Recording:
    if options.file.suffix.lower() in CSV_SUFFIXES:
        return read_csv(options.file, rate_hz=options.rate, units=options.units)
    return read_record(options.file)


def _choose(recording: Recording, which: str | None) -> Lead:
    if which is None:
        return recording.leads[0]
    return recording.lead(int(which) if which.isdecimal() and which not in recording.lead_names else which)


def write_json(events: Iterable[Event]) -> None:
    """Print each event as one JSON object, its type under `event`."""
    for event in events:
        print(json.dumps({"event": type(event).__name__, **dataclasses.asdict(event, dict_factory=_plain)}, allow_nan=False))


def _plain(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in fields}


def _plain_value(value: Any) -> Any:
    match value:
        case enum.Enum():
            return value.name.lower()
        case bytes():
            return b64encode(value).decode("ascii")
        case float() if not math.isfinite(value):
            return None  # JSON has no NaN
        case _:
            return value
