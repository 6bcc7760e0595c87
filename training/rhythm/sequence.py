"""The net of beats: what a window is, told by the beats of its minute one after another.

Trees are told of a minute's beats in figures of all of them; this net reads them in their order (`edgeecg_kernels.features_sequence`):
convolutions over beats, then their mean, their largest, and a mean by attention. It learns from one window of each recording and epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from common.heard import Heard, detector
from common.keep import kept
from common.scores import log_softmax
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from edgeecg.models.features.rhythm import beats_in_order
from edgeecg_kernels.features_sequence import AT_CODED, MOST_ROWS, N_ABOUT, N_COLUMNS, N_SHAPE
from rhythm.forest import ASK_EVERY_S, BEATS_S
from rhythm.recordings import FOLDS, LABELS

SEEDS = (1, 2)
"""Of nets that differ only in how they began, what they say together is steadier."""
WIDTH, FIRST_WIDTH, REACHES = 64, 96, (1, 2, 4, 1)
EPOCHS, BATCH, RATE, DECAY, CLIP = 32, 64, 3e-3, 0.02, 2.0
DROPOUT, SMOOTHING, AVERAGE = 0.25, 0.05, 0.995
ASKED_AT_ONCE = 256
INVERTED, NOISY, NOISE, FASTER = 0.3, 0.3, 0.2, 0.1
"""How often a window's shapes are turned over and made noisy, by how much at most, and how much faster or slower the heart is made."""
AT_RATE = 6
"""The column that knows how fast a heart is; the other intervals are only compared with each other."""

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """For every window the rows of its minute's beats, one window's after another's, and their typical shape."""

    rows: NDArray[np.float32]
    typical: NDArray[np.float32]
    ends: Labels
    recording: Labels

    def padded(self, windows: Labels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the rows of some windows, each filled up with zeros to the longest, and their typical shapes."""
        ends, starts = self.ends[windows], np.concatenate(([0], self.ends))[windows]
        out = np.zeros((len(windows), int((ends - starts).max()), N_COLUMNS), np.float32)
        for one, start, end in zip(out, starts.tolist(), ends.tolist(), strict=True):
            one[: end - start] = self.rows[start:end]
        return out, self.typical[windows]


def minutes(work: Path, recordings: list[Heard]) -> Minutes:
    """Return the beats of all windows, as the kernel tells them. A window without beats has one row, of zeros."""

    def make() -> Minutes:
        rows, typical, owners = [], [], []
        for number, heard in enumerate(recordings):
            for step in range(0, heard.n_windows, ASK_EVERY_S):
                table, usual_shape = rows_of(heard.window(step), heard.beats_of(step, BEATS_S))
                rows.append(table)
                typical.append(usual_shape)
                owners.append(number)
            if number % 1000 == 0:
                print(f"beats in order: {number} of {len(recordings)} recordings", flush=True)
        return Minutes(np.concatenate(rows), np.array(typical), np.cumsum([len(one) for one in rows]), np.array(owners))

    return kept(work / f"minutes-{detector()}.pickle", make)


def rows_of(samples_mv: NDArray[np.float32], beats: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the rows of a window's beats, one at least, and their typical shape, as live."""
    told = beats_in_order(samples_mv, beats)
    table = told[:-N_SHAPE].reshape(MOST_ROWS, N_COLUMNS)
    return table[: max(1, int(table[:, 0].sum()))], told[-N_SHAPE:]


class BeatNet(nn.Module):
    """Beats (batch, beats, columns) and their typical shape -> logits. Rows that say no beat is there count for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.Linear(N_COLUMNS + N_SHAPE, FIRST_WIDTH), nn.SiLU(), nn.Linear(FIRST_WIDTH, WIDTH))
        self.blocks = nn.ModuleList(BeatBlock(reach) for reach in REACHES)
        self.attention = nn.Linear(WIDTH, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.say = nn.Linear(3 * WIDTH, len(LABELS))

    def forward(self, beats: Tensor, typical: Tensor, there: Tensor) -> Tensor:
        """Answer; `there` is 1 for rows that are read, 0 for those that fill up."""
        coded = beats[..., AT_CODED : AT_CODED + 1]
        x = self.read(torch.cat((beats, (beats[..., N_ABOUT:] - typical[:, None]) * coded), -1)) * there
        for block in self.blocks:
            x = block(x) * there
        away = (there - 1) * 1e4
        weights = (self.attention(x) + away).softmax(1)
        mean, largest = x.sum(1) / there.sum(1), (x + away).amax(1)
        return cast(Tensor, self.say(self.dropout(torch.cat((mean, largest, (x * weights).sum(1)), 1))))


class BeatBlock(nn.Module):
    """A beat and its neighbours on either side, `reach` away."""

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(WIDTH, WIDTH, 3, padding=reach, dilation=reach)
        self.norm = nn.LayerNorm(WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the neighbourhood says to (batch, beats, width)."""
        around = self.conv(x.transpose(1, 2)).transpose(1, 2)
        return cast(Tensor, x + self.dropout(self.mix(functional.silu(self.norm(around)))))


def fit(told: Minutes, labels: Labels, learn: NDArray[np.bool_], seed: int, name: str) -> BeatNet:
    """Teach a net the labels of chosen recordings; return its averaged weights. Seeded."""
    torch.manual_seed(seed)
    net, mean = BeatNet(), BeatNet().requires_grad_(requires_grad=False)
    mean.load_state_dict(net.state_dict())
    learned = np.flatnonzero(learn)
    rarity = np.maximum(np.bincount(labels[learned], minlength=len(LABELS)), 1) ** -0.5
    weight = torch.tensor(rarity * len(learned) / rarity[labels[learned]].sum(), dtype=torch.float32)
    steps = EPOCHS * (len(learned) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        losses = []
        for windows in _batches(told, learned, np.random.default_rng((seed, epoch))):
            optimiser.zero_grad()
            wanted = torch.from_numpy(labels[told.recording[windows]])
            spoilt = _spoilt(*told.padded(windows), np.random.default_rng((seed, epoch, int(windows[0]))))
            loss = functional.cross_entropy(net(*spoilt), wanted, weight, label_smoothing=SMOOTHING)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), CLIP)
            optimiser.step()
            schedule.step()
            torch._foreach_lerp_(list(mean.parameters()), list(net.parameters()), 1 - AVERAGE)
            losses.append(float(loss.detach()))
        if epoch % 8 == 7:
            print(f"{name}: epoch {epoch + 1} of {EPOCHS}, loss {np.mean(losses):.4f}", flush=True)
    return mean.eval()


def _batches(told: Minutes, learned: Labels, rng: np.random.Generator) -> Iterator[Labels]:
    """Yield batches of one window of each recording; windows of a batch have nearly as many beats, so that little is filled up."""
    n_of = np.bincount(told.recording)
    first_of = np.cumsum(n_of) - n_of
    chosen = rng.permutation(learned)[: len(learned) // BATCH * BATCH]
    windows = first_of[chosen] + rng.integers(n_of[chosen])
    length = np.diff(told.ends, prepend=0)[windows] * rng.uniform(0.8, 1.2, len(windows))
    batches = windows[np.argsort(length)].reshape(-1, BATCH)
    yield from batches[rng.permutation(len(batches))]


def _spoilt(beats: NDArray[np.float32], typical: NDArray[np.float32], rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Turn some windows' shapes over, make some noisy, and their hearts a little faster or slower; say which rows are read."""
    n = len(beats)
    there = beats[..., :1].copy()
    there[:, 0] = 1
    sign = np.where(rng.random(n) < INVERTED, -1, 1).astype(np.float32)
    noise = rng.uniform(0, NOISE, n) * (rng.random(n) < NOISY)
    beats[..., N_ABOUT:] *= sign[:, None, None]
    beats[..., N_ABOUT:] += rng.normal(size=(*beats.shape[:2], N_SHAPE)) * noise[:, None, None] * beats[..., AT_CODED : AT_CODED + 1]
    beats[..., AT_RATE] += (2 * np.log(rng.uniform(1 - FASTER, 1 + FASTER, n)))[:, None] * beats[..., 0]
    return torch.from_numpy(beats), torch.from_numpy(typical * sign[:, None]), torch.from_numpy(there)


@torch.no_grad()
def ask(net: BeatNet, told: Minutes, windows: Labels) -> NDArray[np.float32]:
    """Return the logits of some windows."""
    said = np.zeros((len(windows), len(LABELS)), np.float32)
    order = np.argsort(np.diff(told.ends, prepend=0)[windows], kind="stable")
    for at in np.split(order, range(ASKED_AT_ONCE, len(order), ASKED_AT_ONCE)):
        beats, typical = told.padded(windows[at])
        there = beats[..., :1].copy()
        there[:, 0] = 1
        said[at] = net(*map(torch.from_numpy, (beats, typical, there))).numpy()
    return said


def out_of_fold(work: Path, told: Minutes, labels: Labels, fold_of: Labels) -> Floats:
    """Return what nets of all seeds say to every window, none of which saw its recording: the mean of their log-probabilities."""
    answers = np.zeros((len(told.recording), len(LABELS)))
    for fold in range(FOLDS):
        windows = np.flatnonzero(fold_of[told.recording] == fold)
        for seed in SEEDS:

            def make(fold: int = fold, seed: int = seed, windows: Labels = windows) -> NDArray[np.float32]:
                return ask(fit(told, labels, fold_of != fold, seed, f"beats, seed {seed}, fold {fold + 1}"), told, windows)

            logits = kept(work / f"beats-{detector()}" / f"seed{seed}-fold{fold}.pickle", make)
            answers[windows] += log_softmax(logits.astype(np.float64)) / len(SEEDS)
    return answers


def shipped(work: Path, told: Minutes, labels: Labels) -> list[BeatNet]:
    """Return the nets that learned from every recording."""
    nets = []
    for seed in SEEDS:

        def make(seed: int = seed) -> dict[str, Tensor]:
            return fit(told, labels, np.ones(len(labels), np.bool_), seed, f"beats, seed {seed}, all").state_dict()

        net = BeatNet()
        net.load_state_dict(kept(work / f"beats-{detector()}" / f"seed{seed}-shipped.pickle", make))
        nets.append(net.eval())
    return nets
