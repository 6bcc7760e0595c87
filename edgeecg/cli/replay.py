"""`edgeecg replay FILE`: a recording or a journal through the engine."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from edgeecg.api import records_of
from edgeecg.cli.heard import replay_heard, tracks_of_both
from edgeecg.cli.jsonlines import print_json
from edgeecg.cli.monitor import LEGEND, Monitor, Summary, clock
from edgeecg.cli.parser import Parser, checked
from edgeecg.cli.player import AS_FAST_AS_POSSIBLE, CHUNK_S, Player
from edgeecg.cli.recordings import RECORDING, add_reading, chosen, read
from edgeecg.engine import Engine
from edgeecg.errors import InputError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.journal import replay
from edgeecg.types import Event, Record


def configure(parser: Parser) -> None:
    """Name the file, what to read of it, and how to show what is found."""
    chunk = checked(int, "a number of samples > 0", lambda n: n > 0)
    speed = checked(float, "a number > 0", lambda speed: speed > 0)
    parser.add_argument("file", metavar="FILE", type=Path, help=f"{RECORDING}, a .wav with its record beside it, or a journal's folder")
    add_reading(parser)
    parser.add_argument("--chunk", type=chunk, help="samples of a recording at a time (default: 0.1 s)")
    parser.add_argument("--live", action="store_true", help="no faster than it was recorded")
    parser.add_argument("--speed", type=speed, default=1.0, help="with --live: so many times as fast")
    parser.add_argument("--json", action="store_true", help="every event as one JSON object a line, and nothing else")


def run(options: argparse.Namespace) -> int:
    """Replay it."""
    if options.file.is_dir():
        return _replay_journal(options)
    both = tracks_of_both(options)
    return _replay_recording(options) if both is None else replay_heard(options, *both)


def _replay_recording(options: argparse.Namespace) -> int:
    lead = chosen(read(options), options.lead)
    facts = StreamFacts(name=options.file.name, rate_hz=lead.rate_hz, leads=(lead.name or "1",))
    player = Player(facts, speed=options.speed if options.live else AS_FAST_AS_POSSIBLE)
    chunk_len = options.chunk or max(1, round(CHUNK_S * lead.rate_hz))
    played = player.play(records_of(lead.millivolts(), facts, chunk_len=chunk_len))
    if options.json:
        for _, events in played:
            print_json(events)
        return 0
    print(f"{facts.name}: {clock(lead.len_samples / lead.rate_hz)} of lead {facts.leads[0]} at {lead.rate_hz:g} Hz\n{LEGEND}\n")
    summary = watch(played, rate_hz=lead.rate_hz)
    print("", *summary.lines(), sep="\n")
    return 0


def watch(played: Iterable[tuple[int, tuple[Event, ...]]], *, rate_hz: float) -> Summary:
    """Draw events as they come, and count them."""
    monitor, summary = Monitor(sys.stdout, rate_hz=rate_hz), Summary(rate_hz=rate_hz)
    for n_come, events in played:
        summary.add(events)
        monitor.show(events, now_sample=n_come)
    monitor.close()
    return summary


def _ignore(_: Iterable[Event]) -> None:
    pass


class _Tapped:
    """An engine whose events somebody else sees too."""

    def __init__(self, engine: Engine, see: Callable[[Iterable[Event]], None]) -> None:
        self._engine, self._see = engine, see
        self.snapshot, self.restore = engine.snapshot, engine.restore

    def feed_many(self, records: Sequence[Record], /) -> Sequence[Sequence[Event]]:
        """Take records; return what each gave."""
        given = self._engine.feed_many(records)
        for events in given:
            self._see(events)
        return given


def _replay_journal(options: argparse.Namespace) -> int:
    if options.live:
        raise InputError("--live", "given with a journal", "possible: a recording can be paced, a journal not")

    def make_engine(config: EngineConfig) -> _Tapped:
        return _Tapped(Engine(config), print_json if options.json else _ignore)

    done = replay(options.file, make_engine)
    if not done.segments:
        raise InputError(str(options.file), "a folder without segments", "a journal's; of recordings name one")
    if not options.json:
        print(f"{options.file}: {done.records} records in {done.calls} calls gave {done.events} events, each as it was recorded")
        print(f"segments {done.segments}, snapshots compared {done.snapshots_compared}, started anew {done.starts_anew}")
        print(f"calls without recorded events {done.unanswered}, bytes cut off at an end {done.dropped_bytes}")
    return 0
