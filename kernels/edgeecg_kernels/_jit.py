"""The one decorator every kernel wears, and the cache that never serves a stale or unchecked kernel.

Numba's own cache key holds neither the bounds-check flag nor the sources of callees. So kernels are cached in a folder
named by a digest of every kernel source and every flag that changes the code: another source or flag, another folder.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config

F = TypeVar("F", bound=Callable[..., Any])
_FLAGS = ("BOUNDSCHECK", "OPT", "DEBUG_ARRAY_OPT_RUNTIME", "CPU_NAME", "CPU_FEATURES", "ENABLE_AVX")


def source_digest() -> str:
    """Name everything that decides a kernel's machine code, except the host's processor (numba keys that itself)."""
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    for flag in _FLAGS:
        digest.update(f"{flag}={getattr(config, flag, None)}".encode())
    return digest.hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def cache_dir() -> Path | None:
    """Return the folder compiled kernels are kept in, or None where nothing can be written."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    bases = [Path(named)] if named else [Path(home) / "edgeecg", Path(tempfile.gettempdir()) / f"edgeecg-{os.getuid()}"]
    folders = (base / "kernels" / source_digest() for base in bases)
    return next((folder for folder in folders if _writable(folder)), None)


CACHE_DIR = cache_dir()


@contextmanager
def _caching_in(folder: Path) -> Iterator[None]:
    """Numba reads its cache folder when a function is decorated; other libraries' setting is put back."""
    previous = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = previous


def kernel(function: F) -> F:
    """Compile a pure function over arrays; law 3 (JIT on == off, bitwise) forbids fastmath."""
    options: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}
    if CACHE_DIR is None:
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
    with _caching_in(CACHE_DIR):
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
