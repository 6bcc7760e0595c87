"""The devices people own, by the names of their adapters: what must be known of them beside their frames."""

from dataclasses import dataclass
from typing import Final

from edgeecg_wire.adapters import ADAPTERS
from edgeecg_wire.adapters.chords import START, STOP, WHO_ARE_YOU

OWN: Final = "edgeecg"
AUTO: Final = "auto"
CYTON_MV: Final = 4500.0 / (2**23 - 1) / 24
"""A count of the Cyton at its usual gain."""


@dataclass(frozen=True, slots=True)
class Format:
    """What the line is set to, what makes the device speak and cease, and what of its facts is known."""

    baud: int = 115200
    begin: bytes = b""
    end: bytes = b""
    knows_rate: bool = False
    mv_per_unit: float | None = None
    ecg_leads: int | None = None
    """How many of its values are ECG; None: all, as far as a stream can hold them."""


_FAMILIES: Final = {
    OWN: Format(),
    "healthypi": Format(),
    "cyton": Format(begin=b"b", end=b"s", knows_rate=True, mv_per_unit=CYTON_MV),
    "chords": Format(baud=230400, begin=WHO_ARE_YOU + START, end=STOP),
    "bitalino": Format(),
    "lines:ecg,pcg": Format(ecg_leads=1),
    "lines": Format(),
}

NAMES: Final = (OWN, *ADAPTERS)


def format_of(name: str) -> Format:
    """Look a format up by its name or its family's."""
    return _FAMILIES.get(name) or _FAMILIES[name.split("-", maxsplit=1)[0].split(":", maxsplit=1)[0]]
