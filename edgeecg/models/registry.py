"""Which models there are: the user's own folder first, then those that were shipped. A name may carry a version."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgeecg.errors import Fault, ModelError, ModelUnavailableError
from edgeecg.models import card as cards
from edgeecg.models import choice, folders
from edgeecg.models.card import Card, FileKey
from edgeecg.models.classifier import Model
from edgeecg.models.loading import load
from edgeecg.types import ModelChange, ModelState

INDEX = "index.toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """A card as it lies in a folder."""

    path: Path

    @property
    def id(self) -> str:
        """`<name>-<version>`, as the file is called."""
        return self.path.name.removesuffix(cards.SUFFIX)

    @property
    def name(self) -> str:
        """The model's name, as the file is called."""
        return self.id.rpartition("-")[0]

    @property
    def rank(self) -> tuple[int, ...]:
        """The version, to be compared."""
        return tuple(int(part) if part.isdigit() else -1 for part in self.id.rpartition("-")[2].split("."))


class Registry:
    """The models in some folders, an earlier folder before a later one."""

    def __init__(self, *where: Path, cache: Path | None = None) -> None:
        self._folders: Sequence[Path] = where or (folders.own(), folders.shipped())
        self.cache = cache if where else folders.cache_folder()

    def entries(self) -> Iterator[Entry]:
        """Yield every card, sound or not: folder by folder, by name, the newest version first."""
        for folder in self._folders:
            found = [Entry(path) for path in folder.glob(f"*{cards.SUFFIX}")]
            found.sort(key=lambda entry: entry.rank, reverse=True)
            yield from sorted(found, key=lambda entry: entry.name)

    def default(self) -> str:
        """Return the model that is meant where none is named."""
        for folder in self._folders:
            index = folder / INDEX
            if index.exists():
                try:
                    return str(tomllib.loads(index.read_text(encoding="utf-8"))["default"])
                except (OSError, ValueError, RecursionError, KeyError) as error:
                    raise ModelError(Fault(str(index), str(error), 'TOML with default = "NAME"')) from None
        raise ModelError(Fault("model", "no name", f"given, and no {INDEX} says which is meant"))

    def entry(self, name: str) -> Entry:
        """Find a model by name, by name and version, or by the path of its card."""
        if name.endswith(cards.SUFFIX):
            return Entry(Path(name))
        entries = list(self.entries())
        for entry in entries:
            if name in {entry.name, entry.id}:
                return entry
        known = ", ".join(dict.fromkeys(entry.name for entry in entries)) or f"there: no folder holds one ({self.places})"
        raise ModelError(Fault("model", repr(name), f"one of {known}" if entries else known))

    @property
    def places(self) -> str:
        """The folders, for people."""
        return ", ".join(map(str, self._folders))

    def card(self, name: str) -> Card:
        """Read a model's card."""
        return cards.read(self.entry(name).path)

    def load(self, name: str, *, key: FileKey | None = None, untrained: bool = False) -> Model:
        """Load a model, on the file and runtime this host was found to run fastest, if it was asked; or say what is wrong."""
        entry = self.entry(name)
        card = cards.read(entry.path)
        if card.untrained and not untrained:
            raise ModelError(Fault(card.id, "an untrained model", "one that answers: it is there to measure time with"))
        if card.task == "features":
            raise ModelError(Fault(card.id, "an encoder without a head", "a classifier: teach it labels first"))
        return load(card, entry.path.parent, key=key or choice.of(card, self.cache), cache=self.cache)

    def state(self, name: str) -> tuple[Model | None, ModelState]:
        """Load a model; return it, if it can be used, and the record that says so or why not."""
        try:
            model = self.load(name)
        except ModelUnavailableError as error:
            return None, ModelState(name, ModelChange.UNAVAILABLE, str(error))
        except ModelError as error:
            return None, ModelState(name, ModelChange.REFUSED, str(error))
        return model, ModelState(name, ModelChange.READY, model.spoken)


def loaded(name: str) -> Model:
    """Load a model by name; one that was loaded before is the same one, while its card is."""
    path = Registry().entry(name).path
    return _loaded(name, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=4)
def _loaded(name: str, changed_ns: int) -> Model:  # noqa: ARG001  (a card that changed is another card)
    return Registry().load(name)
