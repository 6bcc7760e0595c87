"""What is asked of memory is what a chunk then changes: else the asking is in vain, and nothing else would tell."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.types import Chunk, SourceChange, SourceState
from edgeecg_kernels import pipeline_ahead
from edgeecg_kernels.machine import LINE_BYTES
from tests.laws.signals import heart

CHUNK_LEN = 10
NAMES = ("a", "b", "c")


def plain(kernel: Any) -> Callable[..., None]:
    """As it was before it was compiled."""
    function: Callable[..., None] = getattr(kernel, "py_func", kernel)
    return function


def engine() -> Engine:
    streams = tuple(StreamFacts(name=name, rate_hz=360.0, leads=("I", "II") if name == "b" else ("I",)) for name in NAMES)
    opened = Engine(EngineConfig(streams=streams))
    for name in NAMES:
        opened.feed(SourceState(name, SourceChange.OPENED, 0))
    return opened


def changed_lines(before: bytes, array: Any) -> set[int]:
    after = np.frombuffer(array.tobytes(), np.uint8)
    places = np.flatnonzero(np.frombuffer(before, np.uint8) != after) + array.ctypes.data
    return set((places // LINE_BYTES).tolist())


def test_most_of_what_a_chunk_changes_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet_engine = engine()  # compiled with what is asked in earnest
    fleet = fleet_engine._fleet
    asked: set[int] = set()
    monkeypatch.setattr(pipeline_ahead, "touch", lambda array, byte: asked.add((array.ctypes.data + int(byte)) // LINE_BYTES))
    monkeypatch.setattr(pipeline_ahead, "_ask_between", plain(pipeline_ahead._ask_between))
    streams, leads, *_ = fleet.arrays()
    x, _ = heart(360.0, 12.0)
    changed, missed, asked_for = 0, 0, 0
    for at in range(0, len(x) - CHUNK_LEN, CHUNK_LEN):
        for slot, name in enumerate(NAMES):
            asked.clear()
            plain(pipeline_ahead.ask_heads)(streams, leads, fleet._params.streams, slot)
            plain(pipeline_ahead.ask_rings)(streams, leads, fleet._params.streams, slot)
            before = streams.tobytes(), leads.tobytes()
            piece = x[at : at + CHUNK_LEN]
            fleet_engine.feed(Chunk(name, np.stack([piece, piece], axis=1) if name == "b" else piece, (at + CHUNK_LEN) * 10**9 // 360))
            lines = changed_lines(before[0], streams) | changed_lines(before[1], leads)
            changed, missed, asked_for = changed + len(lines), missed + len(lines - asked), asked_for + len(asked)
    assert changed > 20_000
    assert missed < 0.12 * changed, "a state's fields have moved: name the new ones"
    assert asked_for < 3 * changed, "asking costs too"
