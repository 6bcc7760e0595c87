"""`edgeecg eval sounds`: a table for people, or `--json` for programs."""

import argparse
import json

from edgeecg.cli.parser import Parser, checked
from edgeecg.columns import columns
from edgeecg.evals.sounds import EDGE_S, SECONDS, TOLERANCE_S, Condition, Count, measure
from edgeecg.simulate.noise import PCG_NOISES
from edgeecg.simulate.sounds import JITTERS

EPILOGUE = f"""\
Simulated hearts of {SECONDS:g} s, ECG at 250 Hz and sound at 1 kHz; a sound is found within {TOLERANCE_S * 1000:g} ms of its energy's middle, {EDGE_S:g} s at either end not counted.
The SNR is against the mean power of clean sound. `average place`: each sound where it is on average after R, as if nothing were heard."""
NOISES = ("white", "pink", "hospital", "bursts")
HEAD = ("condition", "method", "S1 F1 %", "found", "missed", "false", "error ms", "S2 F1 %", "found", "missed", "false", "error ms")


def configure(parser: Parser) -> None:
    """Declare the options."""
    parser.epilog = f"{EPILOGUE}\n\n{parser.epilog}"
    count = checked(int, "1 to 1000", lambda n: 1 <= n <= 1000)
    parser.add_argument("--hearts", type=count, default=6, metavar="N", help="how many, each with a rate of its own (default: 6)")
    parser.add_argument("--seed", type=checked(int, "0 or more", lambda n: n >= 0), default=1000, help="of the first heart (default: 1000)")
    snr = checked(float, "-60 to 60", lambda db: -60 <= db <= 60)
    parser.add_argument("--snr", nargs="*", type=snr, default=[5.0], metavar="DB", help="how loud each noise is (default: 5)")
    parser.add_argument(
        "--noise", nargs="+", default=NOISES, choices=sorted(PCG_NOISES), metavar="KIND", help=f"which noises (default: {' '.join(NOISES)})"
    )
    parser.add_argument("--jitter", choices=JITTERS, default="rest", help="how much the sounds' delays vary (default: rest)")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    conditions = [Condition("", 0.0, options.jitter)]
    conditions += [Condition(noise, snr_db, options.jitter) for snr_db in options.snr for noise in options.noise]
    seeds = range(options.seed, options.seed + options.hearts)
    counts = [measure(condition, seeds) for condition in conditions]
    if options.json:
        print(json.dumps([count.as_dict() for of_one in counts for count in of_one], indent=1))
        return 0
    rows = [list(HEAD)]
    for condition, of_one in zip(conditions, counts, strict=True):
        first, second = ([count for count in of_one if count.sound == sound] for sound in ("S1", "S2"))
        rows += [[name(condition), one.method, *cells(one), *cells(two)] for one, two in zip(first, second, strict=True)]
    print(columns(rows))
    return 0


def name(condition: Condition) -> str:
    """Return a condition in a word or two."""
    return f"{condition.noise} {condition.snr_db:g} dB" if condition.noise else "clean"


def cells(count: Count) -> list[str]:
    """Write a count in columns."""
    return [f"{count.f1:.2f}", str(count.found), str(count.missed), str(count.false), f"{count.error_ms:.1f}"]
