"""Whether all was compiled, found without loading what compiles the kernels; and the folders of kernels long gone, removed."""

import os
import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from edgeecg_kernels import warmed
from edgeecg_kernels._jit import cache_root, folders_in_use

OURS = ("edgeecg", "edgeecg_kernels", "edgeecg_wire")
AT_FIRST = "compiling the kernels, at the first start: minutes"
KEPT_S = 7 * 24 * 3600.0
"""A folder of kernels that nobody warmed for so long belongs to an older version, not to one running beside this."""


def make_ready(tell: Callable[[str], object] = lambda _: None) -> None:
    """Compile what has not been yet, and tell so: it takes its time. Where all has, nothing is loaded before it is needed: that would be a fifth of a daemon's start."""
    stamp = warmed.stamp()
    if stamp is None or not stamp.exists():
        tell(AT_FIRST)
        from edgeecg.warmup import compile_all  # noqa: PLC0415  (simulated hearts and all kernels)

        compile_all()
        if stamp is not None and stamp.parent.exists():
            stamp.touch()


def keep_bytecode() -> None:
    """Compile our modules as pip does what it installs; where nothing can be written they stay as they are.

    In a checkout, or told by PYTHONDONTWRITEBYTECODE to write nothing, Python would parse 130 files at each start: a seventh of it.
    """
    from compileall import compile_dir  # noqa: PLC0415  (a daemon has no use for it)

    for found in map(find_spec, OURS):
        assert found is not None, "our own"
        for folder in found.submodule_search_locations or ():
            compile_dir(folder, quiet=2)


def kernels_folder() -> Path | None:
    """Return where compiled kernels are kept; None: nowhere, for no folder can be written."""
    return cache_root()


def prune(now_s: float | None = None) -> list[Path]:
    """Remove compiled kernels of other versions that were last warmed long ago; return their folders."""
    root, in_use = cache_root(), folders_in_use()
    if root is None:
        return []
    now_s = time.time() if now_s is None else now_s
    for folder in in_use:
        if folder.exists():
            os.utime(folder)
    stale = [folder for folder in root.iterdir() if folder not in in_use and now_s - folder.stat().st_mtime > KEPT_S]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)  # another process may be removing it too
    return stale
