"""Two kinds of import contract that import-linter lacks: who may open a door, and what a room may reach for.

A name in parentheses may be missing, like a layer's; any other must be in the graph, so that no contract guards nothing
for want of an s.
"""

import sys
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

STANDARD_LIBRARY = "<standard library>"


def _within(module: str, rooms: Iterable[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


class _DirectImports(Contract):
    """What the two kinds share: breaches are single imports, shown with their lines."""

    @abstractmethod
    def breaches(self, graph: ImportGraph) -> set[tuple[str, str]]:
        """Return each forbidden (importer, imported)."""

    def names(self, field: str, graph: ImportGraph) -> list[str]:
        """Return a field's names without parentheses; one without any must exist."""
        names: list[str] = getattr(self, field) or []
        missing = [name for name in names if not name.startswith("(") and name not in graph.modules]
        if missing:
            raise ValueError(f"{field}: {', '.join(missing)} is not in the graph; a room yet to be built goes in parentheses")
        return [name.strip("()") for name in names]

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002
        lines = [
            f"{importer} imports {imported} (line {detail['line_number']}): {detail['line_contents']}"
            for importer, imported in sorted(self.breaches(graph))
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not lines, metadata={"lines": lines})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["lines"]:
            output.print_error(line)


class DoorContract(_DirectImports):
    """`doors` are imported, directly, by `keys` alone."""

    type_name = "door"

    doors: Any = fields.ListField(subfield=fields.StringField())
    keys: Any = fields.ListField(subfield=fields.StringField(), required=False)

    def breaches(self, graph: ImportGraph) -> set[tuple[str, str]]:
        doors = self.names("doors", graph)
        allowed = [*self.names("keys", graph), *doors]
        behind = [module for module in graph.modules if _within(module, doors)]
        imports = ((importer, imported) for imported in behind for importer in graph.find_modules_that_directly_import(imported))
        return {pair for pair in imports if not _within(pair[0], allowed)}


class OnlyContract(_DirectImports):
    """`rooms` import, directly, nothing but each other and what `may_import` names; `except_in` is free of that."""

    type_name = "only"

    rooms: Any = fields.ListField(subfield=fields.StringField())
    may_import: Any = fields.ListField(subfield=fields.StringField())
    except_in: Any = fields.ListField(subfield=fields.StringField(), required=False)

    def breaches(self, graph: ImportGraph) -> set[tuple[str, str]]:
        rooms = self.names("rooms", graph)
        exempt = self.names("except_in", graph)
        allowed = {*rooms, *self.may_import}
        if STANDARD_LIBRARY in allowed:
            allowed |= sys.stdlib_module_names
        held = [module for module in graph.modules if _within(module, rooms) and not _within(module, exempt)]
        imports = ((importer, imported) for importer in held for imported in graph.find_modules_directly_imported_by(importer))
        return {pair for pair in imports if not _within(pair[1], allowed)}
