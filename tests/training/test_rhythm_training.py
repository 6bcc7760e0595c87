"""The rhythm model's training, from recordings to files, on a handful of simulated hearts."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch: Any = pytest.importorskip("torch")
pytest.importorskip("sklearn")


@pytest.fixture(autouse=True)
def _training_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "training"), *sys.path])


def heart(seed: int, *, irregular: bool, seconds: float = 13.0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    rr = rng.uniform(0.5, 1.1, 40) if irregular else np.full(40, rng.uniform(0.7, 0.9))
    t = np.arange(round(seconds * 300)) / 300
    x = 0.02 * rng.normal(size=len(t))
    for peak in np.cumsum(rr):
        x += np.exp(-0.5 * ((t - peak) / 0.012) ** 2) + 0.25 * np.exp(-0.5 * ((t - peak - 0.26) / 0.05) ** 2)
        if not irregular:
            x += 0.12 * np.exp(-0.5 * ((t - peak + 0.17) / 0.025) ** 2)
    return x


def hearts(n: int) -> tuple[list[Any], NDArray[np.int64]]:
    from common.heard import hear  # type: ignore[import-not-found, unused-ignore]

    labels = np.arange(n) % 2
    return [hear(f"H{k}", heart(k, irregular=bool(label)), 300.0) for k, label in enumerate(labels)], labels


def test_a_recording_s_windows_and_beats_are_those_of_the_engine() -> None:
    from common.heard import ASKER, hear

    from edgeecg.models.windows import of_recording
    from edgeecg.types import BEAT_FIELDS

    samples = heart(3, irregular=True)
    heard = hear("H", samples, 300.0)
    windows = list(of_recording(samples, 300.0, ASKER))
    assert heard.n_windows == len(windows) > 2
    for step, window in enumerate(windows):
        np.testing.assert_array_equal(heard.window(step), np.frombuffer(window.samples_mv, "<f4"))
        live = np.frombuffer(window.beats, "<f4").reshape(-1, len(BEAT_FIELDS))
        told = heard.beats_of(step)
        assert len(told) == len(live) > 8
        np.testing.assert_allclose(told[:, 0], live[:, 0], atol=1 / 250)  # the input's clock beside the grid's
        np.testing.assert_allclose(told[:, 1:], live[:, 1:], rtol=1e-5)


def test_the_front_end_of_training_is_the_live_one() -> None:
    from rhythm.window import HIGH_HZ, LOW_HZ, ORDER, RATE_HZ, prepared, whole  # type: ignore[import-not-found, unused-ignore]

    from edgeecg.models.card import Input
    from edgeecg.models.preprocess import Preprocessor

    given = Input.model_validate(
        {"rate_hz": float(RATE_HZ), "window_s": 10.0, "preprocessing": {"order": ORDER, "low_hz": LOW_HZ, "high_hz": HIGH_HZ}}
    )
    window = heart(5, irregular=False)[:2500].astype(np.float32)
    window[300:340] = np.nan
    np.testing.assert_allclose(prepared(whole(window)[None])[0], Preprocessor(given)(window).ravel(), atol=2e-5)


def test_star_moves_what_lies_between_beats_and_nothing_else() -> None:
    from rhythm.augment import star  # type: ignore[import-not-found, unused-ignore]

    x = heart(7, irregular=False)
    peaks = np.array([400, 640, 900, 1200])
    y = star(x, peaks, np.random.default_rng(0))
    np.testing.assert_array_equal(y[:400], x[:400])
    np.testing.assert_array_equal(y[1200:], x[1200:])
    np.testing.assert_allclose(y[peaks], x[peaks], atol=1e-12)
    assert np.abs(y - x)[401:1199].max() > 0.01


def test_identical_recordings_lie_on_one_side() -> None:
    from rhythm.recordings import FOLDS, TWINS, folds  # type: ignore[import-not-found, unused-ignore]

    names = sorted([*(f"B{k:05}" for k in range(200)), *(name for pair in TWINS for name in pair)])
    labels = np.arange(len(names)) % 4
    fold_of = folds(names, labels)
    for first, second in TWINS:
        assert fold_of[names.index(first)] == fold_of[names.index(second)]
    assert np.bincount(fold_of).min() > len(names) // FOLDS - 6


def test_a_net_goes_on_where_it_was_cut_off_and_is_the_same_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rhythm import augment, fit

    monkeypatch.setattr(fit, "BATCH", 4)
    recordings, labels = hearts(8)
    cycles = (
        fit.Cycle(2, 1e-3, 0.9, augment.STRONG, 1),
        fit.Cycle(1, 1e-3, 0.9, augment.MILD, 2, taught=0.5),
        fit.Cycle(2, 1e-3, 0.9, augment.MILD, 3, taught=0.5, windows=2),
    )

    def teacher(answers: Any) -> Any:
        return [np.roll(np.eye(4, dtype=np.float32)[answer.argmax(1)], 1, 1) for answer in answers]

    straight = fit.fit(recordings, labels, tmp_path / "straight", teacher, cycles)

    stopped = RuntimeError("the power fails")
    calls = []

    def failing(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) in {2, 6}:
            raise stopped
        return batches(*arguments)

    batches = fit._batches
    monkeypatch.setattr(fit, "_batches", failing)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="power"):
            fit.fit(recordings, labels, tmp_path / "cut", teacher, cycles)
    monkeypatch.setattr(fit, "_batches", batches)
    again = fit.fit(recordings, labels, tmp_path / "cut", teacher, cycles)
    for wanted, got in zip(straight.state_dict().values(), again.state_dict().values(), strict=True):
        torch.testing.assert_close(wanted, got, rtol=0, atol=0)
    assert np.concatenate(fit.ask(again, recordings)).shape == (sum((h.n_windows + 1) // 2 for h in recordings), 4)


def test_a_body_learns_without_labels_which_windows_are_of_one_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rhythm import alike, fit

    monkeypatch.setattr(alike, "BATCH", 4)
    monkeypatch.setattr(alike, "EPOCHS", 3)
    recordings, labels = hearts(9)
    straight = alike.learn(recordings, tmp_path / "straight.pt")
    pairs, stopped, calls = alike._pairs, RuntimeError("the power fails"), []

    def failing(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise stopped
        return pairs(*arguments)

    monkeypatch.setattr(alike, "_pairs", failing)
    with pytest.raises(RuntimeError, match="power"):
        alike.learn(recordings, tmp_path / "cut.pt")
    again = alike.learn(recordings, tmp_path / "cut.pt")
    for wanted, got in zip(straight.state_dict().values(), again.state_dict().values(), strict=True):
        torch.testing.assert_close(wanted, got, rtol=0, atol=0)
    still = (fit.Cycle(1, 1e-12, 0.5, fit.CYCLES[0].strength, 1),)
    monkeypatch.setattr(fit, "BATCH", 4)
    begun = fit.fit(recordings, labels, tmp_path / "begun", lambda answers: answers, still, straight)
    for wanted, got in zip(straight.parameters(), begun.parameters(), strict=True):
        torch.testing.assert_close(wanted, got, rtol=0, atol=1e-6)


def test_twins_are_windows_of_one_recording_and_near_when_they_are_alike() -> None:
    from rhythm import alike

    times = np.arange(13 * 250) / 250
    tones = [np.sin(2 * np.pi * 2.0 * 1.4**k * times) for k in range(8)]
    (batch,) = (pairs for pairs, _ in zip(alike._pairs(tones * 16, np.random.default_rng(3)), range(1), strict=False))
    spectrum = np.abs(np.fft.rfft(batch[:, 0].numpy(), axis=1))
    one, twin = np.split(spectrum[:, 5:].argmax(1) + 5.0, 2)
    assert len(one) == alike.BATCH
    assert (np.abs(np.log(one / twin)) < 0.26).mean() > 0.9, "played up to an eighth faster or slower each"
    assert len({round(float(np.log(tone) / np.log(1.4))) for tone in one}) >= 6

    codes = torch.nn.functional.normalize(torch.from_numpy(np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)))
    together = alike.unlikeness(torch.cat((codes, codes)))
    apart = alike.unlikeness(torch.cat((codes, codes.roll(1, 0))))
    assert together < 0.1
    assert apart > 5
    likeness = 10 * torch.cat((codes, codes)) @ torch.cat((codes, codes)).T
    each = [-float(likeness[k, (k + 6) % 12] - torch.logsumexp(likeness[k][torch.arange(12) != k], 0)) for k in range(12)]
    assert float(together) == pytest.approx(np.mean(each), rel=1e-4)


def test_windows_of_a_recording_lie_side_by_side_and_what_they_say_together_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rhythm import augment, fit

    monkeypatch.setattr(fit, "BATCH", 6)
    pupils = [fit._Pupil(heart(k, irregular=False)[:3200], np.zeros(0), np.eye(4)[[k % 4]] * (k + 1)) for k in range(8)]
    cycle = fit.Cycle(1, 1e-2, 0.9, augment.MILD, 1, windows=3)
    batches = list(fit._batches(pupils, np.random.default_rng(1), cycle))
    assert len(batches) == len(pupils) // (fit.BATCH // cycle.windows)
    for x, wanted in batches:
        own = wanted.unflatten(0, (-1, 3))
        torch.testing.assert_close(own, own[:, :1].expand_as(own))
        assert len(wanted.sum(1).unique()) == 2, "two recordings"
        assert len({tuple(row.ravel().tolist()) for row in x}) == len(x), "of different windows"

    said = torch.randn(6, 4)
    torch.testing.assert_close(fit.Together()(said, 3), said.log_softmax(1).unflatten(0, (2, 3)).mean(1))  # as it begins
    recordings, labels = hearts(8)
    fit.fit(recordings, labels, tmp_path / "net", lambda answers: answers, (cycle,))
    learned = torch.load(tmp_path / "net-0.pt", weights_only=True)["together"]["layer.weight"]
    assert (learned - fit.Together().layer.weight).abs().min() > 0, "the means and the largest alike"


def test_answers_of_nets_taught_otherwise_lie_beside_each_other_and_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rhythm import fit, forest, nets, worth

    recordings, labels = hearts(4)
    empty: Any = None
    school = nets.School(tmp_path, recordings, labels, np.arange(4) % 2, empty)
    monkeypatch.setattr(nets.School, "net", lambda _self, fold, _name, cycles, *, begun: (fold, len(cycles), begun))
    monkeypatch.setattr(nets, "ask", lambda net, asked: [(*net, one.name) for one in asked])
    five, shorter = len(fit.CYCLES), fit.CYCLES[:-1]
    for _ in range(2):
        assert nets.all_out_of_fold(school, of_folds=(1,)) == [(1, five, False, "H1"), (1, five, False, "H3")]
        assert nets.all_out_of_fold(school, of_folds=(1,), begun=True) == [(1, five, True, "H1"), (1, five, True, "H3")]
        got = nets.all_out_of_fold(school, shorter, (1, 0))
        assert got == [(k % 2, len(shorter), False, f"H{k}") for k in range(4)]

    rng, labels = np.random.default_rng(3), np.arange(40) % 4
    windows = forest.Table(np.zeros((80, 1), np.float32), np.repeat(np.arange(40), 2))
    school = nets.School(tmp_path, [], labels, np.arange(40) // 4 % 5, windows)
    judged = school.fold_of < 3
    rows = windows.of(judged)
    told, logits = np.full((80, 4), np.nan), rng.normal(0, 0.2, (len(rows), 4))
    told[rows] = 0.25
    logits[::2][np.arange(len(rows) // 2), labels[judged]] += 5.0
    said = worth._said(logits, {"model": told}, school, judged)
    for name in ("net", "model"):
        assert (said[name].argmax(1) == labels[judged]).mean() > 0.9, "one window of two says it"

    truth = np.arange(300) % 3
    without, with_it = truth.copy(), truth.copy()
    without[:60], with_it[:6] = 0, 0
    sure = 4 * np.eye(4)
    told_apart = worth.compared(sure[without], sure[with_it], truth)
    assert 0 < told_apart["low"] < told_apart["gain"] < told_apart["high"]
    assert told_apart["gain"] == pytest.approx(told_apart["with"]["F1"] - told_apart["without"]["F1"])
    assert told_apart["with"]["log loss"] < told_apart["without"]["log loss"]
    assert worth.compared(sure[truth], sure[truth], truth)["high"] == 0


def test_a_net_begun_without_labels_goes_on_from_what_it_learned_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rhythm import alike, nets, teacher

    recordings, labels = hearts(6)
    windows: Any = None
    school: Any = nets.School(tmp_path, recordings, labels, np.arange(6) % 3, windows)
    monkeypatch.setattr(teacher, "blind_to", lambda *_: None)
    monkeypatch.setattr(teacher, "teacher", lambda *_: None)
    seen: list[tuple[list[str], Path]] = []

    def learn(pupils: list[Any], path: Path) -> str:
        seen.append(([one.name for one in pupils], path))
        return "a body"

    monkeypatch.setattr(alike, "learn", learn)
    monkeypatch.setattr(nets, "fit", lambda pupils, _labels, path, _teach, _cycles, start: ([one.name for one in pupils], path.name, start))
    others = ["H0", "H2", "H3", "H5"]
    assert school.net(1, "one", begun=True) == (others, "one", "a body")
    assert seen == [(others, tmp_path / "net" / "one.alike.pt")], "never from the fold it is judged by"
    assert school.net(1, "one") == (others, "one", None)
    assert len(seen) == 1


def test_a_teacher_has_seen_neither_what_it_teaches_nor_what_the_pupil_is_judged_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rhythm import forest, teacher
    from rhythm.recordings import FOLDS

    fold_of = np.arange(20) % FOLDS
    windows = forest.Table(np.arange(40, dtype=np.float32)[:, None], np.repeat(np.arange(20), 2))
    labels = np.arange(20) % 4

    class Grown:
        def __init__(self, learned: Any) -> None:
            self.learned = learned

        def predict_proba(self, x: Any) -> Any:
            """Answer which folds were learned from, as bits."""
            bits = sum(1 << fold for fold in set(fold_of[self.learned].tolist()))
            return np.full((len(x), 4), float(bits))

    monkeypatch.setattr(forest, "fit", lambda _windows, _labels, learn, _columns: Grown(learn))
    monkeypatch.setattr(forest, "all_columns", lambda: [0])
    for fold in (-1, 0, 3):
        answers = teacher.blind_to(tmp_path, fold, windows, labels, fold_of)[:, 0]
        for row, recording in enumerate(windows.recording):
            own = int(fold_of[recording])
            if own == fold:
                assert np.isnan(answers[row])
            else:
                assert int(answers[row]) == sum(1 << k for k in range(FOLDS) if k not in {own, fold})


def test_a_teacher_speaks_of_the_window_and_of_the_whole_recording() -> None:
    from rhythm import forest, teacher

    windows = forest.Table(np.zeros((5, 1), np.float32), np.array([0, 0, 1, 1, 1]))
    trees = np.full((5, 4), 0.25)
    answers = [np.log(np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]], np.float32)), np.zeros((3, 4), np.float32)]
    first, second = teacher.teacher(trees, windows, np.array([0, 1]))(answers)
    np.testing.assert_allclose(second, 0.25, atol=1e-6)
    assert first[0].argmax() == 0
    assert first[1].argmax() == 1
    assert first[0, 1] > first[0, 2]  # the other window has its say


def test_a_forest_tells_an_irregular_heart_from_a_regular_one(tmp_path: Path) -> None:
    from rhythm import forest
    from rhythm.together import by_recording

    recordings, labels = hearts(30)
    table = forest.table(tmp_path, recordings)
    learn = np.arange(30) < 20
    grown = forest.fit(table, labels, learn, forest.all_columns(), forest.Growth(rounds=20, least_in_leaf=2, share_of_features=1.0))
    said = by_recording(np.asarray(grown.predict_proba(table.features)), table.recording, 30).argmax(1)
    assert (said[~learn] == labels[~learn]).all()


def test_a_fusion_leans_on_the_one_who_knows() -> None:
    from rhythm.together import choose, nested, rule_f1

    rng = np.random.default_rng(2)
    truth = np.repeat(np.arange(4), 60)
    recording, fold_of = np.repeat(np.arange(240), 3), np.arange(240) % 5
    knows = 0.7 * np.eye(4)[truth[recording]] + 0.3 * rng.dirichlet(np.ones(4), 720)
    guesses = rng.normal(size=(720, 4)) * 3
    mix = choose(guesses, knows, recording, truth, np.ones(240, bool))
    assert mix.net_weight < 0.4
    scores = nested(guesses, knows, recording, truth, fold_of)
    assert rule_f1(truth[recording], scores.argmax(1)) > 0.95


def test_what_one_window_shows_a_recording_has_and_live_it_is_put_together_alike() -> None:
    from rhythm import whole

    from edgeecg.models.card import Recording
    from edgeecg.models.classifier import Opinion
    from edgeecg.models.whole import whole_scores

    rng = np.random.default_rng(4)
    labels, fold_of = np.arange(400) % 2 * 2, np.arange(400) // 2 % 5
    labels[::20], labels[1::20] = 1, 3
    recording = np.repeat(np.arange(400), 9)
    scores = rng.normal((2.5, -2.0, 0.0, -2.0), 1.0, (3600, 4))
    shown = 9 * np.arange(400) + rng.integers(9, size=400)
    scores[shown, labels] += 5.0
    said = whole.out_of_fold([scores], scores, recording, labels, fold_of)
    assert (said.argmax(1) == labels).mean() > 0.8
    assert (scores.reshape(400, 9, 4).mean(1).argmax(1) == labels).mean() < 0.6
    otherwise = np.where(fold_of == 0, 3 - labels, labels)
    blind = whole.out_of_fold([scores], scores, recording, otherwise, fold_of)
    np.testing.assert_array_equal(blind[fold_of == 0], said[fold_of == 0], "what a recording is labelled is not known to who speaks of it")
    assert not np.allclose(blind[fold_of == 1], said[fold_of == 1])
    last_words = rng.normal(0.0, 1.0, (3600, 4))
    last_words[8::9][np.arange(400), labels] += 4.0
    told = whole.summaries([scores, last_words], last_words, recording, 400)
    layer = whole.learn(told, labels)
    assert (layer(told).argmax(1) == labels).mean() > 0.97, "both voices and the last word together know more than either"
    learned = Recording(
        windows=26,
        bias=tuple(layer.bias.tolist()),
        mean=tuple(map(tuple, layer.weights[:, :8].tolist())),
        most=tuple(map(tuple, layer.weights[:, 8:16].tolist())),
        last=tuple(map(tuple, layer.weights[:, 16:].tolist())),
    )
    mine = recording == 7
    none = np.zeros(4)
    opinions = [Opinion(none, none, None, of_net=net, of_tree=tree) for net, tree in zip(scores[mine], last_words[mine], strict=True)]
    np.testing.assert_allclose(whole_scores(opinions, learned), layer(told)[7], rtol=1e-12)


def test_a_recording_is_judged_by_what_its_net_says_and_by_what_its_beats_say() -> None:
    from rhythm.train import judge

    rng = np.random.default_rng(5)
    labels, n_windows = np.arange(400) % 4, 5
    of = np.repeat(np.arange(400), n_windows)

    def of_half(half: NDArray[np.int64]) -> NDArray[np.float64]:
        scores = rng.normal(0.0, 0.3, (len(of), 4))
        shown = n_windows * np.arange(400) + rng.integers(n_windows - 1, size=400)
        scores[shown[:, None], half] += 6.0
        return scores

    net = of_half(np.stack((labels // 2 * 2, labels // 2 * 2 + 1), axis=1))
    beats = np.exp(of_half(np.stack((labels % 2, labels % 2 + 2), axis=1)))
    beats /= beats.sum(1, keepdims=True)
    guesses = np.full_like(beats, 0.25)
    answers = {"net": net, "told": beats, "tree": beats, "beats": np.log(beats), "rr": guesses, "random": guesses}
    result = judge(answers | {"of": of, "random_of": of}, labels, np.arange(400) // 4 % 5)
    assert result["fusion"]["F1"] > 0.98, "one knows half of it, the other the other half, each in one window that is not the last"
    assert max(result["net"]["F1"], result["told"]["F1"]) < 0.7
    assert np.array(result["layer"]["weights"]).shape == (4, 20)
    assert result["recording"]["right where it answers"] > 0.98
