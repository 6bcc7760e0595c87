"""`edgeecg models bench`: how long a window takes on this host, on each file and runtime of a model."""

import argparse
import dataclasses
import json

from edgeecg.cli.parser import Parser, checked


def configure(parser: Parser) -> None:
    """Name the model, and say whether to act on what is measured."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="a model's name (default: the default model)")
    parser.add_argument("--choose", action="store_true", help="use the fastest sound file on this host from now on")
    parser.add_argument(
        "--rounds", type=checked(int, "a number of rounds > 0", lambda n: n > 0), default=5, help="turns each file takes (default: 5)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a file")


def run(options: argparse.Namespace) -> int:
    """Measure, and choose if asked."""
    from edgeecg.errors import Fault, ModelError
    from edgeecg.models import card as cards
    from edgeecg.models import choice
    from edgeecg.models.bench import fastest, measure
    from edgeecg.models.registry import Registry

    registry = Registry()
    entry = registry.entry(options.name or registry.default())
    card = cards.read(entry.path)
    if not card.nets:
        raise ModelError(Fault(card.id, "a tree alone", "a model with nets to compare"))
    timings = measure(card, entry.path.parent, registry.cache, rounds=options.rounds)
    for timing in timings:
        row = {"model": card.id} | dataclasses.asdict(timing)
        times = f"{timing.window_ms:7.3f} ms a window, loaded in {timing.load_ms:6.1f} ms"
        print(
            json.dumps(row)
            if options.json
            else f"{card.id:20} {timing.key:12} {timing.runtime:24} {times}  {timing.verdict} {timing.detail}"
        )
    best = fastest(timings)
    if not options.choose:
        return 0
    if best is None or registry.cache is None:
        got = "no folder to keep it in" if best else "no sound file"
        raise ModelError(Fault(f"{card.id}: --choose", got, "enough to choose"))
    choice.record(card, best.key, registry.cache)
    print(json.dumps({"model": card.id, "chosen": best.key}) if options.json else f"chosen for this host: {best.key}")
    return 0
