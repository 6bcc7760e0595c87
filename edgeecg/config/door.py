"""Tables to frozen facts. pydantic says what is of the wrong type; the facts themselves say what does not hold together.

Every fault is listed: what is refused is set aside and the rest is read on without it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import IntEnum
from functools import cache
from typing import Any, TypeVar, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError

from edgeecg.config.faults import Fault, unknown
from edgeecg.config.lines import Lines, Path
from edgeecg.errors import ConfigError

T = TypeVar("T")

ALLOWED = {
    "string_type": "a text",
    "path_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
}
MAX_SHOWN = 60


@cache
def _adapter(cls: Any) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


class Door:
    """Reads the tables of one file and gathers their faults."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.faults: list[Fault] = []

    def refuse(self, fault: Fault) -> None:
        """Note a fault, with its line."""
        self.faults.append(Fault(fault.path, fault.got, fault.allowed, self._lines.of(fault.path)))

    def table(self, value: Any, path: Path, known: Sequence[str]) -> Mapping[str, Any]:
        """Return what is known of a table; what it is else is a fault."""
        if not isinstance(value, dict):
            self.refuse(Fault(path, shown(value), "a table"))
            return {}
        for key in value.keys() - known:
            self.refuse(unknown((*path, key), known))
        return {key: item for key, item in value.items() if key in known}

    def read(self, cls: type[T], value: Any, path: Path, base: T | None = None) -> T | None:
        """Return the facts a table holds, `base` changed by them; None: too little of it is right."""
        known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        needed = {one.name for one in fields(cls) if one.default is MISSING and one.default_factory is MISSING}  # type: ignore[arg-type]
        usual = {} if base is None else {name: getattr(base, name) for name in known}
        left = self._choices(cls, self.table(value, path, known), path)
        while True:
            try:
                return cast(T, _adapter(cast(Any, cls)).validate_json(json.dumps(usual | left, default=str), strict=True))
            except ValidationError as error:
                wrong = [self._mistyped(one, path) for one in error.errors(include_url=False)]
            except ConfigError as refusal:
                key = refusal.where.rpartition(".")[2]
                wrong = [key if key in known else ""]
                self.refuse(Fault((*path, *filter(None, wrong)), str(refusal.got), refusal.allowed))
            if needed.difference(usual) & set(wrong) or not left.keys() & set(wrong):
                return None  # what is needed is wrong, or what is wrong is a default
            left = {key: item for key, item in left.items() if key not in wrong}

    def tables(self, cls: type[T], value: Any, path: Path, base: Callable[[Mapping[str, Any]], T | None] = lambda _: None) -> tuple[T, ...]:
        """Return the facts of every table of a list: [[these]]."""
        if not isinstance(value, list):
            self.refuse(Fault(path, shown(value), f"a list of tables: [[{'.'.join(map(str, path))}]]"))
            return ()
        read = (self.read(cls, item, (*path, number), base(item)) for number, item in enumerate(value))
        return tuple(one for one in read if one is not None)

    def _choices(self, cls: type[T], table: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """Turn names into what they name, where a field is a choice."""
        left = dict(table)
        for name, kind in get_type_hints(cls).items():
            if name in left and isinstance(kind, type) and issubclass(kind, IntEnum):
                members = {member.name.lower(): int(member) for member in kind}
                if str(left[name]) in members:
                    left[name] = members[str(left[name])]
                else:
                    self.refuse(Fault((*path, name), shown(left.pop(name)), f"one of {', '.join(members)}"))
        return left

    def _mistyped(self, error: Any, path: Path) -> str:
        key, *inside = error["loc"]
        if error["type"] == "missing":
            self.refuse(Fault((*path, key), "left out", "possible: there is no default"))
        else:
            inside = [part for part in inside if isinstance(part, int)]  # the rest names branches of a type
            allowed = ALLOWED.get(error["type"], error["msg"])
            self.refuse(Fault((*path, key, *inside), shown(error["input"]), allowed))
        return str(key)


def shown(value: Any) -> str:
    """Write a value as it stands in the file, or as much of it as fits a sentence."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
