"""An outbox on a disk that fails, then a power cut, then a replay: what must hold whatever failed when."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from edgeecg.io.outbox.database import OutboxError
from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.outbox.rows import Key
from tests.io.outbox.failing_disk import Apsw, Disk, Vfs
from tests.payload.alerts import stamped

LIMITS = OutboxLimits(receivers=("ward",))
PATH = Path("outbox")
_BATCHES = (1, 4, 2, 8, 1, 5)
_names = count()


def new_vfs() -> Vfs:
    """A name for disks to be put under."""
    return Vfs(f"failing{next(_names)}")


@dataclass
class Run:
    """What an outbox said of each pair, and what was found after the power cut."""

    acknowledged: set[Key]
    received: set[Key]
    """Pairs a receiver has, whether or not the outbox could write it down."""
    retired: set[Key]
    found: set[Key]
    after_replay: list[Key]
    is_dead: bool
    n_operations: int
    n_faults: int

    def lost(self) -> set[Key]:
        """Pairs it had said were on the disk."""
        return self.acknowledged - self.received - self.found

    def back(self) -> set[Key]:
        """Pairs it had said were retired, that a replay brought back."""
        return self.retired & set(self.after_replay)


def batches(n_alerts: int) -> list[list[int]]:
    """Numbers of alerts as they come: one, or several at once."""
    numbers, parts = list(range(n_alerts)), list[list[int]]()
    for i in count():
        if not numbers:
            return parts
        size = _BATCHES[i % len(_BATCHES)]
        parts.append(numbers[:size])
        numbers = numbers[size:]
    raise AssertionError


def _opened(vfs: Vfs, disk: Disk) -> Outbox | None:
    for _ in range(4):  # a process that ends for it is started again
        try:
            return Outbox(PATH, LIMITS, engine=Apsw(vfs, disk))
        except OutboxError:
            if disk.is_dead:
                break
    return None


def faulty_run(vfs: Vfs, disk: Disk, n_alerts: int) -> Run:
    """Put alerts in and receive some of them while the disk fails; cut the power; look; bring them all again."""
    acknowledged, received, retired, offered = set[Key](), set[Key](), set[Key](), list[Key]()
    outbox = _opened(vfs, disk)
    for numbers in batches(n_alerts) if outbox is not None else []:
        assert outbox is not None
        alerts = [stamped(n) for n in numbers]
        offered += [alert.key for alert in alerts]
        if outbox.put(alerts):
            acknowledged |= set(offered)
        try:
            done = sorted(acknowledged - retired)[::3]
            received |= set(done)
            retired |= set(outbox.receive([(key, "ward") for key in done])) & set(done)
        except OutboxError:
            continue
    if outbox is not None and (outbox.flush() or outbox.flush()):  # as a daemon does, once a second
        acknowledged |= set(offered)
    found, n_operations, n_faults = disk.after_power_cut(disk.at), disk.n_operations, disk.n_faults
    if outbox is not None:
        outbox.close()
    again = Outbox(PATH, LIMITS, engine=Apsw(vfs, found))
    here = {row.key for row in again.outstanding()}
    again.put([stamped(n) for n in range(n_alerts)])
    after_replay = [row.key for row in again.outstanding()]
    again.close()
    return Run(acknowledged, received, retired, here, after_replay, disk.is_dead, n_operations, n_faults)
