"""`edgeecg models show`: a model's card."""

import argparse
import json

from edgeecg.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Name the model."""
    parser.add_argument("name", metavar="NAME", help="a model's name, with its version or without, or the path of a card")
    parser.add_argument("--json", action="store_true", help="the card as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the card as it is understood, and which file would run here."""
    from edgeecg.models import card as cards
    from edgeecg.models import choice
    from edgeecg.models.registry import Registry

    registry = Registry()
    entry = registry.entry(options.name)
    card = cards.read(entry.path)
    in_use = choice.of(card, registry.cache) or next(iter(card.nets), None)
    if options.json:
        print(json.dumps({"path": str(entry.path), "sha256": cards.digest(card), "in_use": in_use} | card.model_dump(mode="json")))
        return 0
    print(f"# {entry.path}\n# sha256 {cards.digest(card)}\n# in use here: {in_use or 'the tree alone'}\n\n{cards.dumps(card)}", end="")
    return 0
