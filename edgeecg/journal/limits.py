"""How much a journal may hold, and how much of it a power cut may take."""

from dataclasses import dataclass, fields

from edgeecg.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a journal may hold, and how much of it a power cut may take."""

    size_cap_bytes: int = 256 << 20
    """All files of the folder together; while `rotate` runs, one snapshot and one header more."""
    segment_bytes: int = 32 << 20
    """From here on `wants_rotation`."""
    keep_segments: int = 4
    """The newest, and older ones to fall back on or to replay, as far as the cap allows."""
    sync_bytes: int = 1 << 20
    """Once so much is not yet safe, the next `append` syncs first; a power cut takes this and one call at most."""
    sync_calls: int = 1024
    """Ditto, in calls."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ConfigError(f"journal.{field.name}", getattr(self, field.name), "at least 1")
        if self.segment_bytes > self.size_cap_bytes // 2:
            raise ConfigError("journal.segment_bytes", self.segment_bytes, f"at most half of size_cap_bytes, {self.size_cap_bytes // 2}")
