"""The net of beats: what it is told, that it learns a rhythm no figure of the whole shows, and that its graph says what it says."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

torch: Any = pytest.importorskip("torch")
pytest.importorskip("sklearn")

N_WINDOWS = 160


@pytest.fixture(autouse=True)
def _training_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "training"), *sys.path])


def rows_at(at_s: NDArray[np.float64]) -> NDArray[np.float32]:
    told = np.zeros((len(at_s), 7), np.float32)
    told[:, 0] = at_s
    told[:, 1:] = (0.95, 1, 90, 1, 0.1, 1)
    return told


def a_minute(rng: np.random.Generator, *, in_pairs: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a window and beats whose short and long intervals are as many, by turns or dealt by chance."""
    short_and_long = np.where(np.arange(60) % 2 == 0, 0.7, 1.0)
    rr = short_and_long if in_pairs else rng.permutation(short_and_long)
    at = 9.5 - np.cumsum(rr * rng.uniform(0.97, 1.03, 60))[::-1]
    t = np.arange(2500) / 250
    x = 0.02 * rng.normal(size=2500)
    for peak in at[at > -0.5]:
        x += np.exp(-0.5 * ((t - peak) / 0.012) ** 2)
    return x.astype(np.float32), rows_at(at)


def told_of(windows: list[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> Any:
    """Put windows down as training does."""
    from rhythm.sequence import Minutes, rows_of  # type: ignore[import-not-found, unused-ignore]

    pairs = [rows_of(*window) for window in windows]
    rows, typical = [pair[0] for pair in pairs], np.array([pair[1] for pair in pairs])
    return Minutes(np.concatenate(rows), typical, np.cumsum([len(one) for one in rows]), np.arange(len(rows)))


def test_it_learns_an_order_that_figures_of_all_intervals_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    from rhythm import sequence

    monkeypatch.setattr(sequence, "BATCH", 16)
    monkeypatch.setattr(sequence, "EPOCHS", 12)
    monkeypatch.setattr(sequence, "AVERAGE", 0.9)
    rng = np.random.default_rng(1)
    labels = np.arange(N_WINDOWS) % 2
    told = told_of([a_minute(rng, in_pairs=bool(label)) for label in labels])
    learn = np.arange(N_WINDOWS) < N_WINDOWS // 2
    net = sequence.fit(told, labels, learn, 1, "test")
    said = sequence.ask(net, told, np.flatnonzero(~learn))
    assert (said.argmax(1) == labels[~learn]).mean() > 0.9
    again = sequence.ask(sequence.fit(told, labels, learn, 1, "test"), told, np.flatnonzero(~learn))
    np.testing.assert_array_equal(again, said, "seeded")
    other = sequence.ask(sequence.fit(told, labels, learn, 2, "test"), told, np.flatnonzero(~learn))
    assert not np.allclose(other, said)


def test_who_is_judged_was_not_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rhythm import sequence
    from rhythm.recordings import FOLDS

    rng = np.random.default_rng(2)
    told = told_of([a_minute(rng, in_pairs=False) for _ in range(20)])
    fold_of, labels = np.arange(20) % FOLDS, np.arange(20) % 4
    learned = []

    def fit(_told: Any, _labels: Any, learn: Any, seed: int, _name: str) -> Any:
        learned.append((seed, tuple(np.unique(fold_of[learn]).tolist())))
        return sequence.BeatNet().eval()

    monkeypatch.setattr(sequence, "fit", fit)
    said = sequence.out_of_fold(tmp_path, told, labels, fold_of)
    others = [tuple(k for k in range(FOLDS) if k != fold) for fold in range(FOLDS)]
    assert learned == [(seed, folds) for folds in others for seed in sequence.SEEDS]
    np.testing.assert_array_equal(sequence.out_of_fold(tmp_path, told, labels, fold_of), said)
    assert len(learned) == FOLDS * len(sequence.SEEDS), "what is finished is not done again"


def test_what_is_spoilt_is_the_shape_and_the_rate_and_nothing_else() -> None:
    from rhythm import sequence

    from edgeecg_kernels.features_sequence import N_ABOUT

    rng = np.random.default_rng(3)
    windows = [a_minute(rng, in_pairs=bool(k % 2)) for k in range(30)]
    windows[0], windows[1] = (windows[0][0], windows[0][1][:0]), (windows[1][0], windows[1][1][-20:])
    beats, typical = told_of(windows).padded(np.arange(30))
    spoilt, of_usual, there = sequence._spoilt(beats.copy(), typical, np.random.default_rng(4))
    kept = [k for k in range(N_ABOUT) if k != sequence.AT_RATE]
    np.testing.assert_array_equal(spoilt.numpy()[..., kept], beats[..., kept])
    faster = spoilt.numpy()[..., sequence.AT_RATE] - beats[..., sequence.AT_RATE]
    assert np.ptp(faster[:, 0]) > 0.1
    np.testing.assert_allclose(faster, faster[:, :1] * beats[..., 0], atol=1e-5)
    assert faster[1, 0] != 0
    turned = np.sign((of_usual.numpy() * typical).sum(1))
    assert 0 < (turned < 0).sum() < 15
    assert turned[0] == 0, "no beat has no shape"
    np.testing.assert_allclose(of_usual.numpy(), typical * turned[:, None])
    np.testing.assert_array_equal(there.numpy()[1:, :, 0], beats[1:, :, 0])
    assert there.numpy()[0, :, 0].tolist() == [1.0] + [0.0] * 59, "one row is read where there is no beat"


def test_rows_that_fill_up_say_nothing() -> None:
    from rhythm import sequence

    rng = np.random.default_rng(5)
    windows = [a_minute(rng, in_pairs=True) for _ in range(4)]
    windows[0] = (windows[0][0], windows[0][1][-3:])
    windows[1] = (windows[1][0], windows[1][1][:0])
    told = told_of(windows)
    torch.manual_seed(6)
    net = sequence.BeatNet().eval()
    together = sequence.ask(net, told, np.arange(4))
    alone = np.concatenate([sequence.ask(net, told, np.array([k])) for k in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.ptp(alone, axis=0).min() > 1e-3


def test_the_graph_says_what_trees_and_nets_say_together() -> None:
    from common.trees import Growth, graph, grow  # type: ignore[import-not-found, unused-ignore]
    from rhythm import sequence
    from rhythm.together import told as mixed
    from rhythm.told import graph as told_graph

    from edgeecg.models.features.rhythm import NAMES, rhythm_and_beats

    rng = np.random.default_rng(7)
    windows = [a_minute(rng, in_pairs=bool(k % 2)) for k in range(40)]
    windows[0] = (windows[0][0], windows[0][1][:0])
    windows[1] = (windows[1][0], windows[1][1][-1:])
    windows[2] = (windows[2][0], rows_at(np.linspace(-49, 9.9, 150)))
    features = np.stack([rhythm_and_beats(*window) for window in windows])
    figures = features[:, : len(NAMES)]
    forest = grow(rng.normal(size=figures.shape).astype(np.float32), np.arange(40) % 4, np.ones(40), Growth(rounds=3, least_in_leaf=1))
    torch.manual_seed(8)
    nets = [sequence.BeatNet().eval() for _ in sequence.SEEDS]
    for net in nets:
        net.say.weight.data *= 5
    session = ort.InferenceSession(
        told_graph(graph(forest, len(NAMES)), len(NAMES), nets, 0.3).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    live = np.concatenate([session.run(["scores"], {"features": row[None]})[0] for row in features])
    of_nets = np.mean([torch.from_numpy(sequence.ask(net, told_of(windows), np.arange(40))).log_softmax(1).numpy() for net in nets], 0)
    np.testing.assert_allclose(live, mixed(forest.predict_proba(figures), of_nets.astype(np.float64), 0.3), atol=1e-5)
    assert np.abs(live - forest.predict_proba(figures)).max() > 0.05


def test_the_share_is_the_other_folds_and_leans_on_the_one_who_knows() -> None:
    from rhythm.together import choose_share, nested_told

    rng = np.random.default_rng(9)
    recording, fold_of = np.repeat(np.arange(200), 3), np.arange(200) % 5
    truth = rng.integers(4, size=200)
    knows = 4.0 * np.eye(4)[truth[recording]] + rng.normal(size=(600, 4))
    guesses = rng.dirichlet(np.ones(4), 600)
    assert choose_share(guesses, knows, truth[recording]) > 0.8
    said = nested_told(guesses, knows, recording, truth, fold_of)
    np.testing.assert_allclose(said.sum(1), 1)
    changed = np.where(fold_of == 2, (truth + 1) % 4, truth)
    blind = nested_told(guesses, knows, recording, changed, fold_of)
    held = fold_of[recording] == 2
    np.testing.assert_array_equal(blind[held], said[held], "a fold's labels are not known to who speaks of it")
    assert not np.array_equal(blind[~held], said[~held])
