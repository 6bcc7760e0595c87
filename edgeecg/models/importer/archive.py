"""The archive torch saves: a zip, stored, with a pickle that names tensors and a file of numbers for each storage."""

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import Fault, ModelError
from edgeecg.models.importer import pickle_reader
from edgeecg.models.importer.symbols import Tensor

MAX_PICKLE_BYTES = 32 << 20
MAX_FILES = 50_000
PICKLE = "data.pkl"


class Archive:
    """An open checkpoint. Whatever is wrong with it is said by name, before or while it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise ModelError(Fault(str(path), error.strerror or "unreadable", "a readable file")) from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ModelError(Fault(str(path), f"no whole zip archive ({error}); it", "what torch saves since 1.6")) from None
        try:
            self._files = self._checked(path.stat().st_size)
            self._prefix = self._find_prefix()
        except ModelError:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the file."""
        self._zip.close()

    def _checked(self, n_bytes: int) -> dict[str, zipfile.ZipInfo]:
        """Refuse what would grow: torch stores, so that nothing inside can be larger than the file."""
        infos = self._zip.infolist()
        if len(infos) > MAX_FILES:
            raise ModelError(Fault(str(self._path), f"an archive of {len(infos)} files", f"one of at most {MAX_FILES}"))
        for info in infos:
            if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits & 1:
                raise ModelError(Fault(f"{self._path}: {info.filename}", "compressed or encrypted", "stored, as torch does"))
        if sum(info.file_size for info in infos) > n_bytes:
            raise ModelError(Fault(str(self._path), "an archive with files that overlap", "as large as what is in it"))
        files = {info.filename: info for info in infos}
        if len(files) < len(infos):
            raise ModelError(Fault(str(self._path), "an archive with two files of one name", "one without"))
        return files

    def _find_prefix(self) -> str:
        found = [name.removesuffix(PICKLE) for name in self._files if name == PICKLE or name.endswith(f"/{PICKLE}")]
        if len(found) != 1:
            raise ModelError(Fault(str(self._path), f"an archive with {len(found)} {PICKLE}", "one that torch saved, with one"))
        order = f"{found[0]}byteorder"
        if order in self._files and self._bytes(order, 16) != b"little":
            raise ModelError(Fault(f"{self._path}: {order}", "another byte order", "little"))
        return found[0]

    def _bytes(self, name: str, most: int) -> bytes:
        where = f"{self._path}: {name}"
        info = self._files.get(name)
        if info is None:
            raise ModelError(Fault(where, "missing", "in the archive"))
        if info.file_size > most:
            raise ModelError(Fault(where, f"{info.file_size} bytes long", f"at most {most}"))
        try:
            return self._zip.read(info)
        except (OSError, zipfile.BadZipFile, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
            raise ModelError(Fault(where, f"damaged ({error})", "as it was saved")) from None

    def table(self) -> Any:
        """Return what the pickle says."""
        return pickle_reader.read(self._bytes(f"{self._prefix}{PICKLE}", MAX_PICKLE_BYTES), f"{self._path}: {self._prefix}{PICKLE}")

    def arrays(self, tensors: Mapping[str, Tensor]) -> dict[str, NDArray[np.float32]]:
        """Read tensors as float32, each within its storage."""
        return {name: self._array(name, tensor) for name, tensor in tensors.items()}

    def _array(self, name: str, tensor: Tensor) -> NDArray[np.float32]:
        storage, where = tensor.storage, f"{self._path}: {name}"
        dtype = np.dtype(storage.dtype)
        reach = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.dims, tensor.strides, strict=True)) + 1
        if min(tensor.dims, default=1) < 1 or reach > storage.n_values or math.prod(tensor.dims) > storage.n_values:
            raise ModelError(Fault(where, f"a tensor {tensor.dims} beyond its storage", f"within its {storage.n_values} values"))
        data = self._bytes(f"{self._prefix}data/{storage.key}", storage.n_values * dtype.itemsize)
        if len(data) != storage.n_values * dtype.itemsize:
            raise ModelError(Fault(where, f"a storage of {len(data)} bytes", f"{storage.n_values} values of {dtype}"))
        values = np.frombuffer(data, dtype)[tensor.offset :]
        steps = tuple(stride * dtype.itemsize for stride in tensor.strides)
        array = np.ascontiguousarray(np.lib.stride_tricks.as_strided(values, tensor.dims, steps, writeable=False), np.float32)
        if not np.isfinite(array).all():
            raise ModelError(Fault(where, "an array with values that are not finite", "finite"))
        return array.reshape(tensor.dims)
