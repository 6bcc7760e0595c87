"""Every stage, and the whole engine, as machines the laws can be held against. A new stage joins by one decorator."""

from collections.abc import Hashable
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.condition import condition_block, condition_reset
from edgeecg_kernels.condition_state import CONDITION_STATE, condition_params
from edgeecg_kernels.resample import resample_block, resample_reset
from edgeecg_kernels.resample_state import RESAMPLE_STATE, design
from edgeecg_kernels.signal import SIGNAL_STATE, signal_block
from edgeecg_kernels.state import EVENT
from edgeecg_kernels.window import window_block, window_start
from edgeecg_kernels.window_state import MODEL_PARAMS, WINDOW_STATE
from tests.laws.signals import Signal

M = TypeVar("M", bound="type[Machine]")
MACHINES: "list[type[Machine]]" = []


def under_law(machine: M) -> M:
    """Register a machine: all laws that can be said of it are held against it."""
    MACHINES.append(machine)
    return machine


class Machine:
    """State that eats samples and gives events: (sample it is about, sample that decided it, everything else)."""

    rate_hz: ClassVar[float] = 250.0
    bound: ClassVar[int] = 0
    """The most samples from what an event is about to what decided it."""
    passes_bad: ClassVar[bool] = False
    """NaN goes through, and is flagged by who comes next."""
    scales: ClassVar[bool] = False
    """Gives the same events whatever the gain, offset and polarity."""

    def feed(self, x: Signal) -> list[tuple[int, int, Hashable]]:
        raise NotImplementedError

    def save(self) -> bytes:
        raise NotImplementedError

    def load(self, data: bytes) -> None:
        raise NotImplementedError


def floats_of(array: NDArray[Any]) -> list[NDArray[Any]]:
    """Every float in a state, however deep."""
    names = array.dtype.names
    if names is None:
        return [array] if array.dtype.kind == "f" else []
    return [floats for name in names for floats in floats_of(array[name])]


def rows_as_events(rows: NDArray[np.void]) -> list[tuple[int, int, Hashable]]:
    return [(int(row["sample"]), int(row["known_at"]), row.tobytes()) for row in rows]


class StageMachine(Machine):
    """One kernel with its one array of state."""

    dtype: ClassVar[np.dtype[np.void]]

    def __init__(self) -> None:
        self.state = np.zeros(1, self.dtype)
        self.position = 0

    def save(self) -> bytes:
        return self.position.to_bytes(8, "little") + self.state.tobytes()

    def load(self, data: bytes) -> None:
        self.position = int.from_bytes(data[:8], "little")
        self.state = np.frombuffer(data[8:], self.dtype).copy()

    def feed(self, x: Signal) -> list[tuple[int, int, Hashable]]:
        events = self.step(x)
        self.position += len(x)
        return events

    def step(self, x: Signal) -> list[tuple[int, int, Hashable]]:
        raise NotImplementedError


@under_law
class Resample(StageMachine):
    dtype = RESAMPLE_STATE
    rate_hz = 360.0
    bound = 20
    passes_bad = True

    def __init__(self) -> None:
        super().__init__()
        self.params, self.taps = design(self.rate_hz)
        resample_reset(self.state[0], self.params[0], 0)

    def step(self, x: Signal) -> list[tuple[int, int, Hashable]]:
        y = np.zeros(len(x) + 2)
        first = int(self.state[0]["next_output"])
        n = resample_block(self.state[0], self.params[0], self.taps, x, 0, 1, len(x), y)
        up, down, half = (int(self.params[0][name]) for name in ("up", "down", "half"))
        grid = range(first, first + n)
        return [(g * down // up, g * down // up + half, y[g - first].tobytes()) for g in grid]


@under_law
class Condition(StageMachine):
    dtype = CONDITION_STATE

    def __init__(self) -> None:
        super().__init__()
        self.params = condition_params(rail_low_mv=-5.0, rail_high_mv=5.0)
        condition_reset(self.state[0])

    def step(self, x: Signal) -> list[tuple[int, int, Hashable]]:
        y, flags = np.zeros(len(x)), np.zeros(len(x), np.uint8)
        condition_block(self.state[0], self.params[0], x, len(x), self.position, y, flags)
        at = range(self.position, self.position + len(x))
        return [(g, g, (y[i].tobytes(), int(flags[i]))) for i, g in enumerate(at)]


def loud(x: Signal) -> NDArray[np.uint8]:
    """Some flags for stages that read them: what stands far out, and what is no number."""
    return np.where(np.abs(np.nan_to_num(x, nan=9e9)) > 4.0, 4, 0).astype(np.uint8)


@under_law
class SignalChanges(StageMachine):
    dtype = SIGNAL_STATE

    def step(self, x: Signal) -> list[tuple[int, int, Hashable]]:
        out = np.zeros(2 * len(x) + 8, EVENT)
        return rows_as_events(out[: signal_block(self.state[0], loud(x), len(x), self.position, 0, out, 0)])


@under_law
class Window(StageMachine):
    dtype = WINDOW_STATE
    bound = 512 + 300

    def __init__(self) -> None:
        super().__init__()
        self.models = np.array([(512, 125, 200), (250, 130, 300)], MODEL_PARAMS)
        window_start(self.state[0], self.models, 0)

    def step(self, x: Signal) -> list[tuple[int, int, Hashable]]:
        out = np.zeros(len(x) + 64, EVENT)
        n = window_block(self.state[0], self.models, 1, x, loud(x), len(x), self.position, out, 0)
        return rows_as_events(out[:n])
