"""From what sources tell to what the engine takes: streams that announce themselves become part of its settings, then open."""

from collections.abc import Iterable

from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.sources.items import ECG, Announced, Item
from edgeecg.types import ConfigChange, Record


class Reception:
    """Keeps the settings as they grow. Streams of a kind the engine does not read are left out, and counted."""

    def __init__(self, config: EngineConfig, *, kinds: frozenset[str] = frozenset({ECG})) -> None:
        self._config = config
        self._kinds = kinds
        self.left_out: set[str] = set()

    @property
    def config(self) -> EngineConfig:
        """The settings as they are after the records given so far."""
        return self._config

    def records(self, items: Iterable[Item]) -> list[Record]:
        """Return the records, each stream configured before its first; many that announce themselves at once are one change."""
        items = list(items)
        announced = [item for item in items if isinstance(item, Announced)]
        self.left_out |= {one.stream for one in announced if one.kind not in self._kinds}
        new = self._new([one for one in announced if one.kind in self._kinds])
        change: list[Record] = []
        if new:
            self._config = EngineConfig(streams=(*self._config.streams, *new), models=self._config.models)
            change = [ConfigChange(self._config)]
        kept = (item for item in items if not isinstance(item, Announced))
        return [*change, *(item for item in kept if getattr(item, "stream", "") not in self.left_out)]

    def _new(self, announced: list[Announced]) -> list[StreamFacts]:
        """What the settings say of a stream already counts for more than what it says of itself."""
        known = {facts.name for facts in self._config.streams}
        return [one.facts for one in {one.stream: one for one in announced}.values() if one.stream not in known]
