"""Who speaks for which device, across all sources of a process: two devices with one id are not one stream."""

from threading import Lock


class Claims:
    """A device id belongs to the first line it was heard on, until that line gives it up. Safe from any thread."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._lock = Lock()

    def claim(self, device: str, where: str) -> str | None:
        """Take a device for a line; None, or the line that has it already."""
        with self._lock:
            owner = self._owners.setdefault(device, where)
        return None if owner == where else owner

    def release(self, where: str) -> None:
        """Give up what a line has."""
        with self._lock:
            self._owners = {device: owner for device, owner in self._owners.items() if owner != where}
