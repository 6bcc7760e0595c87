"""`edgeecg bench`: how many streams this machine holds, at which model and hop, how late, in how much memory; and why."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from edgeecg.cli.parser import Parser, checked
from edgeecg.columns import columns

EPILOGUE = """\
Stages are timed in processor time. How many streams are held is found by running that many, by the clock, on one core in a process of
its own, the journal written: latency counts from when a chunk was due, so what waits is late too. Held: 99 of 100 chunks within 40 ms,
nothing left over, at most one window of a thousand lost. Let nothing else run meanwhile. All of it takes some ten minutes on a
quiet machine of today, kernels compiled; how far it is stands on standard error."""


def configure(parser: Parser) -> None:
    """Say how much, and where to."""
    parser.epilog = f"{EPILOGUE}\n\n{parser.epilog}"
    parser.add_argument("--quick", action="store_true", help="less than a minute: fewer sizes, shorter runs, no peers, no daemon")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write the report there: .json, and beside it .html")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="beside an earlier report")
    parser.add_argument("--from", dest="given", type=Path, metavar="FILE.json", help="measure nothing: show a report again")
    parser.add_argument("--document", type=Path, metavar="FILE.md", help="write the report as a page of the documentation")
    parser.add_argument("--note", default="", metavar="TEXT", help="with --document: what had changed, for the page's history")
    at_least_one = checked(int, "a number of streams > 0", lambda n: n > 0)
    parser.add_argument(
        "--streams", type=at_least_one, metavar="N", help="only run so many, and say whether they are held: status 1 if not"
    )
    parser.add_argument("--model", default="", metavar="NAME", help="with --streams: the classifier that is asked about all of them")
    hop = checked(float, "0.5 to 3600 s", lambda hop_s: 0.5 <= hop_s <= 3600)
    parser.add_argument("--hop", type=hop, default=2.0, metavar="S", help="with --model: seconds from window to window (default: 2)")
    parser.add_argument("--sound", action="store_true", help="with --streams: a microphone beside every heart")
    seconds = checked(float, "1 to 3600 s", lambda seconds: 1 <= seconds <= 3600)
    parser.add_argument("--seconds", type=seconds, default=20.0, metavar="S", help="with --streams: how long (default: 20)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON, and nothing else")


def run(options: argparse.Namespace) -> int:
    """Measure and show."""
    from edgeecg.bench import compare, document, page, table

    if options.streams:
        return _run(options)
    old = _read(options.compare) if options.compare else None
    report = _read(options.given) if options.given else _measured(quick=options.quick)
    if options.to:
        options.to.with_suffix(".json").write_text(json.dumps(report), encoding="utf-8")
        options.to.with_suffix(".html").write_text(page.html(report), encoding="utf-8")
    if options.document:
        before = options.document.read_text(encoding="utf-8") if options.document.exists() else ""
        options.document.write_text(document.markdown(report, note=options.note, before=before), encoding="utf-8")
    if options.json:
        print(json.dumps(report))
        return 0
    print(table.text(report))
    if old is not None:
        print(
            "\n".join(
                filter(
                    None, ["", "Beside the earlier report", compare.warning(old, report), columns(compare.rows(old, report), rules=(1,))]
                )
            )
        )
    return 0


def _run(options: argparse.Namespace) -> int:
    """Run one ward, by the clock."""
    from edgeecg.bench import capacity, child, table

    spec = {
        "streams": options.streams,
        "seconds": options.seconds + 1.0,
        "warm_s": 1.0,
        "model": options.model,
        "hop_s": options.hop,
        "sound": options.sound,
    }
    told = child.measured("ward", spec)
    is_held = capacity.holds(told)
    setting = capacity.Setting(options.model, options.hop, options.sound)
    one = {"name": setting.name, "model": options.model, "best": told if is_held else None, "runs": [told]}
    print(json.dumps(told) if options.json else table.ward(one))
    return 0 if is_held else 1


def _measured(*, quick: bool) -> dict[str, Any]:
    from edgeecg.bench.effort import FULL, QUICK
    from edgeecg.bench.suite import measure
    from edgeecg.ready import keep_bytecode
    from edgeecg.warmup import compile_all

    compile_all()
    keep_bytecode()
    begun_s = time.monotonic()

    def say(what: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{time.monotonic() - begun_s:4.0f} s  {what}\033[K", end="", file=sys.stderr, flush=True)
        else:
            print(f"{time.monotonic() - begun_s:4.0f} s  {what}", file=sys.stderr, flush=True)

    report = measure(QUICK if quick else FULL, say)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return report


def _read(path: Path) -> dict[str, Any]:
    from edgeecg.bench.suite import SCHEMA
    from edgeecg.errors import InputError

    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise InputError(f"{path}", reason, "a report that `edgeecg bench --to` wrote") from None
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise InputError(f"{path}", "another file", f"a report of schema {SCHEMA}, as `edgeecg bench --to` writes it")
    return report
