"""Tables as TOML text, which the standard library reads but does not write: what a model's card needs of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LINE = 120


def dumps(table: Mapping[str, Any]) -> str:
    """Write a table of strings, numbers, truths, lists and tables; what is None is left out."""
    return "\n".join(_section(table, ())).lstrip("\n") + "\n"


def _section(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Give a table's own values first, then the tables in it, as TOML wants them."""
    present = {key: value for key, value in table.items() if value is not None}
    for key, value in present.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in present.items():
        inner = (*path, _key(key))
        name = ".".join(inner)
        if _is_table(value):
            yield from ("", f"[{name}]") if _has_own_values(value) else ()
            yield from _section(value, inner)
        elif _is_tables(value):
            for row in value:
                yield from ("", f"[[{name}]]")
                yield from _section(row, inner)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value) and all(map(_is_table, value))


def _has_own_values(table: Mapping[str, Any]) -> bool:
    return not table or any(not _is_table(value) and not _is_tables(value) for value in table.values() if value is not None)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else _string(key)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one control character JSON lets pass


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Sequence):
        items = [_value(item) for item in value]
        line = f"[{', '.join(items)}]"
        return line if len(line) <= LINE else "[\n" + "".join(f"    {item},\n" for item in items) + "]"
    raise TypeError(f"a {type(value).__name__} has no TOML here")
