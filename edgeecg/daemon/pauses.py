"""What Python itself may hold an alert up for, kept short."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SWITCH_S: Final = 0.0005
"""How long a thread that waits for the interpreter lets another have it; Python's own 5 ms pass with every packet read beside a busy engine."""


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
    gc.freeze()  # what is here stays: a collection that walks through all of numba stops every thread for tens of milliseconds
    sys.setswitchinterval(SWITCH_S)
