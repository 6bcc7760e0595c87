"""The bundled recording: five real minutes full of ventricular beats, with their reference annotations.

Its card, `mitdb208.toml`, says where it comes from and under what terms.
"""

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HERE = files("edgeecg.data")


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """One lead as the converter gave it, and how to read it as millivolt."""

    title: str
    lead: str
    rate_hz: float
    units_per_mv: float
    offset_units: float
    rails_units: tuple[float, float]
    samples: NDArray[np.uint16]

    @property
    def samples_mv(self) -> NDArray[np.float64]:
        """The signal in millivolt."""
        return (self.samples.astype(np.float64) - self.offset_units) / self.units_per_mv


@cache
def _card() -> dict[str, Any]:
    return tomllib.loads((_HERE / "mitdb208.toml").read_text(encoding="utf-8"))


def load_excerpt() -> Excerpt:
    """Read the bundled recording."""
    card = _card()
    signal = card["signal"]
    with (_HERE / signal["file"]).open("rb") as file, np.load(file) as archive:
        samples = archive["ecg"]
    return Excerpt(
        title=card["title"],
        lead=signal["lead"],
        rate_hz=float(signal["rate_hz"]),
        units_per_mv=float(signal["units_per_mv"]),
        offset_units=float(signal["offset_units"]),
        rails_units=(float(signal["rails_units"][0]), float(signal["rails_units"][1])),
        samples=samples,
    )


def load_beats() -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Read the reference beats of the bundled recording: their samples, and their symbols (N, V, F, Q)."""
    beats = _card()["beats"]
    with (_HERE / beats["file"]).open(encoding="ascii", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["symbol"] in beats["symbols"]]
    return np.array([int(row["sample"]) for row in rows], dtype=np.int64), np.array([row["symbol"] for row in rows])
