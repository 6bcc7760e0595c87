"""What another process says, waited for with a deadline: a test must not hang where the process has died or says nothing."""

import os
import select
import time
from typing import IO, Any

PATIENCE_S = 120.0
"""Time enough to compile what a process needs to say its first word."""


def line_from(pipe: IO[Any] | None, patience_s: float = PATIENCE_S) -> str:
    """Return the next line without its end; byte by byte, so that nothing is taken of what follows, and the pipe always tells what is there."""
    assert pipe is not None, "the process was started without a pipe"
    said, end_s = b"", time.monotonic() + patience_s
    while not said.endswith(b"\n"):
        ready = select.select([pipe], [], [], max(0.0, end_s - time.monotonic()))[0]
        assert ready, f"waited {patience_s:g} s for a line, and what came is {said!r}"
        byte = os.read(pipe.fileno(), 1)
        assert byte, f"the process ended before its line did: what came is {said!r}"
        said += byte
    return said.decode().rstrip("\n")
