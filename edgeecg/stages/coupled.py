"""`coupled`: what the beats of a fleet's sound say of the way from electricity to sound, as events."""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.types import Coupling, SoundReason
from edgeecg_kernels import coupling_state as kernel
from edgeecg_kernels.entry import entry
from edgeecg_kernels.sound_segment import KNOWN

UNKNOWN: Final = -1.0
REASONS: Final = {
    kernel.OK: SoundReason.NONE,
    kernel.LEARNING: SoundReason.LEARNING,
    kernel.NO_SOUND: SoundReason.SILENT,
    kernel.MISSING: SoundReason.MISSING,
    kernel.CLIPPED: SoundReason.CLIPPED,
    kernel.OTHER_BEAT: SoundReason.BEAT,
    kernel.NOISY: SoundReason.TALK,
    kernel.UNSTEADY: SoundReason.SPREAD,
}
OVERRULING: Final = frozenset({SoundReason.MISSING, SoundReason.SILENT, SoundReason.CLIPPED, SoundReason.CLOCK})
"""What the sound stage says of a beat that leaves nothing to be told of its coupling; before it has heard KNOWN beats, all does."""


def _kernels() -> ModuleType:
    """Return what only who hears sound needs."""
    from edgeecg_kernels import coupling_told  # noqa: PLC0415

    return coupling_told


class Couplings:
    """A row of state for each stream of sound."""

    def __init__(self, n: int) -> None:
        self.state = np.zeros(n, kernel.COUPLING_STATE)
        self._params = kernel.coupling_params() if n else np.zeros(0, kernel.COUPLING_PARAMS)
        self._work = np.zeros(min(n, 1), kernel.COUPLING_WORK)
        self._row = np.zeros(min(n, 1), kernel.COUPLING_ROW)
        self._kernel: Callable[..., Any] | None = None

    def start(self, which: int, told: NDArray[np.void]) -> None:
        """Begin a stream; whatever must be compiled is, before its first beat."""
        _kernels().begin_coupling(self.state, which)
        self._made(told)

    def _made(self, told: NDArray[np.void]) -> Callable[..., Any]:
        if self._kernel is None:
            self._kernel = entry(_kernels().couple_told, self.state, 0, self._params, self._work, told, 0, self._row)
        return self._kernel

    def couple(self, stream: str, which: int, told: NDArray[np.void], index: int, known_at: int) -> Coupling:
        """Learn a beat, and say what is known with it. Of one whose sound keeps another time nothing is learned."""
        beat = told[index]["beat"]
        heard = SoundReason(int(beat["reason"]))
        reason, row = heard, self._row[0]
        if heard != SoundReason.CLOCK:
            self._made(told)(self.state, which, self._params, self._work, told, index, self._row)
            found = REASONS[int(row["reason"])]
            reason = found
            if found == SoundReason.NONE and (heard in OVERRULING or beat["heard"] < KNOWN):
                reason = heard if heard != SoundReason.NONE else SoundReason.LEARNING
        is_told = reason == SoundReason.NONE
        return Coupling(
            stream=stream,
            beat_sample=int(beat["beat_sample"]),
            delay_ms=_known(row["delay_ms"], is_told),
            delay_sd_ms=_known(row["delay_sd_ms"], is_told),
            s1_s2_ms=_known(row["s1_s2_ms"], is_told),
            s1_s2_sd_ms=_known(row["s1_s2_sd_ms"], is_told),
            cost=_known(row["cost"], is_told),
            confidence=float(row["confidence"]) if is_told else 0.0,
            reason=reason,
            kernel=row["kernel"].astype("<f4").tobytes() if is_told else b"",
            smoothed=row["smoothed"].astype("<f4").tobytes() if is_told else b"",
            reported_at=known_at,
        )


def _known(value: float, is_told: bool) -> float:
    return float(value) if is_told and math.isfinite(value) else UNKNOWN
