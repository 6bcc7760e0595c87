"""What systemd is told: ready, stopping, alive. Nothing, where there is no systemd."""

import os
import socket
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"


def notify(*words: str) -> bool:
    """Send words to who started us (sd_notify(3)); False: nobody listens, or nobody has listened for long. Never waits."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as line:
        try:
            line.connect(address)
            line.send("\n".join(words).encode())
        except OSError:
            return False
    return True


def status(text: str) -> str:
    """Return the word that `systemctl status` shows."""
    return f"STATUS={text}"
