"""Devices people own, each read by one sans-IO decoder: `ADAPTERS[name]()`, `.feed(bytes)`; `recognise(bytes)` names what a line sends."""

from collections.abc import Callable
from itertools import pairwise

from edgeecg_wire.adapters.base import Adapter, Block, Reading, Skipped
from edgeecg_wire.adapters.bitalino import Bitalino
from edgeecg_wire.adapters.chords import Chords
from edgeecg_wire.adapters.cyton import Cyton
from edgeecg_wire.adapters.healthypi import HealthyPi4, HealthyPi5, HealthyPi5Blocks
from edgeecg_wire.adapters.lines import Lines
from edgeecg_wire.codec import Decoder
from edgeecg_wire.frames import FRAMES

__all__ = ["ADAPTERS", "Adapter", "Block", "Reading", "Skipped", "recognise"]

OWN = "edgeecg"
ENOUGH = 3  # frames seen, before a name is said
SHARE = 0.9  # of the bytes a format must account for: a line is joined in the middle of a frame


def _of_channels(make: Callable[[int], Adapter], channels: int) -> Callable[[], Adapter]:
    return lambda: make(channels)


ADAPTERS: dict[str, Callable[[], Adapter]] = {
    "healthypi-4": HealthyPi4,
    "healthypi-5": HealthyPi5,
    "healthypi-5-blocks": HealthyPi5Blocks,
    "cyton": Cyton,
    **{f"chords-{n}": _of_channels(lambda n: Chords(n, "uno-r4"), n) for n in range(1, 17)},
    **{f"bitalino-{n}": _of_channels(Bitalino, n) for n in range(6, 0, -1)},  # 5 and 6 channels look alike: 6 is said
    "lines": Lines,
    "lines:ts,ecg": lambda: Lines("ts,ecg"),
    "lines:ecg,pcg": lambda: Lines("ecg,pcg"),
}
"""By name. Chords' board cannot be told from its bytes: the one with the widest converter is assumed, and its rate is not to be believed."""


def recognise(data: bytes) -> str | None:
    """Name the format that accounts for the bytes, a second's worth or more of them; None where none does."""
    own = Decoder().feed(data)
    n_frames = sum(type(result) in FRAMES.values() for result in own)
    if n_frames >= ENOUGH and n_frames >= SHARE * (len(own) - 1):
        return OWN
    return next((name for name, make in ADAPTERS.items() if _accounts_for(make(), name, data)), None)


def _accounts_for(adapter: Adapter, name: str, data: bytes) -> bool:
    blocks = [reading for reading in adapter.feed(data) if isinstance(reading, Block)]
    if len(blocks) < ENOUGH or adapter.len_skipped > (1 - SHARE) * len(data):
        return False
    return name != "lines:ts,ecg" or _runs_forward(blocks)


def _runs_forward(blocks: list[Block]) -> bool:
    """A column of times only grows; a column of samples does not."""
    times = [block.clock_us for block in blocks if block.clock_us is not None]
    return len(times) >= ENOUGH and all(before < after for before, after in pairwise(times))
