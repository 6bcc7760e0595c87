"""What the cards of the trained models have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.models import card as cards
from edgeecg.models.golden import completed

SHIPPED = Path(__file__).parents[2] / "models_onnx"
LICENCE = "Apache-2.0"
DATA_LICENCE = "ODC-BY 1.0"
NOT_A_DEVICE = "Not a medical device: not for diagnosis, treatment or monitoring of patients."


def metric(name: str, value: float, span: tuple[float, float] | None, on: str, n: int, of: str = "model") -> dict[str, Any]:
    """Return one figure of a card, to four places."""
    row: dict[str, Any] = {"name": name, "value": round(value, 4), "on": on, "of": of, "n": n}
    if span:
        row |= {"low": round(min(span[0], value), 4), "high": round(max(span[1], value), 4)}
    return row


def usual(features: NDArray[np.float32]) -> list[float]:
    """Return each feature's median where it is known, to six places."""
    return [float(f"{value:.6g}") for value in np.nan_to_num(np.nanmedian(features, axis=0))]


def finish(table: Mapping[str, Any], folder: Path, files: Sequence[tuple[str, Path]]) -> Path:
    """Put files and golden answers into a card's table, and write the card beside them."""
    entries = {key: cards.file_entry(path).model_dump() for key, path in files}
    return cards.write(completed({**table, "files": entries}, folder), folder)
