"""The machine measured on, in words that name no host: processor, cores, memory, what is installed, how busy it is."""

import os
import platform
import re
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "numba", "llvmlite", "onnxruntime", "ai-edge-litert")
FLAGS = ("avx2", "avx512f", "avx512_vnni", "amx_int8", "fma", "neon", "asimd", "asimddp", "i8mm", "sve")
"""What decides which code runs: of the processor's flags, these are told."""


def cores() -> int:
    """Return how many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def facts() -> dict[str, Any]:
    """Return them all."""
    about = _read("/proc/cpuinfo")
    flags = set(_first(r"^(?:flags|Features)\s*:\s*(.*)$", about).split())
    return {
        "processor": processor(about),
        "architecture": platform.machine(),
        "cores": cores(),
        "vector_units": [flag for flag in FLAGS if flag in flags],
        "memory_mb": round(int(_first(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo")) or 0) / 1024),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: _version(name) for name in ("edgeecg", *PACKAGES)},
        "day": time.strftime("%Y-%m-%d"),
        "load_average": load(),
    }


def load() -> float:
    """Return how many wanted a core in the last minute: more than a little, and nothing here is to be believed."""
    return round(os.getloadavg()[0], 2)


def processor(about: str) -> str:
    """Return the processor's name, or the board's, from what Linux says."""
    board = _read("/proc/device-tree/model").strip("\0 \n")
    named = _first(r"^model name\s*:\s*(.*)$", about)
    return board or named or platform.processor() or "unknown"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
