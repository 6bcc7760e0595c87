"""`hearing`: windows of ECG and sound together, for models that hear: when they are whole, what they hold, what is wrong with the sound."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.stages import window
from edgeecg.stages.rows import Row
from edgeecg.types import SoundReason, WindowReady
from edgeecg_kernels.sound_state import HEARD_RING, HEARD_STATE, SOUND_CLIPPED, SOUND_HZ, SOUND_MISSING
from edgeecg_kernels.sound_window import STEP
from edgeecg_kernels.window_state import MAX_MODELS, OPEN_FREE, OPEN_WAITING
from edgeecg_kernels.window_state import RING as LEAD_RING

MAX_SILENT_SHARE: Final = 0.2
MAX_CLIPPED_SHARE: Final = 0.02
BLOCK_LEN: Final = SOUND_HZ
SILENT: Final = 1e-6
"""A second is silent in which the sound moves by no more than this share of what it moves by in the window; between two beats it may."""


def params(models: Sequence[ModelFacts]) -> NDArray[np.void]:
    """Return MODEL_PARAMS with lengths on the sound's grid."""
    rows = window.params(models)
    for name in ("length", "hop", "deadline"):
        rows[name] *= STEP
    return rows


def asks(models: Sequence[ModelFacts], facts: StreamFacts) -> NDArray[np.int64]:
    """Say, for each model, whether it is asked about a stream of sound."""
    asked = np.zeros(MAX_MODELS, np.int64)
    asked[: len(models)] = [0 < model.sound_hz <= facts.rate_hz for model in models]
    return asked


def state(n_sounds: int, models: Sequence[ModelFacts]) -> NDArray[np.void]:
    """Return HEARD_STATE, a row for each stream of sound; none where no model hears."""
    return np.zeros(n_sounds if any(model.sound_hz for model in models) else 0, HEARD_STATE)


class HeardWindows(window.Windows):
    """What is needed to speak of the windows of one stream of sound, in its input samples; `lead` is the ECG's."""

    __slots__ = ("lead",)

    def __init__(self, facts: StreamFacts, models: Sequence[ModelFacts], rate: tuple[int, int], lead: str) -> None:
        super().__init__(facts, models, params(models), rate)
        self.lead = lead

    def heard(self, state: NDArray[np.void], row: Row, ecg: NDArray[np.void], newest: int, heard: NDArray[np.void]) -> WindowReady:
        """Read a row of KIND_WINDOW; `ecg` is the ECG's WINDOW_STATE, written up to grid sample `newest`."""
        (slot,) = np.flatnonzero((state["open_id"] == int(row.value[1])) & (state["open_status"] != OPEN_FREE)).tolist()
        return self._told(state, slot, ecg, newest, heard, row.known_at)

    def heard_waiting(
        self, state: NDArray[np.void], now: int, ecg: NDArray[np.void], newest: int, heard: NDArray[np.void]
    ) -> Iterator[WindowReady]:
        """Announce again the windows that still wait for an answer, oldest first."""
        waiting = np.flatnonzero(state["open_status"] == OPEN_WAITING)
        for slot in waiting[np.argsort(state["open_id"][waiting])].tolist():
            yield self._told(state, slot, ecg, newest, heard, now)

    def _told(
        self, state: NDArray[np.void], slot: int, ecg: NDArray[np.void], newest: int, heard: NDArray[np.void], reported_at: int
    ) -> WindowReady:
        model, start, due = (int(state[name][slot]) for name in ("open_model", "open_start", "open_known"))
        facts, length = self.models[model], int(self.rows[model]["length"])
        begin = due + 1 - length // STEP
        samples = _lead(ecg, begin, due + 1, newest)
        sound, marks = _sound(heard, start, start + length)
        reason = fault(sound, marks, facts.max_missing_share) if heard["open_sure"][slot] else SoundReason.CLOCK
        missing_share = float(np.isnan(samples).mean())
        first, len_samples = self.span(model, start)
        return WindowReady(
            stream=self.facts.name,
            lead=self.lead,
            model=facts.name,
            window_id=int(state["open_id"][slot]),
            start_sample=first,
            len_samples=len_samples,
            deadline_sample=self.input_sample(start + length - 1 + int(self.rows[model]["deadline"])),
            readable=reason == SoundReason.NONE and missing_share <= facts.max_missing_share,
            missing_share=missing_share,
            beat_sample=-1,
            samples_mv=samples.tobytes(),
            beats=window.beats(ecg, begin, due + 1, due, facts.beats_s).tobytes(),
            reported_at=reported_at,
            sound=sound.tobytes(),
            sound_fault=reason,
        )


def _lead(ecg: NDArray[np.void], begin: int, end: int, newest: int) -> NDArray[np.float32]:
    """Return the lead as it came; what is bad, or was overwritten while the sound was late, is missing."""
    places = np.arange(begin, end)
    bad = (ecg["bad"][places % LEAD_RING] != 0) | (places <= newest - LEAD_RING)
    return np.asarray(np.where(bad, np.float32(np.nan), ecg["mv"][places % LEAD_RING]), "<f4")


def _sound(heard: NDArray[np.void], begin: int, end: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the sound, missing samples NaN, and its marks."""
    places = np.arange(begin, end)
    marks = np.where(places < int(heard["ready"]) - HEARD_RING, SOUND_MISSING, heard["bad"][places % HEARD_RING])
    return np.asarray(np.where(marks & SOUND_MISSING, np.float32(np.nan), heard["x"][places % HEARD_RING]), "<f4"), marks


def fault(sound: NDArray[np.float32], marks: NDArray[np.uint8], max_missing_share: float) -> SoundReason:
    """Say what is wrong with a window's sound."""
    if np.isnan(sound).mean() > max_missing_share:
        return SoundReason.MISSING
    blocks = sound[: len(sound) // BLOCK_LEN * BLOCK_LEN].reshape(-1, BLOCK_LEN)
    if (np.ptp(blocks, axis=1) <= SILENT * np.ptp(sound[~np.isnan(sound)])).mean() > MAX_SILENT_SHARE:
        return SoundReason.SILENT
    return SoundReason.CLIPPED if ((marks & SOUND_CLIPPED) != 0).mean() > MAX_CLIPPED_SHARE else SoundReason.NONE
