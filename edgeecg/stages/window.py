"""`window`: when a model's window is whole, what it holds, and what an answer to it becomes."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.stages.rows import Row
from edgeecg.types import Inference, Prediction, RefusalReason, Refused, WindowExpired, WindowReady
from edgeecg_kernels.resample import grid_to_input
from edgeecg_kernels.state import GRID_HZ
from edgeecg_kernels.window import bad_samples
from edgeecg_kernels.window_state import MODEL_PARAMS, OPEN_EXPIRED, OPEN_FREE, OPEN_WAITING, RING


def params(models: Sequence[ModelFacts]) -> NDArray[np.void]:
    """Return one MODEL_PARAMS row a model."""
    rows = np.zeros(len(models), MODEL_PARAMS)
    for row, model in zip(rows, models, strict=True):
        row["length"] = round(model.window_s * GRID_HZ)
        row["hop"] = round(model.hop_s * GRID_HZ)
        row["deadline"] = round(model.deadline_s * GRID_HZ)
    return rows


class Windows:
    """What `window` needs to speak of one stream in input samples."""

    __slots__ = ("down", "facts", "models", "rows", "up")

    def __init__(self, facts: StreamFacts, models: Sequence[ModelFacts], rows: NDArray[np.void], rate: tuple[int, int]) -> None:
        self.facts, self.models, self.rows = facts, models, rows
        self.up, self.down = rate

    def _input(self, grid_sample: int) -> int:
        return int(grid_to_input(grid_sample, self.up, self.down))

    def _span(self, model: int, grid_start: int) -> tuple[int, int]:
        start = self._input(grid_start)
        return start, self._input(grid_start + int(self.rows[model]["length"])) - start

    def ready(self, state: NDArray[np.void], row: Row) -> WindowReady:
        """Read a row of KIND_WINDOW, and the window out of the ring in `state`."""
        model, window_id, bad, grid_start = (int(number) for number in row.value[:4])
        return self._announcement(state, model, window_id, grid_start, bad, row.known_at)

    def waiting(self, state: NDArray[np.void], now: int) -> Iterator[WindowReady]:
        """Announce again the windows that still wait for an answer, oldest first."""
        waiting = np.flatnonzero(state["open_status"] == OPEN_WAITING)
        for slot in waiting[np.argsort(state["open_id"][waiting])].tolist():
            model, start = int(state["open_model"][slot]), int(state["open_start"][slot])
            bad = int(bad_samples(state, start, int(self.rows[model]["length"])))
            yield self._announcement(state, model, int(state["open_id"][slot]), start, bad, now)

    def _announcement(
        self, state: NDArray[np.void], model: int, window_id: int, grid_start: int, bad: int, reported_at: int
    ) -> WindowReady:
        facts = self.models[model]
        length = int(self.rows[model]["length"])
        places = np.arange(grid_start, grid_start + length) % RING
        samples = np.where(state["bad"][places], np.float32(np.nan), state["mv"][places]).astype("<f4")
        start, len_samples = self._span(model, grid_start)
        return WindowReady(
            stream=self.facts.name,
            lead=self.facts.leads[0],
            model=facts.name,
            window_id=window_id,
            start_sample=start,
            len_samples=len_samples,
            deadline_sample=self._input(grid_start + length - 1 + int(self.rows[model]["deadline"])),
            readable=bad <= facts.max_missing_share * length,
            missing_share=bad / length,
            samples_mv=samples.tobytes(),
            reported_at=reported_at,
        )

    def expired(self, row: Row) -> WindowExpired:
        """Read a row of KIND_EXPIRED."""
        model, window_id = (int(number) for number in row.value[:2])
        return WindowExpired(self.facts.name, self.models[model].name, window_id, row.known_at)

    def answer(self, state: NDArray[np.void], inference: Inference, now: int) -> Prediction | Refused:
        """Take a model's answer to one of the windows in `state` that still wait for one, or have for too long."""
        names = [model.name for model in self.models]
        slots = np.flatnonzero((state["open_id"] == inference.window_id) & (state["open_status"] != OPEN_FREE))
        slot = int(slots[0]) if len(slots) else -1
        model = int(state["open_model"][slot])
        if slot < 0 or names[model] != inference.model:
            asked = f"window {inference.window_id} of model {inference.model!r}"
            return Refused(self.facts.name, RefusalReason.UNKNOWN_WINDOW, asked, "a window that waits for an answer", now)
        facts = self.models[model]
        fault = _fault(inference.probabilities, facts)
        if fault:
            return Refused(self.facts.name, RefusalReason.WRONG_ANSWER, fault, _allowed(facts), now)
        late = int(state["open_status"][slot]) == OPEN_EXPIRED
        state["open_status"][slot] = OPEN_FREE
        start, len_samples = self._span(model, int(state["open_start"][slot]))
        best = max(range(len(facts.labels)), key=inference.probabilities.__getitem__)
        return Prediction(
            stream=self.facts.name,
            model=facts.name,
            window_id=inference.window_id,
            start_sample=start,
            len_samples=len_samples,
            label=facts.labels[best],
            probabilities=inference.probabilities,
            late=late,
            reported_at=now,
        )


def _allowed(facts: ModelFacts) -> str:
    return f"{len(facts.labels)} probabilities from 0 to 1 that add up to 1"


def _fault(probabilities: Sequence[float], facts: ModelFacts) -> str:
    """Say what is wrong with an answer; nothing when it is sound."""
    if len(probabilities) != len(facts.labels):
        return f"{len(probabilities)} probabilities"
    if not all(0 <= value <= 1 for value in probabilities) or abs(sum(probabilities) - 1) > 1e-3:
        return f"probabilities {', '.join(f'{value:g}' for value in probabilities)}"
    return ""
