"""From what sources tell to what the engine takes: streams that announce themselves become part of its settings, then open."""

from collections.abc import Iterable
from dataclasses import replace

from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.sources.items import ECG, PCG, Announced, Item
from edgeecg.types import ConfigChange, Record, SourceState


class Reception:
    """Keeps the settings as they grow. Streams of a kind the engine does not read are left out, and counted.

    What a person wrote of a stream counts for more than what it says of itself. `described` are those streams; None: all of `config`.
    """

    def __init__(
        self, config: EngineConfig, *, described: frozenset[str] | None = None, kinds: frozenset[str] = frozenset({ECG, PCG})
    ) -> None:
        names = frozenset(facts.name for facts in config.streams)
        self._described = names if described is None else described
        self._told = {facts.name: facts for facts in config.streams if facts.name not in self._described}
        self._config = config
        self._kinds = kinds
        self.left_out: set[str] = set()
        self._expected: set[str] = set()
        """Announced, and not open yet."""

    @property
    def config(self) -> EngineConfig:
        """The settings as they are after the records given so far."""
        return self._config

    def records(self, items: Iterable[Item]) -> list[Record]:
        """Return the records, each stream configured before its first; many that announce themselves at once are one change."""
        items = list(items)
        announced = [item for item in items if isinstance(item, Announced)]
        self.left_out |= {one.stream for one in announced if one.kind not in self._kinds}
        if announced or self._expected:
            self._expect(items)
        change = self._change([one.facts for one in announced if one.kind in self._kinds])
        return [*change, *(item for item in items if not isinstance(item, Announced) and getattr(item, "stream", "") not in self.left_out)]

    def _expect(self, items: Iterable[Item]) -> None:
        """An announcement and its opening may come in two calls: between them a stream is not forgotten."""
        for item in items:
            if isinstance(item, Announced):
                self._expected.add(item.stream)
            elif isinstance(item, SourceState):
                self._expected.discard(item.stream)

    def redescribed(self, config: EngineConfig) -> ConfigChange:
        """Take other settings; the streams that only devices spoke of stay."""
        self._described = frozenset(facts.name for facts in config.streams)
        kept = (facts for name, facts in self._told.items() if name not in self._described)
        self._config = replace(config, streams=self._with_hearts((*config.streams, *kept)))
        return ConfigChange(self._config)

    def without(self, gone: Iterable[str]) -> list[Record]:
        """Keep nothing of streams that have not been heard for long, but for those that a person described."""
        gone = set(gone) - self._described - self._expected
        if not gone & {facts.name for facts in self._config.streams}:
            return []
        self._told = {name: facts for name, facts in self._told.items() if name not in gone}
        self._config = replace(
            self._config, streams=self._with_hearts(tuple(facts for facts in self._config.streams if facts.name not in gone))
        )
        self.left_out -= gone
        return [ConfigChange(self._config)]

    def _with_hearts(self, streams: tuple[StreamFacts, ...]) -> tuple[StreamFacts, ...]:
        """Leave out sound that no ECG here belongs to, and sound of an ECG that another stream hears already."""
        hearts = {facts.name for facts in streams if not facts.sound_of}
        heard: dict[str, str] = {}
        for facts in streams:
            if facts.sound_of in hearts:
                heard.setdefault(facts.sound_of, facts.name)
        fitting = tuple(facts for facts in streams if not facts.sound_of or heard.get(facts.sound_of) == facts.name)
        self.left_out |= {facts.name for facts in streams} - {facts.name for facts in fitting}
        self.left_out -= {facts.name for facts in fitting}
        return fitting

    def _change(self, told: list[StreamFacts]) -> list[Record]:
        """Configure what is new; a device that is not what it was when it was last heard begins anew."""
        self._told.update({facts.name: facts for facts in told})
        new = {facts.name: facts for facts in told if facts.name not in self._described and facts not in self._config.streams}
        if not new:
            return []
        kept = (facts for facts in self._config.streams if facts.name not in new)
        self._config = replace(self._config, streams=self._with_hearts((*kept, *new.values())))
        return [ConfigChange(self._config)]
