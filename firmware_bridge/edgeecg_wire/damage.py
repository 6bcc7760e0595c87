"""Frames broken on purpose, as a line breaks them: for the tests of any decoder, and for devices simulated to misbehave."""

from collections.abc import Sequence
from random import Random

KINDS = ("flip", "drop", "insert", "duplicate", "splice", "truncate")


def damage(wire: bytes, other: bytes, kind: str, rng: Random) -> bytes:
    """Return the frame `wire`, delimiter and all, harmed in the way named; `splice` takes its end from `other`."""
    if kind == "duplicate":
        return _duplicate(wire, rng)
    if kind == "splice":
        return wire[: rng.randrange(1, len(wire))] + other[rng.randrange(1, len(other)) :]
    if kind == "truncate":
        return wire[: rng.randrange(len(wire))]
    return _bytewise(wire, kind, rng)


def _bytewise(wire: bytes, kind: str, rng: Random) -> bytes:
    harmed = bytearray(wire)
    for _ in range(min(rng.choice((1, 1, 1, 2, 3, 8)), len(wire))):
        at = rng.randrange(len(harmed))
        if kind == "flip":
            harmed[at] ^= rng.choice((1 << rng.randrange(8), rng.randrange(1, 256)))
        elif kind == "drop":
            del harmed[at]
        else:
            harmed.insert(at, rng.randrange(256))
    return bytes(harmed)


def _duplicate(wire: bytes, rng: Random) -> bytes:
    """Send a stretch of the frame twice; one time in eight the whole of it."""
    if rng.randrange(8) == 0:
        return wire + wire
    start = rng.randrange(len(wire))
    stop = rng.randrange(start, len(wire)) + 1
    return wire[:stop] + wire[start:stop] + wire[stop:]


def damaged_line(wires: Sequence[bytes], harmed: Sequence[int], rng: Random) -> bytes:
    """Join the frames as they would come down a line, those at the places `harmed` broken, each in a way of its own."""
    parts = list(wires)
    for at in harmed:
        parts[at] = damage(wires[at], wires[(at + 1) % len(wires)], rng.choice(KINDS), rng)
    return b"".join(parts)
