"""Which detector hears whom: the shipped one, or panels of `qrs.tune` that were not taught on the person (`--folds`)."""

import argparse
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from qrs.panel import PANEL, seated
from qrs.tune import FOLDS, folds

from edgeecg_kernels.qrs_state import qrs_params
from quality.seconds import mitdb, person_of

Params = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Ears:
    """A detector a fold of persons."""

    fold_of: dict[str, int]
    taught: tuple[Params, ...]

    def fold(self, person: str) -> int:
        """Return a person's fold; of nobody, by number."""
        return self.fold_of[person] if person in self.fold_of else int(person.rsplit(maxsplit=1)[-1]) % FOLDS

    def hears(self, person: str) -> Params:
        """Return who hears a person."""
        return self.taught[self.fold(person)]


def ears(panels: Path | None) -> Ears:
    """Return those of the fold panels that `qrs.tune` left in a folder; without one, the shipped detector is everybody's."""
    fold_of = folds({person_of(header) for header in mitdb()})
    if panels is None:
        return Ears(fold_of, (qrs_params(),) * FOLDS)
    return Ears(fold_of, tuple(seated([_taught(panels, fold, seat) for seat in range(len(PANEL))]) for fold in range(FOLDS)))


def _taught(panels: Path, fold: int, seat: int) -> Params:
    return pickle.loads((panels / f"fold{fold}_{seat}.pickle").read_bytes())  # type: ignore[no-any-return]  # noqa: S301 our own file


def add_folds(parser: argparse.ArgumentParser) -> None:
    """Let a command hear by the fold panels."""
    parser.add_argument("--folds", type=Path, metavar="DIR", help="hear each person by the panel in there that was not taught on him")
