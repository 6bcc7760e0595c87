"""Train one net: AdamW, five cycles, averaged weights, no choice of a best epoch. Seeded; goes on where it was cut off."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from common.heard import Heard
from net1d.model import CLEF_SMALL, Net1D
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from edgeecg_kernels.state import GRID_HZ
from rhythm import augment
from rhythm.recordings import LABELS
from rhythm.window import prepared, whole

BATCH = 64
DECAY, CLIP, SMOOTHING, DROPOUT = 0.02, 2.0, 0.05, 0.2
ASK_EVERY_S = 2

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cycle:
    """One rise and fall of the learning rate."""

    epochs: int
    rate: float
    average: float
    """How much of the averaged weights stays at each step."""
    strength: augment.Strength
    seed: int
    taught: float = 0.0
    """How much of what is to be said comes from a teacher; the rest is the label."""
    windows: int = 1
    """How many windows of a recording are learned from at once; of several, what they say together counts as much as what each says."""


CYCLES = (
    Cycle(12, 3e-3, 0.995, augment.STRONG, 1),
    Cycle(6, 1.5e-3, 0.99, augment.MILD, 2),
    Cycle(11, 2e-3, 0.995, augment.MIDDLE, 3),
    Cycle(14, 1.5e-3, 0.995, augment.MIDDLE, 4, taught=0.6),
    Cycle(5, 1e-3, 0.998, augment.MIDDLE, 5, taught=0.5, windows=3),
)
"""The net learns from windows altered beyond doubt, from windows nearly as they come, from what lies between, then
from a teacher that has heard the whole recording: labels are of recordings, and some are wrong. Last it learns from several
windows of a recording together, for what it is may show in one of them alone (`rhythm.worth`)."""
Answers = list[NDArray[np.float32]]
Teacher = Callable[[Answers], Answers]
"""What the net says of each window of what it learns from -> what it had better say, as probabilities."""


def fresh() -> Net1D:
    """Return an untaught net: CLEF-small's body with batch norm, which folds away when it is done."""
    return Net1D(CLEF_SMALL, len(LABELS), batch_norm=True, dropout=DROPOUT)


class Together(nn.Module):
    """Scores of a recording out of log-probabilities of its windows: what `rhythm.whole` learns in the end, begun as their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2 * len(LABELS), len(LABELS))
        nn.init.zeros_(self.layer.bias)
        with torch.no_grad():
            self.layer.weight.copy_(torch.eye(len(LABELS), 2 * len(LABELS)))

    def forward(self, logits: torch.Tensor, n_windows: int) -> torch.Tensor:
        """Put the windows of each recording, which lie side by side, together: each label's mean and largest."""
        said = functional.log_softmax(logits, 1).unflatten(0, (-1, n_windows))
        return cast(torch.Tensor, self.layer(torch.cat((said.mean(1), said.amax(1)), 1)))


class Run:
    """A net under training, with everything that must come back when the run is taken up again."""

    def __init__(self, cycle: Cycle, n_steps: int, start: Net1D | None) -> None:
        torch.manual_seed(cycle.seed)
        self.keep, self.n_windows = cycle.average, cycle.windows
        self.net = fresh()
        if start:
            self.net.load_state_dict(start.state_dict())
        self.mean = fresh()
        self.mean.load_state_dict(self.net.state_dict())
        self.mean.eval()
        self.together = Together()
        learning = [*self.net.parameters(), *(self.together.parameters() if cycle.windows > 1 else ())]
        self.optimiser = torch.optim.AdamW(learning, lr=cycle.rate, weight_decay=DECAY, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, cycle.rate, total_steps=n_steps)
        self.epoch = 0

    def step(self, x: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor) -> float:
        """Learn from one batch: labels, or probabilities of each."""
        self.optimiser.zero_grad()
        logits = self.net(x)
        loss = functional.cross_entropy(logits, wanted, weight, label_smoothing=SMOOTHING)
        if self.n_windows > 1:
            whole_wanted = wanted.unflatten(0, (-1, self.n_windows)).mean(1)
            said = self.together(logits, self.n_windows)
            loss = (loss + functional.cross_entropy(said, whole_wanted, weight, label_smoothing=SMOOTHING)) / 2
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
                mean.lerp_(now, 1 - self.keep)
            else:
                mean.copy_(now)

    def state(self) -> dict[str, Any]:
        """Return what `load` takes."""
        return {"epoch": self.epoch, **{part: getattr(self, part).state_dict() for part in self._parts()}}

    def load(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.epoch = state["epoch"]
        for part in self._parts():
            getattr(self, part).load_state_dict(state[part])

    def _parts(self) -> tuple[str, ...]:
        return ("net", "mean", "optimiser", "schedule", *(("together",) if self.n_windows > 1 else ()))


def fit(
    recordings: list[Heard], labels: Labels, path: Path, teacher: Teacher, cycles: Sequence[Cycle] = CYCLES, start: Net1D | None = None
) -> Net1D:
    """Train on recordings, from a start or from nothing, and return the averaged net; the state after each epoch lies beside `path`."""
    pupils = [_Pupil(whole(one.mv), _peaks(one), np.eye(len(LABELS))[[label]]) for one, label in zip(recordings, labels, strict=True)]
    counts = np.bincount(labels, minlength=len(LABELS))
    rarity = np.maximum(counts, 1) ** -0.5
    weight = torch.tensor(rarity * counts.sum() / (rarity * counts).sum(), dtype=torch.float32)
    last: Run | None = None
    for number, cycle in enumerate(cycles):
        state = path.with_name(f"{path.name}-{number}.pt")
        run = Run(cycle, cycle.epochs * (len(recordings) // (BATCH // cycle.windows)), last.net if last else start)
        if state.exists():
            run.load(torch.load(state, weights_only=True))
        learning = pupils
        if last and cycle.taught and run.epoch < cycle.epochs:
            taught = teacher(ask(last.mean, recordings))
            learning = [pupil.taught(answers, cycle.taught) for pupil, answers in zip(pupils, taught, strict=True)]
        while run.epoch < cycle.epochs:
            begun = time.monotonic()
            run.net.train()
            torch.manual_seed(cycle.seed * 1000 + run.epoch)  # dropout goes on alike after a pause
            rng = np.random.default_rng((cycle.seed, run.epoch))
            losses = [run.step(x, y, weight) for x, y in _batches(learning, rng, cycle)]
            run.epoch += 1
            torch.save(run.state(), state.with_suffix(".part"))
            state.with_suffix(".part").rename(state)
            print(f"{state.stem}: epoch {run.epoch}, loss {np.mean(losses):.4f}, {time.monotonic() - begun:.0f} s", flush=True)
        last = run
    assert last, "a recipe has at least one cycle"
    return last.mean


@dataclass(frozen=True, slots=True, eq=False)
class _Pupil:
    """A recording to learn from: its samples, its R peaks among them, and what is to be said of windows ASK_EVERY_S apart, or of all."""

    mv: NDArray[np.float64]
    peaks: NDArray[np.float64]
    wanted: NDArray[np.float64]

    def taught(self, answers: NDArray[np.float32], share: float) -> "_Pupil":
        """Return the recording with a teacher's answers mixed in."""
        return _Pupil(self.mv, self.peaks, (1 - share) * self.wanted + share * answers)

    def wanted_at(self, start: int) -> NDArray[np.float64]:
        """Return what is to be said of the window that begins at a grid sample."""
        return np.asarray(self.wanted[min(round(start / (ASK_EVERY_S * GRID_HZ)), len(self.wanted) - 1)])


def _peaks(one: Heard) -> NDArray[np.float64]:
    return np.asarray((one.beats["sample"] - one.first_sample) * (GRID_HZ / one.rate_hz))


def _batches(pupils: list[_Pupil], rng: np.random.Generator, cycle: Cycle) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    order, size = rng.permutation(len(pupils)), BATCH // cycle.windows
    for first in range(0, len(order) - size + 1, size):
        chosen = [pupils[k] for k in order[first : first + size].repeat(cycle.windows)]
        cut = [augment.crop(one.mv, rng, one.peaks, cycle.strength) for one in chosen]
        altered = [augment.spoil(window, rng, cycle.strength) for window, _ in cut]
        wanted = np.stack([one.wanted_at(start) for one, (_, start) in zip(chosen, cut, strict=True)])
        yield torch.from_numpy(prepared(np.stack(altered)))[:, None], torch.from_numpy(wanted.astype(np.float32))


@torch.no_grad()
def ask(net: Net1D, recordings: list[Heard]) -> list[NDArray[np.float32]]:
    """Return the logits of every recording's windows, each prepared by itself, as live."""
    net.eval()
    answers = []
    for heard in recordings:
        windows = np.stack([whole(heard.window(step)) for step in range(0, heard.n_windows, ASK_EVERY_S)])
        answers.append(net(torch.from_numpy(prepared(windows))[:, None]).numpy())
    return answers
