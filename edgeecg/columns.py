"""Rows of text set in columns: what a person reads where a program would take JSON."""

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], *, rules: Sequence[int] = ()) -> str:
    """Set rows in columns, the first to the left and the others to the right; a rule goes before each row of `rules`."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines: list[str] = []
    for number, row in enumerate(rows):
        if number in rules:
            lines.append("-" * (sum(widths) + 2 * (len(widths) - 1)))
        first, *others = row
        lines.append("  ".join([first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]))
    return "\n".join(line.rstrip() for line in lines)
