"""The nets of the folds and the one that ships, each trained once and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common.heard import Heard, detector
from common.keep import kept
from net1d.export import weights
from net1d.model import Net1D
from numpy.typing import NDArray

from rhythm import alike, forest, teacher
from rhythm.fit import CYCLES, Cycle, ask, fit
from rhythm.recordings import FOLDS, folds, heard, reference

Labels = NDArray[np.int64]
Logits = list[NDArray[np.float32]]
NO_FOLD = -1


@dataclass(frozen=True, slots=True, eq=False)
class School:
    """All that nets learn from, and where they are kept."""

    work: Path
    recordings: list[Heard]
    labels: Labels
    fold_of: Labels
    windows: forest.Table

    def net(self, fold: int, name: str, cycles: Sequence[Cycle] = CYCLES, *, begun: bool = False) -> Net1D:
        """Return the net that learned from every recording but a fold's; `begun`: first without labels."""
        learned = np.flatnonzero(self.fold_of != fold)
        trees = teacher.blind_to(self.work / f"forest_pairs-{detector()}", fold, self.windows, self.labels, self.fold_of)
        teach = teacher.teacher(trees, self.windows, learned)
        pupils, path = [self.recordings[k] for k in learned], self.work / "net" / name
        start = alike.learn(pupils, path.with_name(f"{name}.alike.pt")) if begun else None
        return fit(pupils, self.labels[learned], path, teach, cycles, start)


def school(work: Path) -> School:
    """Return the recordings as the engine hears them, dealt to their folds."""
    recordings = heard(work)
    names = [one.name for one in recordings]
    labels = np.array([reference()[name] for name in names])
    return School(work, recordings, labels, folds(names, labels), forest.table(work, recordings))


def out_of_fold(school: School, fold: int, cycles: Sequence[Cycle] = CYCLES, *, begun: bool = False) -> Logits:
    """Return the answers to the recordings of a fold, by a net that learned from the other folds."""
    name = f"fold{fold}.begun" if begun else f"fold{fold}"

    def make() -> Logits:
        held = np.flatnonzero(school.fold_of == fold)
        return ask(school.net(fold, name, cycles, begun=begun), [school.recordings[k] for k in held])

    more = "" if cycles == CYCLES else f"-{len(cycles)}"
    return kept(school.work / "net" / f"{name}{more}.logits.pickle", make)


def shipped(school: School) -> dict[str, Any]:
    """Return the weights, batch norm folded away, of the net that learned from every recording."""
    return kept(school.work / "net" / "shipped.weights.pickle", lambda: weights(school.net(NO_FOLD, "shipped")))


def all_out_of_fold(
    school: School, cycles: Sequence[Cycle] = CYCLES, of_folds: Sequence[int] = range(FOLDS), *, begun: bool = False
) -> Logits:
    """Return the answers to every recording of some folds, in their order, each by the net that did not learn from it."""
    answers: dict[int, NDArray[np.float32]] = {}
    for fold in of_folds:
        held = np.flatnonzero(school.fold_of == fold).tolist()
        answers |= zip(held, out_of_fold(school, fold, cycles, begun=begun), strict=True)
    return [answers[place] for place in sorted(answers)]
