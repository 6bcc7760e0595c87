"""`window`: when a model's window is whole, and what it holds."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.stages.rows import Row
from edgeecg.types import WindowExpired, WindowReady
from edgeecg_kernels.resample import grid_to_input
from edgeecg_kernels.state import GRID_HZ
from edgeecg_kernels.window import bad_samples
from edgeecg_kernels.window_state import BEAT_VALUES, BEATS, MODEL_PARAMS, NOT_ABOUT_BEATS, OPEN_WAITING, RING


def params(models: Sequence[ModelFacts]) -> NDArray[np.void]:
    """Return one MODEL_PARAMS row a model."""
    rows = np.zeros(len(models), MODEL_PARAMS)
    for row, model in zip(rows, models, strict=True):
        row["length"] = round(model.window_s * GRID_HZ)
        row["hop"] = round(model.hop_s * GRID_HZ)
        row["deadline"] = round(model.deadline_s * GRID_HZ)
        row["before"] = round(model.before_s * GRID_HZ) if model.before_s >= 0 else NOT_ABOUT_BEATS
    return rows


class Windows:
    """What `window` needs to speak of one stream in input samples."""

    __slots__ = ("down", "facts", "models", "rows", "up")

    def __init__(self, facts: StreamFacts, models: Sequence[ModelFacts], rows: NDArray[np.void], rate: tuple[int, int]) -> None:
        self.facts, self.models, self.rows = facts, models, rows
        self.up, self.down = rate

    def input_sample(self, grid_sample: int) -> int:
        """Return the stream's own sample at a sample of the grid."""
        return int(grid_to_input(grid_sample, self.up, self.down))

    def span(self, model: int, grid_start: int) -> tuple[int, int]:
        """Return (start, length) of a window of `model`, in input samples."""
        start = self.input_sample(grid_start)
        return start, self.input_sample(grid_start + int(self.rows[model]["length"])) - start

    def ready(self, state: NDArray[np.void], row: Row) -> WindowReady:
        """Read a row of KIND_WINDOW, and the window out of the rings in `state`."""
        model, window_id, bad, grid_start, known, beat = (int(number) for number in row.value[:6])
        return self._announcement(state, model, window_id, (grid_start, known, beat), bad, row.known_at)

    def waiting(self, state: NDArray[np.void], now: int) -> Iterator[WindowReady]:
        """Announce again the windows that still wait for an answer, oldest first."""
        waiting = np.flatnonzero(state["open_status"] == OPEN_WAITING)
        for slot in waiting[np.argsort(state["open_id"][waiting])].tolist():
            model, start = int(state["open_model"][slot]), int(state["open_start"][slot])
            places = start, int(state["open_known"][slot]), int(state["open_beat"][slot])
            bad = int(bad_samples(state, start, int(self.rows[model]["length"])))
            yield self._announcement(state, model, int(state["open_id"][slot]), places, bad, now)

    def _announcement(
        self, state: NDArray[np.void], model: int, window_id: int, places: tuple[int, int, int], bad: int, reported_at: int
    ) -> WindowReady:
        """`places`, on the grid: where the window starts, where it was known, the beat it is about."""
        grid_start, known, beat = places
        facts = self.models[model]
        length = int(self.rows[model]["length"])
        ring = np.arange(grid_start, grid_start + length) % RING
        samples = np.where(state["bad"][ring], np.float32(np.nan), state["mv"][ring]).astype("<f4")
        start, len_samples = self.span(model, grid_start)
        return WindowReady(
            stream=self.facts.name,
            lead=self.facts.leads[0],
            model=facts.name,
            window_id=window_id,
            start_sample=start,
            len_samples=len_samples,
            deadline_sample=self.input_sample(grid_start + length - 1 + int(self.rows[model]["deadline"])),
            readable=bad <= facts.max_missing_share * length,
            missing_share=bad / length,
            beat_sample=beat if beat < 0 else self.input_sample(beat),
            samples_mv=samples.tobytes(),
            beats=beats(state, grid_start, grid_start + length, known, facts.beats_s).tobytes(),
            reported_at=reported_at,
        )

    def expired(self, row: Row) -> WindowExpired:
        """Read a row of KIND_EXPIRED."""
        model, window_id = (int(number) for number in row.value[:2])
        return WindowExpired(self.facts.name, self.models[model].name, window_id, row.known_at)


def beats(state: NDArray[np.void], start: int, end: int, known: int, beats_s: float) -> NDArray[np.float32]:
    """Return rows of `BEAT_FIELDS` of the beats before grid sample `end` that were known at `known`, oldest first."""
    slots = np.arange(min(int(state["n_beats"]), BEATS))
    at = state["beat_at"][slots]
    since = end - round(beats_s * GRID_HZ) if beats_s else start
    slots = slots[(at >= since) & (at < end) & (state["beat_known"][slots] <= known)]
    slots = slots[np.argsort(state["beat_at"][slots], kind="stable")]
    rows = np.zeros((len(slots), 1 + BEAT_VALUES), "<f4")
    rows[:, 0] = (state["beat_at"][slots] - start) / GRID_HZ
    rows[:, 1:] = state["beat_value"][slots]
    return rows
