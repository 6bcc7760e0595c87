"""An alert with what the engine cannot know: which device says it, and when by the wall clock."""

from dataclasses import dataclass, replace

from edgeecg.payload.names import Names
from edgeecg.types import Alert


@dataclass(frozen=True, slots=True)
class Times:
    """Wall times of an alert, in nanoseconds since 1970 (UTC)."""

    onset_ns: int
    """Of the sample it began at."""
    event_ns: int
    """Of the sample that decided this revision."""
    detect_ns: int
    """When the engine said it."""
    is_synchronised: bool
    """Whether the host's clock was set by something that knows the time."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of one lead. An ECG identifies its owner: only sent if asked for."""

    lead: str
    start_sample: int
    rate_hz: float
    samples_uv: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StampedAlert:
    """An alert as the world may see it: its stream and epoch by their public names."""

    alert: Alert
    device: str
    times: Times
    snippet: Snippet | None = None
    publish_ns: int = -1
    """When it was sent, for one that was received; -1: it has not been sent."""

    @property
    def key(self) -> tuple[str, int]:
        """The alert and its revision: what receivers tell copies by."""
        return self.alert.alert_id, self.alert.revision


def stamp(alert: Alert, *, device: str, names: Names, times: Times, snippet: Snippet | None = None) -> StampedAlert:
    """Give an alert its device, its times and its stream's public name. `device` is public already."""
    public = replace(alert, stream=names.stream(alert.stream), epoch=names.epoch(alert.epoch))
    return StampedAlert(public, device, times, snippet)
