"""A file that says that every kernel was compiled as it is now, for this processor."""

from hashlib import sha256
from pathlib import Path

from numba.core.registry import cpu_target

from edgeecg_kernels._jit import cache_dir, folders_in_use


def stamp() -> Path | None:
    """Return its place, among the kernels it speaks of, so that it goes where they go; None: nothing can be kept."""
    folder = cache_dir("pipeline")
    if folder is None:
        return None
    processor = cpu_target.target_context.codegen().magic_tuple()  # what numba itself tells its code apart by
    digest = sha256("\n".join((*sorted(one.name for one in folders_in_use()), *processor)).encode()).hexdigest()
    return folder / f"all-{digest[:16]}"
