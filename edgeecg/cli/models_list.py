"""`edgeecg models list`: which classifiers there are here."""

import argparse
import json

from edgeecg.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Say how to say it."""
    parser.add_argument("--json", action="store_true", help="one JSON object a model")


def run(options: argparse.Namespace) -> int:
    """List every card, sound or not."""
    from edgeecg.errors import ModelError
    from edgeecg.models import card as cards
    from edgeecg.models.registry import Registry

    registry, meant = Registry(), set()
    for entry in registry.entries():
        row: dict[str, object] = {"name": entry.name, "id": entry.id, "meant": entry.name not in meant, "path": str(entry.path)}
        meant.add(entry.name)
        try:
            card = cards.read(entry.path)
        except ModelError as error:
            row["fault"] = str(error)
        else:
            row |= {"task": card.task, "labels": card.labels, "nets": card.nets, "untrained": card.untrained, "summary": card.summary}
        print(json.dumps(row) if options.json else _line(row))
    if not meant and not options.json:
        print(f"no models, neither in {registry.places}")
    return 0


def _line(row: dict[str, object]) -> str:
    if "fault" in row:
        return f"{row['id']:20} {row['fault']}"
    notes = "".join(f" ({note})" for note, holds in (("untrained", row["untrained"]), ("not the newest", not row["meant"])) if holds)
    labels = row["labels"]
    assert isinstance(labels, tuple)
    shown = ", ".join(labels) if len(labels) <= 8 else f"{len(labels)} labels"
    return f"{row['id']:20} {row['task']:7} {shown:24} {row['summary']}{notes}"
