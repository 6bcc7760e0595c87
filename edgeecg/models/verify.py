"""Is a model what its card says: every file by hash and shape, and what it answers to the golden window."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edgeecg.errors import ModelError, ModelUnavailableError
from edgeecg.models import card as cards
from edgeecg.models import golden
from edgeecg.models.card import Card, FileKey
from edgeecg.models.registry import Entry


class Verdict(StrEnum):
    """What came of one check."""

    SOUND = "sound"
    WRONG = "wrong"
    NOT_RUN = "not run"
    """What it needs is not installed here."""


@dataclass(frozen=True, slots=True)
class Check:
    """One file, or the card itself, and what came of it."""

    model: str
    what: str
    verdict: Verdict
    detail: str = ""


def checks(entry: Entry) -> Iterator[Check]:
    """Check one model, its card first; files are only asked if the card is sound."""
    try:
        card = cards.read(entry.path)
    except ModelError as error:
        yield Check(entry.id, "card", Verdict.WRONG, str(error))
        return
    yield Check(entry.id, "card", Verdict.SOUND, f"sha256 {cards.digest(card)}")
    for key in card.files:
        yield check_file(card, entry.path.parent, key)


def check_file(card: Card, folder: Path, key: FileKey) -> Check:
    """Check one file of a model."""
    try:
        faults = list(golden.faults(card, folder, key))
    except ModelUnavailableError as error:
        return Check(card.id, key, Verdict.NOT_RUN, str(error))
    except ModelError as error:
        return Check(card.id, key, Verdict.WRONG, str(error))
    return Check(card.id, key, Verdict.WRONG if faults else Verdict.SOUND, "; ".join(faults))
