"""What Python itself may hold an alert up for, kept short."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

SWITCH_S: Final = 0.0005
"""How long a thread that waits for the interpreter lets another have it; Python's own 5 ms pass with every packet read beside a busy engine."""

YOUNG: Final = 10_000
"""So many new things before Python looks for garbage among them; at its own 700 it looks through every call of a fleet while all of it is in use."""


@contextmanager
def none() -> Iterator[None]:
    """Load within this: what is loaded stays, and to look for garbage in it again and again takes a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def keep_short() -> None:
    """Call once all is made and before anything runs."""
    gc.collect()
    _give_back()
    gc.freeze()  # what is here stays: a collection that walks through all of numba stops every thread for tens of milliseconds
    gc.set_threshold(YOUNG)
    sys.setswitchinterval(SWITCH_S)


def _give_back() -> None:
    """Return to the system what making everything took and nobody needs; with a thousand streams some ten megabytes."""
    with suppress(AttributeError, OSError, TypeError):  # another C library than GNU's has no such call
        ctypes.CDLL(None).malloc_trim(0)
