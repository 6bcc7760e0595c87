"""What `pipeline` adds to its stages, slowly: the order of what they report."""

from collections.abc import Sequence

Key = tuple[int, int, int, int]
"""Sample of decision, kind, lead, sample."""


def in_order(keys: Sequence[Key]) -> list[Key]:
    """Return rows in the order of decision."""
    return sorted(keys)
