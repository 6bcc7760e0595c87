"""Two network namespaces joined by a link that drops packets: what TCP makes of it is the kernel's own doing. Needs root."""

import ctypes
import fcntl
import os
import random
import select
import signal
import struct
import subprocess
import sys
from pathlib import Path

NEAR, FAR = "10.77.0.1", "10.77.0.2"
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001


def _new_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        sys.exit(f"network namespace: {os.strerror(ctypes.get_errno())}: root is needed")


def _tun(address: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH", b"lossy", _IFF_TUN_NO_PI))
    for command in (f"addr add {address}/30 dev lossy", "link set lossy mtu 1400 up", "link set lo up"):
        subprocess.run(["ip", *command.split()], check=True)
    return handle


def joined(loss: float, seed: int, command: list[str]) -> int:
    """Put this process at the near end; run a command at the far one. Return the pid of the child that does both."""
    _new_namespace()
    near = _tun(NEAR)
    child = os.fork()
    if child:
        os.close(near)
        return child
    _new_namespace()
    far = _tun(FAR)
    broker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(*_: object) -> None:
        broker.kill()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    draw = random.Random(seed)
    while True:
        for ready in select.select([near, far], [], [])[0]:
            packet = os.read(ready, 2048)
            if draw.random() >= loss:
                os.write(far if ready == near else near, packet)


def main() -> None:
    """Run `benchmarks.delivery loss` with a broker at the far end."""
    folder, loss = Path(sys.argv[1]), float(sys.argv[2])
    config = folder / "far.conf"
    config.write_text(f"listener 1883 {FAR}\nallow_anonymous true\npersistence false\nuser root\n", encoding="ascii")
    child = joined(loss, 1, [sys.argv[3], "-c", str(config)])
    try:
        subprocess.run([sys.executable, "-m", "benchmarks.delivery", "_loss", "--folder", str(folder), "--json"], check=True)
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
