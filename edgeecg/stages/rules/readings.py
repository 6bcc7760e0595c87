"""What a rule found when it was seen to hold, in numbers of bounded count."""

from struct import Struct
from typing import Final, NamedTuple

MAX_TOLD_BEATS: Final = 8
MAX_EVIDENCE: Final = 4

_READING = Struct(f"<qqdddqqqqQQ{MAX_TOLD_BEATS}q{MAX_EVIDENCE}d")
READING_LEN: Final = _READING.size


class Reading(NamedTuple):
    """One finding."""

    onset: int
    sample: int
    value: float
    score: float = 1.0
    quality: float = -1.0
    beats: tuple[int, ...] = ()
    """At most MAX_TOLD_BEATS R peaks."""
    evidence: tuple[float, ...] = ()
    """In the order that `words.EVIDENCE` has for the kind."""
    detail: int = 0
    """A number that the kind's words understand: leads, a change, a reason."""
    model: int = -1
    """Its place in the settings."""
    looked_from: int = -1
    looked_len: int = 0

    def to_bytes(self) -> bytes:
        """All of it, always as long."""
        beats = self.beats + (0,) * (MAX_TOLD_BEATS - len(self.beats))
        evidence = self.evidence + (0.0,) * (MAX_EVIDENCE - len(self.evidence))
        head = (self.onset, self.sample, self.value, self.score, self.quality, self.detail, self.model, self.looked_from, self.looked_len)
        return _READING.pack(*head, len(self.beats), len(self.evidence), *beats, *evidence)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Reading":
        """What `to_bytes` was."""
        onset, sample, value, score, quality, detail, model, looked_from, looked_len, n_beats, n_evidence, *rest = _READING.unpack(data)
        beats, evidence = tuple(rest[:n_beats]), tuple(rest[MAX_TOLD_BEATS : MAX_TOLD_BEATS + n_evidence])
        return cls(onset, sample, value, score, quality, beats, evidence, detail, model, looked_from, looked_len)


NOTHING: Final = Reading(-1, -1, 0.0)
