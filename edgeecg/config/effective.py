"""Settings as they are in force: plain values, or a settings file that says everything."""

import json
import math
from dataclasses import fields, is_dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from edgeecg.config.settings import Settings

LISTS: Final = {"streams": "stream", "rules": "rule"}
"""What is many inside is one table each in the file."""


def plain(settings: Settings) -> dict[str, Any]:
    """Return what a settings file would hold, every default filled in; secrets are names of files."""
    tree: dict[str, Any] = _plain(settings)
    tree["state"]["folder"] = str(settings.state.path())
    return {LISTS.get(name, name): section for name, section in tree.items()}


def toml(settings: Settings) -> str:
    """Write a file that reads back as these settings."""
    return "\n".join(_table((), plain(settings))).lstrip("\n") + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        pairs = ((field.name, _plain(getattr(value, field.name))) for field in fields(value))
        return {name: one for name, one in pairs if one is not None}
    match value:
        case tuple():
            return [_plain(one) for one in value]
        case IntEnum():
            return value.name.lower()
        case Path():
            return str(value)
        case _:
            return value


def _table(path: tuple[str, ...], table: dict[str, Any]) -> list[str]:
    """Write the values first, for they would else belong to the table before them."""
    inner = {name: value for name, value in table.items() if isinstance(value, dict) or _is_tables(value)}
    no_tables = {name for name, value in table.items() if value == [] and (name in LISTS.values() or path == ("sources",))}
    lines = [f"{name} = {_value(value)}" for name, value in table.items() if name not in inner and name not in no_tables]
    for name, value in inner.items():
        header = ".".join((*path, name))
        if isinstance(value, dict):
            body = _table((*path, name), value)
            lines += ["", f"[{header}]", *body] if body and body[0] != "" else body
        else:
            for one in value:
                lines += ["", f"[[{header}]]", *_table((*path, name), one)]
    return lines


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _value(value: Any) -> str:
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)
