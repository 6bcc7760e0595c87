"""What listens to devices while the rest of a daemon is still being loaded: nothing here needs a kernel, a model or a database.

What comes meanwhile waits in the queue, stamped when it came, and is caught up with once the engine is there.
"""

import secrets
from collections.abc import Callable

from edgeecg.config import Settings
from edgeecg.daemon.clock import Clock
from edgeecg.daemon.inbox import Inbox
from edgeecg.daemon.sources import RunningSources
from edgeecg.errors import ConfigError
from edgeecg.journal import last_time


class Ears:
    """The settings, the clock that goes on after the journal's, the queue, and the sources that fill it."""

    def __init__(self, load: Callable[[], Settings], clock: Clock) -> None:
        """Refuse what is wrong with the settings, or a folder that another daemon has; nothing runs yet."""
        self.load, self.clock = load, clock
        settings = self.settings = load()
        self.folder = settings.state.path()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"state.folder {self.folder}", error.strerror, "a folder that can be made") from error
        clock.begin_after(last_time(self.folder / "journal"))
        self.inbox = Inbox(max_values=settings.queue.values)
        self.sources = RunningSources(self.inbox.queue, clock, epoch=draw_epoch(), device=settings.device.name)

    def listen(self) -> None:
        """Have all devices heard that the settings name; those that are heard already stay."""
        self.sources.swap(self.sources.prepare(self.settings.sources))


def draw_epoch() -> int:
    """Return a number for a stream that starts anew; indices begin again at 0, and ids of alerts must not."""
    return secrets.randbits(62) + 1
