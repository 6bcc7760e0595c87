"""Streaming ECG inference at the edge. Not a medical device.

Nothing is imported until it is asked for: `import edgeecg` costs a few milliseconds and loads not even numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgeecg.api import classify, couple, heart_sounds, rpeaks

__version__ = "0.1.0"
__all__ = ["__version__", "classify", "couple", "heart_sounds", "rpeaks"]

_HOME = dict.fromkeys(("classify", "couple", "heart_sounds", "rpeaks"), "edgeecg.api")


def __getattr__(name: str) -> Any:  # PEP 562
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value  # the next access does not come through here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
