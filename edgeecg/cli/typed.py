"""Lines as a person types them beside a screen that goes on."""

import sys
from queue import SimpleQueue
from threading import Thread


def typed_lines() -> "SimpleQueue[str]":
    """Return a queue that each line of standard input comes to, without anybody waiting for it."""
    lines: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)

    Thread(target=read, name="typed", daemon=True).start()
    return lines
