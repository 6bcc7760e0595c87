"""`window`, slowly: every sample kept, every moment looked at, lists and dicts."""

from dataclasses import dataclass, field

from edgeecg_kernels.state import FLAG_BAD
from edgeecg_kernels.window_state import LARGEST_MV, MAX_OPEN

Model = tuple[int, int, int]
"""Length, hop, deadline, in samples."""


@dataclass
class NaiveWindows:
    """All windows of one lead. `said` holds (kind, sample of decision, model, id, start, bad samples)."""

    models: list[Model]
    hop_factor: int = 1
    bad: dict[int, bool] = field(default_factory=dict)
    now: int = 0
    next_id: int = 0
    waiting: list[tuple[int, int, int, int]] = field(default_factory=list)  # id, model, start, deadline
    said: list[tuple[str, int, int, int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.due = [length - 1 for length, _, _ in self.models]

    def sample(self, value: float, flags: int) -> None:
        """Take the next sample."""
        self.bad[self.now] = bool(flags & FLAG_BAD) or not abs(value) < LARGEST_MV
        self._expire()
        for model, (length, hop, deadline) in enumerate(self.models):
            if self.due[model] == self.now:
                self._announce(model, self.now - length + 1, deadline)
                self.due[model] += hop * self.hop_factor
        self.now += 1

    def skip(self, n: int) -> None:
        """Nothing came for n samples: windows that would have been whole in between are not spoken of."""
        self.now += n
        for model, (_, hop, _) in enumerate(self.models):
            while self.due[model] < self.now:
                self.due[model] += hop * self.hop_factor

    def _expire(self) -> None:
        for window in [window for window in self.waiting if window[3] <= self.now]:
            self.waiting.remove(window)
            self.said.append(("expired", self.now, window[1], window[0], window[2], 0))

    def _announce(self, model: int, start: int, deadline: int) -> None:
        if len(self.waiting) == MAX_OPEN:
            oldest = self.waiting.pop(0)
            self.said.append(("expired", self.now, oldest[1], oldest[0], oldest[2], 0))
        bad = sum(self.bad.get(at, True) for at in range(start, self.now + 1))
        self.said.append(("window", self.now, model, self.next_id, start, bad))
        self.waiting.append((self.next_id, model, start, self.now + deadline))
        self.next_id += 1
