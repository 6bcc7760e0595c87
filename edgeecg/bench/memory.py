"""How much memory processes take that hold so many streams: each a fresh one."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgeecg.bench.child import measured
from edgeecg.bench.effort import Effort


@dataclass(frozen=True, slots=True)
class Resident:
    """A process, fed for a moment."""

    streams: int
    model: str
    memory_mb: float
    peak_mb: float

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.streams} stream{'s' if self.streams > 1 else ''}" + (f" and {self.model}" if self.model else "")


def measure(effort: Effort) -> Iterator[Resident]:
    """Measure one stream and a thousand, without a model (if there is time) and with each."""
    for model in ("", *effort.models) if effort.daemon or not effort.models else effort.models:
        for streams in (1, min(1000, effort.most_streams)):
            # a long hop: what is looked at is the model's memory, not whether it keeps up
            told = measured(
                "ward", {"streams": streams, "seconds": 2.0, "warm_s": 0.0, "model": model, "hop_s": 2.0 if streams == 1 else 12.0}
            )
            yield Resident(streams, model, told["memory_mb"], told["memory_peak_mb"])
