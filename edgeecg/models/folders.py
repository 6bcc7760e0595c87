"""Where models are kept, and where this host keeps what it made of them."""

import hashlib
import os
import platform
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def shipped() -> Path:
    """Return the folder of the models that come with the package: in the wheel, else in the checkout."""
    installed = _PACKAGE / "_models"
    return installed if installed.is_dir() else _PACKAGE.parent / "models_onnx"


def own() -> Path:
    """Return the folder of the user's own models, which go before those that were shipped."""
    named = os.environ.get("EDGEECG_MODELS")
    data = os.environ.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(named) if named else Path(data) / "edgeecg" / "models"


def cache_folder() -> Path | None:
    """Return a folder that we can write into and nobody else, or None: what is kept there will be run."""
    named = os.environ.get("EDGEECG_CACHE")
    base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "edgeecg"
    folder = base / "models"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except OSError:
        return None
    ours = state.st_uid == os.getuid() and not state.st_mode & 0o022
    return folder if ours and os.access(folder, os.W_OK) else None


@cache
def host_key() -> str:
    """Name the kind of processor this is: a graph optimised for another may not run here, a measurement does not hold."""
    features = ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() in {"flags", "features", "model name", "cpu part"}:
            features += value
        if not line:  # the first core says enough
            break
    return hashlib.sha256(f"{platform.machine()} {platform.processor()} {features}".encode()).hexdigest()[:12]
