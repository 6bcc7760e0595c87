"""Checkpoints as torch writes them, without torch: a pickle of protocol 2 put together by hand, numbers beside it, all in a stored zip."""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STORAGES = {"float32": b"FloatStorage", "int64": b"LongStorage", "float16": b"HalfStorage"}


def word(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def numbers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def call(module: str, name: str, arguments: bytes) -> bytes:
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n(" + arguments + b"tR"


EMPTY_ORDERED_DICT = call("collections", "OrderedDict", b"")


def tensor(key: str, array: NDArray[np.generic], *, n_values: int = -1, offset: int = 0, strides: tuple[int, ...] | None = None) -> bytes:
    """A tensor's words; what may be wrong with it can be said."""
    storage = b"(" + word("storage") + b"ctorch\n" + STORAGES[str(array.dtype)] + b"\n" + word(key) + word("cpu")
    storage += number(array.size if n_values < 0 else n_values) + b"tQ"
    steps = strides if strides is not None else tuple(step // array.itemsize for step in array.strides)
    arguments = storage + number(offset) + numbers(array.shape) + numbers(steps) + b"\x89" + EMPTY_ORDERED_DICT
    return call("torch._utils", "_rebuild_tensor_v2", arguments)


def table(entries: Mapping[str, bytes]) -> bytes:
    return b"}(" + b"".join(word(name) + value for name, value in entries.items()) + b"u"


def pickled(value: bytes) -> bytes:
    return b"\x80\x02" + value + b"."


def state(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    return table({name: tensor(str(i), array) for i, (name, array) in enumerate(arrays.items())})


def write(path: Path, pickle: bytes, storages: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("net/data.pkl", pickle)
        for name, data in files.items():
            archive.writestr(f"net/{name}", data)
        for key, data in storages.items():
            archive.writestr(f"net/data/{key}", data)
    return path


def checkpoint(path: Path, arrays: Mapping[str, NDArray[np.generic]], **more: bytes) -> Path:
    """A sound file with these arrays under `state_dict`, and what else is given beside it."""
    storages = {str(i): np.ascontiguousarray(array).tobytes() for i, array in enumerate(arrays.values())}
    return write(path, pickled(table({**more, "state_dict": state(arrays)})), storages, byteorder=b"little")
