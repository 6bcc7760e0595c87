"""Records and events as bytes: canonical, the same on every machine, and read back bit for bit.

An item is a tag byte and the spelling of its dataclass (`edgeecg.spelling`), so a new record or event needs one line in
`TAGS`. Chunk is what there is a thousand times more of than of anything else: it is spelled by hand, for speed.
"""

import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import groupby
from struct import Struct
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from edgeecg import types
from edgeecg.errors import JournalError
from edgeecg.facts import EngineConfig
from edgeecg.spelling import CONVERSION_ERRORS, MAX_LEN, Spelling, length_at, length_to_bytes, text_from_bytes, text_to_bytes

RULES: Final = 2
"""Raised when how things are spelled changes. What is spelled, the fields of `edgeecg.types`, is in SCHEMA by itself."""

DIGEST_LEN: Final = 16

TAGS: Final[dict[int, type]] = {
    1: types.Chunk,
    2: types.Tick,
    3: types.SourceState,
    4: types.ConfigChange,
    5: types.Inference,
    6: types.Overload,
    7: types.ModelState,
    8: types.Acknowledge,
    65: types.StreamChanged,
    66: types.Gap,
    67: types.Refused,
    68: types.ClockReport,
    69: types.SignalState,
    70: types.Beat,
    71: types.Quality,
    72: types.Vitals,
    73: types.WindowReady,
    74: types.WindowExpired,
    75: types.Prediction,
    76: types.ModelChanged,
    77: types.OverloadChanged,
    78: types.Alert,
    79: types.HeartSound,
    80: types.HeartCycle,
    81: types.Coupling,
    82: types.Flutter,
}
"""A number once given to a type is its number for ever."""

SAMPLE_TYPES: Final = tuple(np.dtype(code) for code in ("<i2", "<i4", "<f4", "<f8", "<i8", "|i1", "|u1", "<u2", "<u4", "<u8", "<f2"))
"""What samples may be; each is written as its place in this list."""

Item = types.Record | types.Event
Part = bytes | NDArray[Any]


def encode(item: Item) -> bytes:
    """The bytes of one record or event; JournalError names the field that cannot be written."""
    if type(item) is types.Chunk:
        parts: list[Part] = []
        _append_chunks(parts, (item,))
        return _joined(parts)
    known = _SPELLINGS.get(type(item))
    if known is None:
        raise JournalError("encode", type(item).__name__, "a record or an event")
    tag, spelling = known
    return tag + spelling.to_bytes(item)


def encode_all(items: Sequence[Item]) -> bytes:
    """A count and the bytes of many, in their order."""
    parts: list[Part] = [length_to_bytes(len(items), "items")]
    for kind, some in groupby(items, key=type):
        if kind is types.Chunk:
            _append_chunks(parts, cast("Iterator[types.Chunk]", some))
        else:
            parts += map(encode, some)
    return _joined(parts)


def decode(data: bytes | bytearray | memoryview) -> Item:
    """The one item these bytes spell, whole; anything else is a JournalError."""
    data = bytes(data)
    item, end = _decode_at(data, 0)
    if end != len(data):
        raise JournalError("item", f"{len(data)} bytes", f"its own length, {end}")
    return item


def decode_all(data: bytes | bytearray | memoryview) -> tuple[Item, ...]:
    """What `encode_all` was given."""
    data = bytes(data)
    count, position = length_at(data, 0, "items")
    items = []
    while position < len(data):
        item, position = _decode_at(data, position)
        items.append(item)
    if len(items) != count:
        raise JournalError("items", len(items), f"the announced number, {count}")
    return tuple(items)


def events_crc(events: Iterable[types.Event]) -> int:
    """CRC-32 over the bytes of events, in their order; 0 for none."""
    crc = 0
    for event in events:
        crc = zlib.crc32(encode(event), crc)
    return crc


def config_to_bytes(config: EngineConfig) -> bytes:
    """Settings by themselves, without a record around them."""
    return _CONFIG.to_bytes(config)


def config_from_bytes(data: bytes) -> EngineConfig:
    """What `config_to_bytes` was given."""
    config: EngineConfig = _CONFIG.from_bytes(data)
    return config


def digest(config: EngineConfig) -> bytes:
    """Sixteen bytes: equal for settings equal to the last bit, and for no others."""
    return blake2b(config_to_bytes(config), digest_size=DIGEST_LEN).digest()


def _decode_at(data: bytes, start: int) -> tuple[Item, int]:
    tag = data[start] if start < len(data) else -1
    if tag not in TAGS:
        raise JournalError("item.tag", tag, "the tag of a record or an event")
    if tag == _CHUNK_TAG:
        return _decode_chunk(data, start)
    return _SPELLINGS[TAGS[tag]][1].read(data, start + 1)


# --- Chunk, by hand ---------------------------------------------------------------------------------------------------

_CHUNK_TAG: Final = 1
_CHUNK_HEAD = Struct("<BBBHIIqqqqq")
_CHUNK_NUMBERS = ("arrival_ns", "sequence", "device_us", "offset", "frame_len")
_FRAMES_TYPE = np.dtype("<i8")
_MAX_NAME_LEN = 0xFFFF
_MAX_DIMENSIONS = 8
_TYPE_CODES = {dtype: code for code, dtype in enumerate(SAMPLE_TYPES)}


def _append_chunks(parts: list[Part], chunks: Iterable[types.Chunk]) -> None:
    pack, codes, add, encoded = _CHUNK_HEAD.pack, _TYPE_CODES, parts.append, str.encode
    dtype, code = SAMPLE_TYPES[0], 0
    for chunk in chunks:
        samples = chunk.samples
        try:
            if samples.dtype is not dtype:  # most are of the same
                code = codes[samples.dtype]
                dtype = samples.dtype
            dimensions, frames = samples.ndim, chunk.frames
            try:
                name = encoded(chunk.stream)
            except UnicodeEncodeError:
                name = text_to_bytes(chunk.stream)
            told = b"" if frames is None else _frames_to_bytes(frames)
            add(
                pack(
                    _CHUNK_TAG,
                    code,
                    dimensions,
                    len(name),
                    samples.nbytes,
                    len(told),
                    chunk.arrival_ns,
                    chunk.sequence,
                    chunk.device_us,
                    chunk.offset,
                    chunk.frame_len,
                )
            )
            add(name)
            if dimensions != 1:
                add(_shape_to_bytes(samples.shape))
            add(samples)
            if told:
                add(told)
        except CONVERSION_ERRORS as reason:
            raise _chunk_error(chunk) from reason


def _joined(parts: Sequence[Part]) -> bytes:
    """Samples are read where they are, unless they lie apart: to copy each first takes as long as all the rest."""
    try:
        return b"".join(cast("Sequence[bytes]", parts))
    except TypeError:
        return b"".join([part if isinstance(part, bytes) else part.tobytes() for part in parts])


def _frames_to_bytes(frames: NDArray[np.int64]) -> bytes:
    if not _is_table(frames):
        raise ValueError(frames)
    return frames.tobytes()


def _is_table(frames: Any) -> bool:
    is_array = isinstance(frames, np.ndarray) and frames.dtype == _FRAMES_TYPE and frames.ndim == 2
    return bool(is_array and len(frames) and frames.shape[1] == len(types.FRAME_FIELDS))


def _shape_to_bytes(shape: tuple[int, ...]) -> bytes:
    if not 1 <= len(shape) <= _MAX_DIMENSIONS:
        raise ValueError(shape)
    return Struct(f"<{len(shape)}I").pack(*shape)


def _decode_chunk(data: bytes, start: int) -> tuple[types.Chunk, int]:
    name_start = start + _CHUNK_HEAD.size
    if name_start > len(data):
        raise JournalError("Chunk", f"{len(data) - start} bytes", f"at least {_CHUNK_HEAD.size}")
    _, code, dimensions, name_len, data_len, frames_len, *numbers = _CHUNK_HEAD.unpack_from(data, start)
    name_end = name_start + name_len
    samples_start = name_end + (0 if dimensions == 1 else 4 * dimensions)
    samples_end = samples_start + data_len
    end = samples_end + frames_len
    if end > len(data):
        raise JournalError("Chunk", f"{end - start} bytes", f"at most the {len(data) - start} that are left")
    if code >= len(SAMPLE_TYPES):
        raise JournalError("Chunk.samples", f"type {code}", f"0 to {len(SAMPLE_TYPES) - 1}")
    dtype = SAMPLE_TYPES[code]
    shape = (data_len // dtype.itemsize,) if dimensions == 1 else _shape_from_bytes(data[name_end:samples_start])
    samples = _array(shape, dtype, data[samples_start:samples_end])
    frames = _frames_from_bytes(data[samples_end:end]) if frames_len else None
    arrival_ns, sequence, device_us, offset, frame_len = numbers
    stream = text_from_bytes(data[name_start:name_end])
    return types.Chunk(stream, samples, arrival_ns, sequence, device_us, offset, frame_len, frames), end


def _frames_from_bytes(data: bytes) -> NDArray[np.int64]:
    row = _FRAMES_TYPE.itemsize * len(types.FRAME_FIELDS)
    if len(data) % row:
        raise JournalError("Chunk.frames", f"{len(data)} bytes", f"rows of {row}")
    return np.frombuffer(data, _FRAMES_TYPE).reshape(-1, len(types.FRAME_FIELDS))


def _shape_from_bytes(data: bytes) -> tuple[int, ...]:
    if not 1 <= len(data) // 4 <= _MAX_DIMENSIONS:
        raise JournalError("Chunk.samples", f"{len(data) // 4} dimensions", f"1 to {_MAX_DIMENSIONS}")
    return Struct(f"<{len(data) // 4}I").unpack(data)


def _array(shape: tuple[int, ...], dtype: np.dtype[Any], data: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """Over its own bytes object: aligned, read-only as those are, and keeping nothing else alive."""
    if math.prod(shape) * dtype.itemsize != len(data):
        raise JournalError("Chunk.samples", f"{len(data)} bytes", f"what {shape} of {dtype} take")
    try:
        return np.ndarray(shape, dtype, data)
    except ValueError as reason:  # empty, but the other dimensions overflow
        raise JournalError("Chunk.samples", f"shape {shape}", "a shape an array can have") from reason


def _chunk_error(chunk: types.Chunk) -> JournalError:
    """Slow, once: which field was it."""
    samples: Any = chunk.samples
    if not isinstance(samples, np.ndarray) or samples.dtype not in _TYPE_CODES:
        got = samples.dtype if isinstance(samples, np.ndarray) else type(samples).__name__
        return JournalError("Chunk.samples", got, f"an array of {', '.join(map(str, SAMPLE_TYPES))}, little-endian")
    if not 1 <= samples.ndim <= _MAX_DIMENSIONS or max(samples.nbytes, *samples.shape) > MAX_LEN:
        return JournalError("Chunk.samples", f"shape {samples.shape}", f"1 to {_MAX_DIMENSIONS} dimensions, less than 4 GiB")
    if chunk.frames is not None and not _is_table(chunk.frames):
        return JournalError("Chunk.frames", repr(chunk.frames)[:60], f"a table of {', '.join(types.FRAME_FIELDS)}, integers of 64 bits")
    for name in _CHUNK_NUMBERS:
        try:
            Struct("<q").pack(getattr(chunk, name))
        except CONVERSION_ERRORS:
            return JournalError(f"Chunk.{name}", getattr(chunk, name), "an integer of 64 bits")
    return JournalError("Chunk.stream", repr(chunk.stream)[:60], f"a text of at most {_MAX_NAME_LEN} bytes")


_CONFIG = Spelling(EngineConfig)
_SPELLINGS = {cls: (bytes([tag]), Spelling(cls)) for tag, cls in TAGS.items() if cls is not types.Chunk}


def _schema() -> int:
    chunk = f"Chunk {_CHUNK_HEAD.format} {_CHUNK_NUMBERS} {[dtype.str for dtype in SAMPLE_TYPES]} {types.FRAME_FIELDS}"
    others = (f"{tag[0]} {spelling.text}" for tag, spelling in _SPELLINGS.values())
    return zlib.crc32("\n".join((str(RULES), chunk, *others)).encode())


SCHEMA: Final = _schema()
"""One number for the rules and for every field of every type: bytes of another schema are not read."""
