"""From the text of edgeecg.toml to `Settings`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from edgeecg.config.door import Door
from edgeecg.config.faults import ConfigFaults, Fault
from edgeecg.config.lines import Lines
from edgeecg.config.settings import (
    Broker,
    Device,
    Health,
    JournalSettings,
    Queue,
    RecordingFile,
    SerialPort,
    Settings,
    Sources,
    State,
)
from edgeecg.errors import ConfigError
from edgeecg.facts import EngineConfig, StreamFacts

SECTIONS = {"device": Device, "state": State, "journal": JournalSettings, "queue": Queue, "health": Health}
SOURCES = {"serial": SerialPort, "mqtt": Broker, "file": RecordingFile}
LISTS = {"stream": StreamFacts}
MAX_BYTES = 1 << 20


def load(path: FilePath) -> Settings:
    """Read a file; ConfigFaults names everything that is wrong with it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(str(path), f"a file of {path.stat().st_size} bytes", f"at most {MAX_BYTES}")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), error, "a readable settings file, in UTF-8") from error
    return parse(text, path.name)


def parse(text: str, file: str) -> Settings:
    """Read a text; `file` is only for the faults."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigFaults(file, [Fault((), str(error), "valid TOML")]) from None
    door = Door(Lines(text))
    settings = _settings(door, tree)
    if door.faults:
        raise ConfigFaults(file, door.faults)
    return settings


def _settings(door: Door, tree: Mapping[str, Any]) -> Settings:
    tree = door.table(tree, (), [*SECTIONS, *LISTS, "sources", "mqtt"])
    sections: dict[str, Any] = {name: door.read(cls, tree[name], (name,)) for name, cls in SECTIONS.items() if name in tree}
    sections = {name: section for name, section in sections.items() if section is not None}
    broker = door.read(Broker, tree["mqtt"], ("mqtt",)) if "mqtt" in tree else None
    return Settings(**sections, sources=_sources(door, tree.get("sources", {})), mqtt=broker, engine=_engine(door, tree))


def _sources(door: Door, value: Any) -> Sources:
    table = door.table(value, ("sources",), list(SOURCES))
    found: dict[str, Any] = {name: door.tables(cls, table[name], ("sources", name)) for name, cls in SOURCES.items() if name in table}
    return Sources(**found)


def _engine(door: Door, tree: Mapping[str, Any]) -> EngineConfig:
    streams = door.tables(StreamFacts, tree.get("stream", []), ("stream",))
    try:
        return EngineConfig(streams=streams)
    except ConfigError as refusal:
        door.refuse(Fault(("stream",), str(refusal.got), refusal.allowed))
        return EngineConfig()
