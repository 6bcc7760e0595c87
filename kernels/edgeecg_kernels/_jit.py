"""The one decorator every kernel wears, and the cache that never serves a stale or unchecked kernel.

Numba's own cache key holds neither the bounds-check flag nor the sources of callees. So a module's kernels are cached in
a folder named by a digest of its source, of all it imports from this package, and of every flag that changes the code.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.types import unliteral

config: Any = numba.config  # its attributes are made at run time
F = TypeVar("F", bound=Callable[..., Any])
_FLAGS = ("BOUNDSCHECK", "OPT", "DEBUG_ARRAY_OPT_RUNTIME", "CPU_NAME", "CPU_FEATURES", "ENABLE_AVX")
_FOLDER = Path(__file__).parent
_IMPORTS = re.compile(r"from edgeecg_kernels(?:\.(\w+) import|( import (?:\([^)]*\)|[^\n]*)))")


@cache
def sources(module: str) -> frozenset[Path]:
    """Name the files of this package that decide a kernel in `module`: its own and all it imports, however far."""
    found: set[Path] = set()
    waiting = {module, "_jit"}
    while waiting:
        file = _FOLDER / f"{waiting.pop()}.py"
        if file in found or not file.exists():  # a kernel written elsewhere: numba watches its own file
            continue
        found.add(file)
        for submodule, names in _IMPORTS.findall(file.read_text()):
            waiting |= {submodule} if submodule else set(re.findall(r"\w+", names))
    return frozenset(found)


def source_digest(module: str) -> str:
    """Name everything that decides a kernel's machine code, except the host's processor (numba keys that itself)."""
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(sources(module)):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    for flag in _FLAGS:
        digest.update(f"{flag}={getattr(config, flag, None)}".encode())
    return digest.hexdigest()[:16]


def _ours(folder: Path) -> bool:
    """Make a folder that we can write into and nobody else: what is cached there will be run."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
        with tempfile.TemporaryFile(dir=folder):
            return state.st_uid == os.getuid() and not state.st_mode & 0o022
    except OSError:
        return False


@cache
def cache_root() -> Path | None:
    """Return the folder that holds the folders of compiled kernels, or None where nothing can be written."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    bases = [Path(named)] if named else [Path(home) / "edgeecg", Path(tempfile.gettempdir()) / f"edgeecg-{os.getuid()}"]
    return next((base / "kernels" for base in bases if _ours(base) and _ours(base / "kernels")), None)


@cache
def cache_dir(module: str) -> Path | None:
    """Return the folder the compiled kernels of one module are kept in."""
    root = cache_root()
    return None if root is None else root / f"{module}-{source_digest(module)}"


def folders_in_use() -> set[Path]:
    """Return the cache folders of this version's kernels, whether anything is in them yet or not."""
    folders = (cache_dir(source.stem) for source in _FOLDER.glob("*.py"))
    return {folder for folder in folders if folder is not None}


@contextmanager
def _caching_in(folder: Path | None) -> Iterator[None]:
    """Numba reads its cache folder when a function is decorated; other libraries' setting is put back."""
    previous = config.CACHE_DIR
    config.CACHE_DIR = str(folder or "")
    try:
        yield
    finally:
        config.CACHE_DIR = previous


def _one_variant_for_all_integers(compiled: Any) -> Any:
    """Numba compiles a callee anew for every literal argument it is called with; a third of all compiling was that."""
    resolve = compiled.get_call_template
    compiled.get_call_template = lambda args, kws: resolve(tuple(map(unliteral, args)), kws)
    return compiled


def _keep_by_digest(compiled: Any, folder: Path) -> None:
    """Let what one copy of the package compiled serve every other: the folder's name says all that decides the code.

    Numba would key by the place and the time of the source file as well, and each new environment would compile for a minute.
    """
    kept = compiled._cache  # noqa: SLF001
    base = kept._impl.filename_base  # noqa: SLF001
    kept._cache_path = str(folder)  # noqa: SLF001
    kept._cache_file = type(kept._cache_file)(str(folder), base, folder.name)  # noqa: SLF001


def _compiled(function: F, *, inline: bool) -> F:
    if config.DISABLE_JIT:
        return function
    options: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy", "forceinline": inline}
    folder = cache_dir(function.__module__.rpartition(".")[2])
    with _caching_in(folder):
        compiled = numba.njit(cache=folder is not None, **options)(function)
    if folder is not None and Path(function.__code__.co_filename).parent == _FOLDER:
        _keep_by_digest(compiled, folder)
    return _one_variant_for_all_integers(compiled)  # type: ignore[no-any-return]


def kernel(function: F) -> F:
    """Compile a pure function over arrays; law 3 (JIT on == off, bitwise) forbids fastmath."""
    return _compiled(function, inline=False)


def part(function: F) -> F:
    """Compile what is a part of one kernel's inner loop, in its place.

    A call hands every array over in seven words and counts its owner up and down: 15 ns, as long as ten samples take.
    """
    return _compiled(function, inline=True)
