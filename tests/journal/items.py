"""Hypothesis strategies for every record and event, derived from the types of their fields."""

import math
import struct
from dataclasses import fields, is_dataclass
from enum import IntEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgeecg.encoding import SAMPLE_TYPES
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.rulefacts import Priority, RuleFacts
from edgeecg.types import Chunk

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates too: a file name may hold them
ANY_FLOAT = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", bits.to_bytes(8, "little"))[0]) | st.floats()

_STREAM = st.builds(
    StreamFacts,
    name=TEXT.filter(bool),
    rate_hz=st.integers(1000, 20000).map(lambda tenths: tenths / 10),
    leads=st.lists(TEXT, min_size=1, max_size=4, unique=True).map(tuple),
    mv_per_unit=st.floats(1e-6, 1e6),
    offset_units=st.floats(-1e6, 1e6),
    rails_units=st.none() | st.tuples(st.floats(-1e9, -1), st.floats(0, 1e9)),
    sequence_bits=st.sampled_from((8, 16, 32)),
)
_MODEL = st.builds(
    ModelFacts,
    name=TEXT.filter(bool),
    sha256=st.text("0123456789abcdef", max_size=64),
    labels=st.lists(TEXT, min_size=1, max_size=3).map(tuple),
    hop_s=st.floats(0.5, 100),
)
_RULE = st.builds(
    RuleFacts,
    name=TEXT.filter(bool),
    kind=st.just("threshold"),
    measure=st.sampled_from(("rate", "quality")),
    priority=st.sampled_from(Priority),
    streams=st.lists(TEXT, max_size=2).map(tuple),
    limit=st.floats(-1e6, 1e6),
)
CONFIGS = st.builds(
    EngineConfig,
    streams=st.lists(_STREAM, max_size=3, unique_by=lambda stream: stream.name).map(tuple),
    models=st.lists(_MODEL, max_size=2, unique_by=lambda model: model.name).map(tuple),
    rules=st.lists(_RULE, max_size=2, unique_by=lambda rule: rule.name).map(tuple),
)
SHAPES = st.integers(0, 20).map(lambda n: (n,)) | hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)
_ARRAYS = st.sampled_from(SAMPLE_TYPES).flatmap(
    lambda dtype: SHAPES.flatmap(
        lambda shape: st.binary(min_size=math.prod(shape) * dtype.itemsize, max_size=math.prod(shape) * dtype.itemsize).map(
            lambda data: np.ndarray(shape, dtype, data)
        )
    )
)
_FRAMES = st.lists(st.tuples(INT64, INT64, INT64, INT64), min_size=1, max_size=4).map(lambda rows: np.array(rows, np.int64))
CHUNKS = st.builds(Chunk, TEXT, _ARRAYS, INT64, INT64, INT64, INT64, INT64, st.none() | _FRAMES)


def items_of(cls: type) -> st.SearchStrategy[Any]:
    """Any instance that can be made of this type."""
    if cls is Chunk:
        return CHUNKS
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: _values(hints[field.name]) for field in fields(cls)})


def _values(hint: Any) -> st.SearchStrategy[Any]:
    known = {int: INT64, float: ANY_FLOAT, bool: st.booleans(), str: TEXT, bytes: st.binary(max_size=40), EngineConfig: CONFIGS}
    if hint in known:
        return known[hint]
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return st.sampled_from(list(hint))
    if get_origin(hint) is tuple:
        return st.lists(_values(get_args(hint)[0]), max_size=6).map(tuple)
    if isinstance(hint, type) and is_dataclass(hint):
        return items_of(hint)
    assert get_origin(hint) is UnionType, hint
    return st.one_of(*(st.none() if part is type(None) else _values(part) for part in get_args(hint)))
