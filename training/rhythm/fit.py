"""Train one net: AdamW, one cycle, averaged weights, no choice of a best epoch. Seeded; goes on where it was cut off."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from common.heard import Heard
from net1d.model import CLEF_SMALL, Net1D
from rhythm import augment
from rhythm.recordings import LABELS
from rhythm.window import prepared, whole

BATCH = 64
RATE, DECAY, CLIP, SMOOTHING, AVERAGE, DROPOUT = 3e-3, 0.02, 2.0, 0.05, 0.995, 0.2
ASK_EVERY_S = 2

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What may differ between runs; everything else is fixed above."""

    epochs: int = 12
    seed: int = 1
    star_share: float = 0.0
    head_only: bool = False
    """The control: the body stays as it was drawn, and only the head learns."""


def fresh() -> Net1D:
    """Return an untaught net: CLEF-small's body with batch norm, which folds away when it is done."""
    return Net1D(CLEF_SMALL, len(LABELS), batch_norm=True, dropout=DROPOUT)


class Run:
    """A net under training, with everything that must come back when the run is taken up again."""

    def __init__(self, recipe: Recipe, n_steps: int) -> None:
        torch.manual_seed(recipe.seed)
        self.net = fresh()
        self.mean = fresh()
        self.mean.load_state_dict(self.net.state_dict())
        self.mean.eval()
        learned = list(self.net.dense.parameters()) if recipe.head_only else list(self.net.parameters())
        self.optimiser = torch.optim.AdamW(learned, lr=RATE, weight_decay=DECAY, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, RATE, total_steps=n_steps)
        self.epoch = 0

    def step(self, x: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor) -> float:
        """Learn from one batch."""
        self.optimiser.zero_grad()
        loss = functional.cross_entropy(self.net(x), labels, weight, label_smoothing=SMOOTHING)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), CLIP)
        self.optimiser.step()
        self.schedule.step()
        self._average()
        return float(loss.detach())

    @torch.no_grad()
    def _average(self) -> None:
        for mean, now in zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - AVERAGE)
            else:
                mean.copy_(now)

    def state(self) -> dict[str, Any]:
        """Return what `load` takes."""
        parts = ("net", "mean", "optimiser", "schedule")
        return {"epoch": self.epoch, **{part: getattr(self, part).state_dict() for part in parts}}

    def load(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.epoch = state["epoch"]
        for part in ("net", "mean", "optimiser", "schedule"):
            getattr(self, part).load_state_dict(state[part])


def fit(recordings: list[Heard], labels: Labels, recipe: Recipe, path: Path) -> Net1D:
    """Train on recordings and return the averaged net; `path` holds the state after each epoch."""
    steps_an_epoch = len(recordings) // BATCH
    run = Run(recipe, recipe.epochs * steps_an_epoch)
    if path.exists():
        run.load(torch.load(path, weights_only=True))
    signals = [whole(heard.mv) for heard in recordings]
    peaks = [(heard.beats["sample"] - heard.first_sample) * (250.0 / heard.rate_hz) for heard in recordings]
    counts = np.bincount(labels, minlength=len(LABELS))
    weight = torch.tensor(np.sqrt(counts.sum() / np.maximum(counts, 1) / len(LABELS)), dtype=torch.float32)
    while run.epoch < recipe.epochs:
        begun, losses = time.monotonic(), []
        run.net.train(not recipe.head_only)
        torch.manual_seed(recipe.seed * 1000 + run.epoch)  # dropout goes on alike after a pause
        for x, y in _batches(signals, peaks, labels, np.random.default_rng((recipe.seed, run.epoch)), recipe):
            losses.append(run.step(x, y, weight))
        run.epoch += 1
        torch.save(run.state(), path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
        print(f"{path.stem}: epoch {run.epoch}, loss {np.mean(losses):.4f}, {time.monotonic() - begun:.0f} s", flush=True)
    return run.mean


def _batches(
    signals: list[Any], peaks: list[Any], labels: Labels, rng: np.random.Generator, recipe: Recipe
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    order = rng.permutation(len(signals))
    for first in range(0, len(order) - BATCH + 1, BATCH):
        chosen = order[first : first + BATCH]
        altered = [augment.spoil(augment.crop(signals[k], rng, peaks[k], recipe.star_share), rng) for k in chosen]
        x = torch.from_numpy(prepared(np.stack(altered)))[:, None]
        yield x, torch.from_numpy(labels[chosen])


@torch.no_grad()
def ask(net: Net1D, recordings: list[Heard]) -> list[NDArray[np.float32]]:
    """Return the logits of every recording's windows, each prepared by itself, as live."""
    net.eval()
    answers = []
    for heard in recordings:
        windows = np.stack([whole(heard.window(step)) for step in range(0, heard.n_windows, ASK_EVERY_S)])
        answers.append(net(torch.from_numpy(prepared(windows))[:, None]).numpy())
    return answers
