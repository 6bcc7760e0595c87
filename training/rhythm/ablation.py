"""What STAR is worth: one fold's net after the first cycle, with and without it, from one seed.

    EDGEECG_DATA=... PYTHONPATH=training python -m rhythm.ablation --work DIR

DIR is `rhythm.train`'s; what is finished lies in DIR/ablation.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from common.heard import Heard
from common.keep import kept
from common.scores import interval
from numpy.typing import NDArray

from rhythm.fit import CYCLES, Answers, ask, fit
from rhythm.recordings import folds, heard, reference
from rhythm.together import rule_f1

HERE = Path(__file__).parent
FOLD, STAR = 0, 0.7


def main() -> None:
    """Train both and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is finished")
    work: Path = parser.parse_args().work
    torch.set_num_threads(1)
    recordings = heard(work)
    names = [one.name for one in recordings]
    labels = np.array([reference()[name] for name in names])
    held = folds(names, labels) == FOLD
    said = {name: _said(work / "ablation" / name, star, recordings, labels, held) for name, star in (("without", 0.0), ("star", STAR))}
    truth = labels[held]
    low, high = interval(lambda rows: rule_f1(truth[rows], said["star"][rows]) - rule_f1(truth[rows], said["without"][rows]), len(truth))
    result = {name: rule_f1(truth, answers) for name, answers in said.items()}
    result |= {"difference": result["star"] - result["without"], "low": low, "high": high}
    print(json.dumps(result, indent=1))
    (HERE / "star.json").write_text(
        json.dumps({**result, "fold": FOLD, "epochs": CYCLES[0].epochs, "recordings": len(truth)}, indent=1) + "\n"
    )


def _said(path: Path, star: float, recordings: list[Heard], labels: NDArray[np.int64], held: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the answers to held-out recordings of a net that learned with so much of STAR."""
    cycle = replace(CYCLES[0], strength=replace(CYCLES[0].strength, star=star))

    def make() -> Answers:
        learned = np.flatnonzero(~held)
        net = fit([recordings[k] for k in learned], labels[learned], path, lambda answers: answers, (cycle,))
        return ask(net, [recordings[k] for k in np.flatnonzero(held)])

    path.parent.mkdir(parents=True, exist_ok=True)
    return np.array([answers.mean(0).argmax() for answers in kept(path.with_suffix(".logits.pickle"), make)])


if __name__ == "__main__":
    main()
