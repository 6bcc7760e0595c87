"""What STAR and a start without labels are worth: one fold's net after the first cycle, with either and without, from one seed.

    EDGEECG_DATA=... PYTHONPATH=training python -m rhythm.ablation --work DIR

DIR is `rhythm.train`'s; what is finished lies in DIR/ablation.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common.keep import kept
from net1d.model import Net1D
from numpy.typing import NDArray

from rhythm import alike
from rhythm.fit import CYCLES, Answers, Cycle, ask, fit
from rhythm.recordings import folds, heard, reference
from rhythm.together import f1_gained, rule_f1

HERE = Path(__file__).parent
FOLD, STAR = 0, 0.7
PLAIN = CYCLES[0]
WARPED = replace(PLAIN, strength=replace(PLAIN.strength, star=STAR))
Labels = NDArray[np.int64]


def main() -> None:
    """Train all three, print what each has and what it gains over the plain one, and keep that for the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is finished")
    folder: Path = parser.parse_args().work / "ablation"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    recordings = heard(folder.parent)
    names = [one.name for one in recordings]
    labels = np.array([reference()[name] for name in names])
    held = folds(names, labels) == FOLD
    learned = [recordings[k] for k in np.flatnonzero(~held)]

    def said(name: str, cycle: Cycle, start: Net1D | None = None) -> Labels:
        def make() -> Answers:
            net = fit(learned, labels[~held], folder / name, lambda answers: answers, (cycle,), start)
            return ask(net, [recordings[k] for k in np.flatnonzero(held)])

        return np.array([answers.mean(0).argmax() for answers in kept(folder / f"{name}.logits.pickle", make)])

    plain = said("without", PLAIN)
    others = {"star": said("star", WARPED), "pretrained": said("pretrained", PLAIN, alike.learn(learned, folder / "alike.pt"))}
    result = {"fold": FOLD, "epochs": PLAIN.epochs, "recordings": int(held.sum()), "without": rule_f1(labels[held], plain)}
    result |= {name: against(labels[held], answers, plain) for name, answers in others.items()}
    print(json.dumps(result, indent=1))
    (HERE / "ablation.json").write_text(json.dumps(result, indent=1) + "\n")


def against(truth: Labels, answers: Labels, plain: Labels) -> dict[str, Any]:
    """Return the F1 of answers and what they gain over plain ones."""
    gain, (low, high) = f1_gained(truth, answers, plain)
    return {"F1": rule_f1(truth, answers), "difference": gain, "low": low, "high": high}


if __name__ == "__main__":
    main()
