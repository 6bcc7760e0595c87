"""In which line of a TOML file each key stands: a fault is named where a person can find it."""

import tomllib
from typing import Any, Final

Path = tuple[str | int, ...]
"""Keys and numbers of tables, from the top."""

WHOLE_FILE: Final = 0


class Lines:
    """The lines of one file that is valid TOML. Statements are told apart by tomllib itself: one is whole when it can be read."""

    def __init__(self, text: str) -> None:
        self._of: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        table: Path = ()
        statement, begun = "", 1
        for number, line in enumerate(text.splitlines(keepends=True), start=1):
            statement += line
            try:
                read = tomllib.loads(statement)
            except tomllib.TOMLDecodeError:
                continue  # a value that goes on in the next line
            if line.lstrip().startswith("[") and statement == line:
                table = self._entered(read, begun)
            else:
                self._note(table, read, begun)
            statement, begun = "", number + 1

    def of(self, path: Path) -> int:
        """Return the line of a key, or of what it would stand in."""
        while path and path not in self._of:
            path = path[:-1]
        return self._of.get(path, WHOLE_FILE)

    def _entered(self, read: dict[str, Any], line: int) -> Path:
        """Return the table that a header opens."""
        path: Path = ()
        inside: Any = read
        while inside:
            (key, inside), *_ = inside.items()
            path = (*path, key)
            if isinstance(inside, list):  # [[key]]: one more of them
                number = self._counts.get(path, 0)
                self._counts[path] = number + 1
                path, inside = (*path, number), inside[0]
            elif path in self._counts and inside:  # [key.more]: in the last [[key]]
                path = (*path, self._counts[path] - 1)
            self._of.setdefault(path, line)
        return path

    def _note(self, table: Path, read: Any, line: int) -> None:
        items = enumerate(read) if isinstance(read, list) else read.items()
        for key, value in items:
            path = (*table, key)
            self._of.setdefault(path, line)
            if isinstance(value, dict | list):
                self._note(path, value, line)
