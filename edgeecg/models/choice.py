"""Which file of a model runs fastest on this host, as `edgeecg models bench --choose` found."""

import json
from pathlib import Path

from edgeecg.models import card as cards
from edgeecg.models.backend import runtime_of, runtimes_at_hand
from edgeecg.models.card import Card, FileKey
from edgeecg.models.folders import host_key


def of(card: Card, cache: Path | None) -> FileKey | None:
    """Return the file chosen for a model on this host, or None where nobody chose, or chose for other files."""
    if cache is None:
        return None
    try:
        chosen = json.loads(_path(card, cache).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    key = chosen.get("file") if isinstance(chosen, dict) else None
    return FileKey(key) if key in card.nets and runtime_of(FileKey(key)) in runtimes_at_hand() else None


def record(card: Card, key: FileKey, cache: Path) -> Path:
    """Keep the choice for this card, as it is now, on this kind of processor."""
    path = _path(card, cache)
    path.write_text(json.dumps({"model": card.id, "file": key}), encoding="utf-8")
    return path


def _path(card: Card, cache: Path) -> Path:
    return cache / f"{cards.digest(card)[:32]}-{host_key()}.choice.json"
