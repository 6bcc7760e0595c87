"""A body that learned without labels: which windows are of one recording. What it is worth says `rhythm.ablation`.

Contrastive (NT-Xent): two windows of each recording of a batch, cut and altered by chance, are to lie nearer each other than to
any other recording's. A projection on top takes what only that game needs, and is thrown away.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common.heard import Heard
from net1d.model import CLEF_SMALL, Net1D
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rhythm import augment
from rhythm.fit import CLIP, DECAY, fresh
from rhythm.window import prepared, whole

EPOCHS, BATCH, RATE, SEED = 24, 128, 2e-3, 6
SHARPNESS = 10.0
"""What likeness, a cosine, is multiplied by: the inverse of the temperature."""
PROJECTED = (128, 64)


def learn(recordings: list[Heard], path: Path) -> Net1D:
    """Return a net whose body knows recordings apart and whose head is untaught; where it was cut off it goes on."""
    torch.manual_seed(SEED)
    net = fresh()
    projection = nn.Sequential(nn.Linear(CLEF_SMALL.n_features, PROJECTED[0]), nn.SiLU(), nn.Linear(*PROJECTED))
    parts = nn.ModuleDict({"net": net, "projection": projection})
    n_steps = EPOCHS * (len(recordings) // BATCH)
    optimiser = torch.optim.AdamW(parts.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=n_steps)
    run: dict[str, Any] = {"parts": parts, "optimiser": optimiser, "schedule": schedule}
    epoch = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        epoch = state.pop("epoch")
        for name, held in state.items():
            run[name].load_state_dict(held)
    signals = [whole(one.mv) for one in recordings]
    while epoch < EPOCHS:
        begun, losses = time.monotonic(), []
        for pairs in _pairs(signals, np.random.default_rng((SEED, epoch))):
            optimiser.zero_grad()
            loss = unlikeness(projection(net.features(pairs).mean(-1)))
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parts.parameters(), CLIP)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        epoch += 1
        torch.save({"epoch": epoch, **{name: part.state_dict() for name, part in run.items()}}, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
        print(f"{path.stem}: epoch {epoch} of {EPOCHS}, loss {np.mean(losses):.4f}, {time.monotonic() - begun:.0f} s", flush=True)
    return net


def unlikeness(codes: Tensor) -> Tensor:
    """Return how badly windows find their twin among all others; twins lie half a batch apart."""
    unit = functional.normalize(codes, dim=1)
    likeness = SHARPNESS * unit @ unit.T
    likeness = likeness.masked_fill(torch.eye(len(codes), dtype=torch.bool), float("-inf"))
    return functional.cross_entropy(likeness, torch.arange(len(codes)).roll(len(codes) // 2))


def _pairs(signals: list[NDArray[np.float64]], rng: np.random.Generator) -> Iterator[Tensor]:
    """Yield batches of windows, two of each recording, half a batch apart."""
    order, no_beats = rng.permutation(len(signals)), np.zeros(0)
    for first in range(0, len(order) - BATCH + 1, BATCH):
        chosen = np.tile(order[first : first + BATCH], 2)
        cut = [augment.crop(signals[k], rng, no_beats, augment.STRONG)[0] for k in chosen]
        yield torch.from_numpy(prepared(np.stack([augment.spoil(one, rng, augment.STRONG) for one in cut])))[:, None]
