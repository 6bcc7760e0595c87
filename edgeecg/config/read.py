"""From the text of edgeecg.toml to `Settings`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from edgeecg.config.door import Door
from edgeecg.config.faults import ConfigFaults, Fault
from edgeecg.config.lines import Lines, Path
from edgeecg.config.settings import (
    Alerts,
    Broker,
    Dashboard,
    Device,
    DeviceBroker,
    Health,
    JournalSettings,
    Limits,
    Models,
    OwnBroker,
    Queue,
    RecordingFile,
    SerialPort,
    Settings,
    Sources,
    State,
)
from edgeecg.errors import ConfigError
from edgeecg.facts import CIRCLE, EngineConfig, StreamFacts
from edgeecg.rulefacts import RuleFacts, default_rules

SECTIONS = {
    "device": Device,
    "state": State,
    "journal": JournalSettings,
    "queue": Queue,
    "limits": Limits,
    "health": Health,
    "dashboard": Dashboard,
    "alerts": Alerts,
    "models": Models,
    "broker": OwnBroker,
}
SOURCES = {"serial": SerialPort, "mqtt": DeviceBroker, "file": RecordingFile}
LISTS = ("stream", "rule")
MAX_BYTES = 1 << 20


def load(path: FilePath) -> Settings:
    """Read a file; ConfigFaults names everything that is wrong with it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(str(path), f"a file of {path.stat().st_size} bytes", f"at most {MAX_BYTES}")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        allowed = "a settings file that can be read (--config names another; docs/board.md has one of a few lines)"
        raise ConfigError(str(path), error.strerror or error, allowed) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), error, "a readable settings file, in UTF-8") from error
    return parse(text, path.name)


def parse(text: str, file: str) -> Settings:
    """Read a text; `file` is only for the faults."""
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number too long and lists too deep are no TOMLDecodeError
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
    limits = sections.get("limits", Limits())
    settings = Settings(
        **sections,
        sources=_sources(door, tree.get("sources", {})),
        mqtt=broker,
        streams=door.tables(StreamFacts, tree.get("stream", []), ("stream",)),
        rules=_rules(door, tree.get("rule", []), default_rules(limits.low_rate, limits.high_rate)),
    )
    tables = tree.get("rule", [])
    _agree(door, settings, [str(table.get("name")) for table in tables if isinstance(table, dict)] if isinstance(tables, list) else [])
    return settings


def _sources(door: Door, value: Any) -> Sources:
    table = door.table(value, ("sources",), list(SOURCES))
    found: dict[str, Any] = {name: door.tables(cls, table[name], ("sources", name)) for name, cls in SOURCES.items() if name in table}
    return Sources(**found)


def _rules(door: Door, value: Any, defaults: tuple[RuleFacts, ...]) -> tuple[RuleFacts, ...]:
    """A table changes the default rule of its name, where there is one; else it is a rule of its own."""
    known = {rule.name: rule for rule in defaults}
    written: dict[str, RuleFacts] = {}
    for rule in door.tables(RuleFacts, value, ("rule",), base=lambda table: known.get(str(table.get("name")))):
        if rule.name in written:
            door.refuse(Fault(("rule", len(written), "name"), repr(rule.name), "each name once"))
        written[rule.name] = rule
    return tuple((known | written).values())


def _agree(door: Door, settings: Settings, written: Sequence[str]) -> None:
    """Refuse what holds table by table and not together. Which models there are is not known here."""
    try:
        EngineConfig(streams=settings.streams)
    except ConfigError as refusal:
        door.refuse(Fault(("stream",), str(refusal.got), refusal.allowed))
    try:
        EngineConfig(rules=tuple(replace(rule, model="") for rule in settings.rules))
    except ConfigError as refusal:
        door.refuse(Fault(_place_of(refusal, written), str(refusal.got), refusal.allowed))


def _place_of(refusal: ConfigError, written: Sequence[str]) -> Path:
    """Return where in the file a rule stands that does not agree with others; its default is nowhere."""
    named = re.match(r"rule '(.*)'\.(\w+)$", refusal.where)
    if named is None:
        return ("rule", refusal.where)
    place = next((written.index(name) for name in (named[1], *str(refusal.got).split(CIRCLE)) if name in written), None)
    return ("rule", refusal.where) if place is None else ("rule", place, named[2])
