"""`sound`: the phonocardiograms of a fleet, their state and their kernel, and what it says of them as events."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import ModelFacts, StreamFacts
from edgeecg.stages import hearing
from edgeecg.stages.coupled import Couplings
from edgeecg.stages.rows import Row
from edgeecg.types import Coupling, HeartCycle, HeartSound, SoundKind, SoundReason
from edgeecg_kernels.entry import entry
from edgeecg_kernels.sound_filter import band_passes, sound_resampler
from edgeecg_kernels.sound_state import MAX_TOLD, SOUND_PARAMS, SOUND_SCRATCH, SOUND_STATE, SOUND_TOLD

UNKNOWN = -1.0
KINDS = {int(kind): kind for kind in SoundKind}
REASONS = tuple(SoundReason)


def _kernels() -> ModuleType:
    """Return what most hosts never need: to load it takes a tenth of a start."""
    from edgeecg_kernels import sound_pipeline  # noqa: PLC0415

    return sound_pipeline


def filters(streams: Sequence[StreamFacts]) -> tuple[dict[float, NDArray[np.void]], NDArray[np.float64]]:
    """Return the resampler's parameters of every rate that sound has, and the one table that holds all their taps."""
    params: dict[float, NDArray[np.void]] = {}
    tables: list[NDArray[np.float64]] = [np.zeros(1)]
    n_taps = 1
    for rate_hz in sorted({stream.rate_hz for stream in streams if stream.sound_of}):
        row, taps = sound_resampler(rate_hz)
        row["first_tap"] = n_taps
        params[rate_hz] = row
        tables.append(taps)
        n_taps += len(taps)
    return params, np.concatenate(tables)


def rails(facts: StreamFacts) -> tuple[float, float]:
    """Return what the converter can give, in the samples' own units."""
    return (-np.inf, np.inf) if facts.rails_units is None else facts.rails_units


class Sounds:
    """The streams of sound of one fleet: a row of state each, and one kernel."""

    def __init__(self, streams: Sequence[StreamFacts], models: Sequence[ModelFacts], taps: NDArray[np.float64]) -> None:
        slots = {facts.name: slot for slot, facts in enumerate(streams)}
        self.ecg_of = {slot: slots[facts.sound_of] for slot, facts in enumerate(streams) if facts.sound_of}
        """By the slot of a stream of sound, that of its ECG."""
        self.state = np.zeros(len(self.ecg_of), SOUND_STATE)
        self.couplings = Couplings(len(self.ecg_of))
        self.heard = hearing.state(len(self.ecg_of), models)
        self._models = hearing.params(models)
        self._params = np.zeros(len(self.ecg_of), SOUND_PARAMS)
        for row, (slot, ecg) in zip(self._params, self.ecg_of.items(), strict=True):
            row["ecg"] = ecg
            row["rail_low"], row["rail_high"] = rails(streams[slot])
            row["asks"] = hearing.asks(models, streams[slot])
        self._taps = taps
        self._fir = band_passes() if self.ecg_of else np.zeros((2, 1))
        self._scratch = np.zeros(1, SOUND_SCRATCH)
        self._told = np.zeros(4 * MAX_TOLD if self.ecg_of else 0, SOUND_TOLD)
        self._kernel: Callable[..., Any] | None = None

    def run(
        self, streams: NDArray[np.void], leads: NDArray[np.void], params: NDArray[np.void], hop_factor: int, due: NDArray[np.int64],
        pieces: NDArray[np.void], begin: int, x: NDArray[np.float64], out: NDArray[np.void], row_ends: NDArray[np.int64],
    ) -> int:  # fmt: skip
        """Take pieces[begin:]; return the first one not taken. The kernel is made at the first call: who hears no sound needs none."""
        told = streams, leads, self.state, self.heard, params, self._params, self._models, hop_factor, self._taps, self._fir, due
        rest = pieces, begin, x, self._scratch, self._told, out, row_ends
        if self._kernel is None:
            self._kernel = entry(_kernels().run_sounds, *told, *rest)
        done: int = self._kernel(*told, *rest)
        return done

    def start(self, streams: NDArray[np.void], params: NDArray[np.void], slot: int) -> None:
        """Begin a stream."""
        _kernels().start_sound(streams, self.state, self.heard, params, slot)
        self.couplings.start(int(params[slot]["first_lead"]), self._told)

    def adopt(self, row: int, before: "Sounds", old_row: int) -> None:
        """Go on with a stream as it was under other settings."""
        self.state[row] = before.state[old_row]
        self.couplings.state[row] = before.couplings.state[old_row]
        if len(self.heard) and len(before.heard):
            self.heard[row] = before.heard[old_row]

    def restart_windows(self, streams: NDArray[np.void], params: NDArray[np.void], slot: int) -> None:
        """Other models: forget the windows of the ones before."""
        _kernels().restart_heard(streams, self.state, self.heard, params, slot)

    def coupling(self, facts: StreamFacts, which: int, row: Row) -> Coupling:
        """Read a row of KIND_COUPLING, and learn the beat it points at."""
        return self.couplings.couple(facts.name, which, self._told, int(row.value[0]), row.known_at)

    def sound(self, facts: StreamFacts, row: Row) -> HeartSound:
        """Read a row of KIND_SOUND."""
        beat_sample, delay_ms, duration_ms, amplitude, confidence = row.value[:5]
        return HeartSound(
            stream=facts.name, kind=KINDS[row.lead], sample=row.sample, beat_sample=int(beat_sample), delay_ms=delay_ms,
            duration_ms=duration_ms, amplitude=amplitude, confidence=confidence, reported_at=row.known_at,
        )  # fmt: skip

    def cycle(self, facts: StreamFacts, row: Row) -> HeartCycle:
        """Read a row of KIND_CYCLE, and what it points at."""
        beat = self._told[int(row.value[0])]["beat"]
        reason = REASONS[int(beat["reason"])]
        found = reason == SoundReason.NONE
        return HeartCycle(
            stream=facts.name,
            beat_sample=int(beat["beat_sample"]),
            sample=row.sample,
            rr_ms=float(beat["rr_ms"]),
            systole_ms=float(beat["systole_ms"]) if found else UNKNOWN,
            diastole_ms=float(beat["diastole_ms"]) if found else UNKNOWN,
            systole=_bands(beat["systole"], found=found),
            diastole=_bands(beat["diastole"], found=found),
            loudness=float(beat["loudness"]) if found else UNKNOWN,
            confidence=float(beat["confidence"]),
            reason=reason,
            reported_at=row.known_at,
        )


def _bands(values: NDArray[np.float64], *, found: bool) -> tuple[float, ...]:
    """Return a murmur's bands; a stretch that was too short has none."""
    return tuple(values.tolist()) if found and values[0] >= 0 else ()
