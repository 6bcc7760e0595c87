"""Every kernel compiled now, so that no first beat waits for it; and the folders of kernels long gone, removed."""

import os
import shutil
import time
from pathlib import Path

import numpy as np

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.types import Chunk, Event, Record, SourceChange, SourceState, Tick
from edgeecg_kernels._jit import CACHE_DIR

KEPT_S = 7 * 24 * 3600.0
"""A folder of kernels that nobody warmed for so long belongs to an older version, not to one running beside this."""

_FACTS = StreamFacts(name="warm-up", rate_hz=360.0, reorder_frames=2)
_MODEL = ModelFacts(name="warm-up", sha256="0" * 64, labels=("a", "b"), window_s=1.0, hop_s=1.0)


def compile_all() -> tuple[Event, ...]:
    """Take a stream through all that can happen to it: samples, silence, a frame too late, a gap, windows, loss."""
    engine = Engine(EngineConfig(streams=(_FACTS,), models=(_MODEL,)))
    second = np.zeros(360)
    s_ns = 1_000_000_000
    records: tuple[Record, ...] = (
        SourceState(_FACTS.name, SourceChange.OPENED, 0),
        *(Chunk(_FACTS.name, second, (number + 1) * s_ns, sequence=number) for number in (0, 1, 3)),
        Tick(5 * s_ns),
        SourceState(_FACTS.name, SourceChange.DROPPED, 6 * s_ns, 1),
        SourceState(_FACTS.name, SourceChange.LOST, 7 * s_ns),
    )
    return tuple(event for events in engine.feed_many(records) for event in events)


def prune(now_s: float | None = None) -> list[Path]:
    """Remove compiled kernels of other versions that were last warmed long ago; return their folders."""
    if CACHE_DIR is None:
        return []
    os.utime(CACHE_DIR)
    now_s = time.time() if now_s is None else now_s
    stale = [folder for folder in CACHE_DIR.parent.iterdir() if folder != CACHE_DIR and now_s - folder.stat().st_mtime > KEPT_S]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)  # another process may be removing it too
    return stale
