"""`window`, slowly: every sample and beat kept, every moment looked at, lists and dicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeecg_kernels.state import FLAG_BAD
from edgeecg_kernels.window_state import LARGEST_MV, MAX_OPEN

Model = tuple[int, int, int, int]
"""Length, hop, deadline, and how long before a beat its windows begin, or -1, in samples."""

Said = tuple[str, int, int, int, int, int, int]


@dataclass
class NaiveWindows:
    """All windows of one lead. `said` holds (kind, sample of decision, model, id, start, bad samples, beat)."""

    models: list[Model]
    hop_factor: int = 1
    bad: dict[int, bool] = field(default_factory=dict)
    now: int = 0
    next_id: int = 0
    waiting: list[tuple[int, int, int, int, int]] = field(default_factory=list)  # id, model, start, deadline, beat
    pending: list[tuple[int, int]] = field(default_factory=list)  # model, beat
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.due = [length - 1 for length, *_ in self.models]

    def sample(self, value: float, flags: int, beats: Sequence[int] = ()) -> None:
        """Take the next sample, and the beats it made known."""
        self.bad[self.now] = bool(flags & FLAG_BAD) or not abs(value) < LARGEST_MV
        for beat in beats:
            self.pending += [(model, beat) for model, (*_, before) in enumerate(self.models) if before >= 0]
        self._expire()
        for model, (length, hop, _, before) in enumerate(self.models):
            if before < 0 and self.due[model] == self.now:
                self._announce(model, self.now - length + 1, -1)
                self.due[model] += hop * self.hop_factor
        self._announce_pending(self.now)
        self.now += 1

    def finish(self, beats: Sequence[int]) -> None:
        """The newest sample was the last for now: beats that were pending are known."""
        for beat in beats:
            self.pending += [(model, beat) for model, (*_, before) in enumerate(self.models) if before >= 0]
        self._announce_pending(self.now - 1)

    def skip(self, n: int) -> None:
        """Nothing came for n samples: windows that would have been whole in between are not spoken of."""
        self.now += n
        for model, (_, hop, _, before) in enumerate(self.models):
            while before < 0 and self.due[model] < self.now:
                self.due[model] += hop * self.hop_factor
        self.pending = [(model, beat) for model, beat in self.pending if self._last(model, beat) >= self.now]

    def _last(self, model: int, beat: int) -> int:
        length, _, _, before = self.models[model]
        return beat - before + length - 1

    def _announce_pending(self, newest: int) -> None:
        whole = [(model, beat) for model, beat in self.pending if self._last(model, beat) <= newest]
        for model, beat in whole:
            self.pending.remove((model, beat))
            if self._last(model, beat) + self.models[model][2] > newest:
                self._announce(model, beat - self.models[model][3], beat)

    def _expire(self) -> None:
        for window in [window for window in self.waiting if window[3] <= self.now]:
            self.waiting.remove(window)
            self._say_expired(window)

    def _say_expired(self, window: tuple[int, int, int, int, int]) -> None:
        self.said.append(("expired", self.now, window[1], window[0], window[2], 0, window[4]))

    def _announce(self, model: int, start: int, beat: int) -> None:
        if len(self.waiting) == MAX_OPEN:
            self._say_expired(self.waiting.pop(0))
        length, _, deadline, _ = self.models[model]
        bad = sum(self.bad.get(at, True) for at in range(start, start + length))
        self.said.append(("window", self.now, model, self.next_id, start, bad, beat))
        self.waiting.append((self.next_id, model, start, start + length - 1 + deadline, beat))
        self.next_id += 1
