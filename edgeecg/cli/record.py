"""`edgeecg record PORT`: a device's stream to a file, with the beats that are found in it."""

import argparse
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from edgeecg.cli.export import check_target, write
from edgeecg.cli.parser import Parser, checked
from edgeecg.daemon.clock import Clock
from edgeecg.daemon.keeper import Keeper
from edgeecg.engine import Engine
from edgeecg.errors import InputError
from edgeecg.facts import EngineConfig
from edgeecg.io.excerpts import cutting
from edgeecg.io.newfile import open_new
from edgeecg.io.sources import capture
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.formats import AUTO, OWN
from edgeecg.io.sources.items import Refusal
from edgeecg.io.sources.reception import Reception
from edgeecg.io.sources.serial import SerialSettings, SerialSource

PATIENCE_S = 15.0
"""A line on which nothing comes for so long is given up."""


def configure(parser: Parser) -> None:
    """Name the port, how long, and where it goes."""
    seconds = checked(float, "a number of seconds > 0", lambda seconds: 0 < seconds < 1e6)
    baud = checked(int, "a speed from 300 to 4000000", lambda baud: 300 <= baud <= 4_000_000)
    parser.add_argument("port", metavar="PORT", help="such as /dev/ttyUSB0, or a pty")
    parser.add_argument("--seconds", type=seconds, default=60.0, help="how much of it (default: 60)")
    parser.add_argument("--format", default="auto", help="what the device speaks (default: find out)")
    parser.add_argument("--baud", type=baud, help="the line's speed (default: that of the format)")
    parser.add_argument("--stream", default="", help="of a device with several: which of them (default: the only one)")
    parser.add_argument(
        "--to",
        type=Path,
        required=True,
        help="PATH or PATH.hea (WFDB, with .atr), PATH.edf (EDF+), PATH.json (FHIR), PATH.frames (the bytes as they come)",
    )


def run(options: argparse.Namespace) -> int:
    """Listen, then write; bytes as they come, where they are what is wanted."""
    if options.to.suffix == capture.SUFFIX:
        return _run_raw(options)
    check_target(options.to)
    with TemporaryDirectory(prefix="edgeecg-record-") as folder:
        _listen(options, Path(folder))
        excerpt = cutting.whole(Path(folder), options.stream)
        write(cutting.cut(excerpt, excerpt.start_sample, round(options.seconds * excerpt.facts.rate_hz)), options.to)
    return 0


def _run_raw(options: argparse.Namespace) -> int:
    """Write down what the line brings: all streams, what is damaged, what the device says of itself."""
    if options.format not in {AUTO, OWN} or options.stream:
        raise InputError(
            f"--to {options.to}", f"with --{'stream' if options.stream else 'format'}", f"all a device sends that speaks {OWN}"
        )
    with open_new(options.to) as file, TemporaryDirectory(prefix="edgeecg-record-") as folder:
        options.format = OWN
        _listen(options, Path(folder), file.write)
        print(f"{options.to}: {file.tell()} bytes as they came")
    return 0


def _listen(options: argparse.Namespace, folder: Path, overhear: Callable[[bytes], object] = lambda _data: None) -> None:
    settings = SerialSettings(port=options.port, format=options.format, baud=options.baud)
    source = SerialSource(settings, epoch=secrets.randbits(62), claims=Claims(), clock_ns=Clock().now_ns, overhear=overhear)
    source.start()
    try:
        _keep(source, folder, options.seconds)
    finally:
        source.stop()


def _keep(source: SerialSource, folder: Path, seconds: float) -> None:
    """Write down what comes until the shortest stream is long enough, or none comes any more."""
    keeper = Keeper(folder, EngineConfig(), told=lambda _records, _given: None, make_engine=Engine)
    reception = Reception(EngineConfig())
    came_s, longest_s = time.monotonic(), 0.0
    try:
        while longest_s < seconds:
            source.queue.wait(0.5)
            refusals = [str(notice) for notice in source.queue.notices() if isinstance(notice, Refusal)]
            if records := reception.records(source.queue.take()):
                keeper.feed(records)
            streams = keeper.engine.config.streams
            now_s = min((keeper.engine.next_sample(facts.name) / facts.rate_hz for facts in streams), default=0.0)
            if now_s > longest_s:
                came_s, longest_s = time.monotonic(), now_s
            elif time.monotonic() - came_s > PATIENCE_S:
                why = f" ({refusals[-1]})" if refusals else ""
                raise InputError(
                    "record", f"{longest_s:.1f} s of samples, and then silence{why},", f"the {seconds:g} s that were asked for"
                )
    finally:
        keeper.close()
