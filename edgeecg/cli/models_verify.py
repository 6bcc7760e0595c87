"""`edgeecg models verify`: is each model what its card says, by hash, by shape and by what it answers."""

import argparse
import dataclasses
import json

from edgeecg.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Name the model."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="a model's name (default: every model)")
    parser.add_argument("--json", action="store_true", help="one JSON object a check")


def run(options: argparse.Namespace) -> int:
    """Check; the status is 1 if anything is wrong."""
    from edgeecg.models.registry import Registry
    from edgeecg.models.verify import Verdict, checks

    registry = Registry()
    entries = [registry.entry(options.name)] if options.name else list(registry.entries())
    n_wrong = 0
    for entry in entries:
        for check in checks(entry):
            n_wrong += check.verdict is Verdict.WRONG
            print(
                json.dumps(dataclasses.asdict(check))
                if options.json
                else f"{check.model:20} {check.what:12} {check.verdict:8} {check.detail}"
            )
    return 1 if n_wrong else 0
