"""Ports for servers that a test starts, stops and starts again: nobody else's in between."""

import os
import socket
from collections import deque
from contextlib import suppress

HOST = "127.0.0.1"
BELOW_THE_SYSTEMS_OWN = range(10_000, 32_768)
"""From 32,768 on the system gives ports to whoever connects somewhere: what is free now may be anybody's a moment later."""
BLOCK = 64


def free_port() -> int:
    """Return a port at which nobody listens, and which no other run of tests on this machine is given."""
    for _ in range(BLOCK):
        _ours.rotate(-1)
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, _ours[0]))
            return _ours[0]
    raise AssertionError(f"somebody listens at every port from {min(_ours)} to {max(_ours)}")


def _block() -> deque[int]:
    """Take a block of ports for as long as this process lives."""
    blocks = [BELOW_THE_SYSTEMS_OWN[at : at + BLOCK] for at in range(0, len(BELOW_THE_SYSTEMS_OWN) - BLOCK, BLOCK)]
    first = os.getpid() % len(blocks)
    for ports in blocks[first:] + blocks[:first]:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as name:
            name.bind(f"\0edgeecg-tests-at-port-{ports[0]}")  # a name in the kernel, which goes with its last descriptor
            os.dup(name.fileno())
            return deque(ports)
    raise AssertionError("others have every block of ports")


_ours = _block()
