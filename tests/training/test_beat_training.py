"""The beat model's judgement: what was missed counts, what is no beat counts, one person lies on one side."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")


@pytest.fixture(autouse=True)
def _training_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "training"), *sys.path])


def _record(person: str, features: np.ndarray, label: np.ndarray, **known: np.ndarray) -> Any:
    """A record of which only so much is known: all beats were asked about, look like nothing, and nothing fibrillates."""
    from beat.harvest import Harvest  # type: ignore[import-not-found, unused-ignore]

    n = len(label)
    rest = {"truth": label, "asked": np.arange(n), "shape": np.zeros((n, 45), np.float32), "fibrillating": np.zeros(n, np.bool_)}
    return Harvest(name=person, person=person, features=features, label=label, **(rest | known))


def test_missed_beats_and_false_ones_count_against_the_class() -> None:
    from beat.judge import judged, predictivity, sensitivity  # type: ignore[import-not-found, unused-ignore]

    truth = np.array([0, 2, 2, 2])  # N V V V
    asked = np.array([0, 1, 2, -1])  # the last was never asked about
    label = np.array([0, 2, 2, -1])  # and the fourth question is no beat
    said = np.eye(5)[[0, 2, 0, 2]]
    counts = judged(_record("101", np.zeros((4, 1), np.float32), label, truth=truth, asked=asked), said).counts
    assert sensitivity(counts, 2) == pytest.approx(1 / 3)
    assert predictivity(counts, 2) == pytest.approx(1 / 2)
    assert counts.sum() == 5


def test_a_fusion_called_ventricular_counts_neither_way_and_a_normal_beat_counts_against() -> None:
    from beat.judge import predictivity_ec57

    counts = np.zeros((6, 6), np.int64)
    counts[2, 2], counts[3, 2], counts[4, 2], counts[0, 2], counts[5, 2] = 6, 50, 7, 2, 2  # V F Q N and no beat, called V
    counts[1, 1], counts[3, 1], counts[4, 1] = 3, 1, 9  # S F Q, called S
    assert predictivity_ec57(counts, 2) == pytest.approx(6 / 10)
    assert predictivity_ec57(counts, 1) == pytest.approx(3 / 4)


def test_no_view_of_a_person_is_learned_from_who_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    from beat import judge
    from beat.settled import Settled

    def features(n: int, mark: float) -> np.ndarray:
        return np.full((n, len(judge.NAMES)), mark, np.float32)

    def record(person: str, mark: float) -> Any:
        return _record(person, features(12, mark), np.arange(12) % 3)

    def more(mark: float, label: list[int]) -> Settled:
        return Settled(features(len(label), mark), np.array(label), 1, np.zeros(len(label), np.bool_))

    seen: list[np.ndarray] = []
    monkeypatch.setattr(judge, "grow", lambda x, y, weight, *_: seen.append(np.column_stack((x[:, 0], y, weight, x[:, judge.HIDDEN]))))
    records, views = [record("a", 1), record("b", 2)], [record("a", 3), record("b", 4)]
    lessons = judge.Lessons(records, views, more(9, [0, 0, 0, 1, 1]), more(11, [0, 1, 2, 2]), more(13, [1, 2, 2]))
    lessons.forest(lambda person: person != "b")
    assert set(seen[0][:, 0]) == {1.0, 3.0, 9.0, 11.0, 13.0}
    own = seen[0][:, 0] < 9
    for mark, shares in ((9, judge.SETTLED), (11, judge.OTHERS), (13, judge.WIDE)):
        for at, name in enumerate("NSV"):
            of, weight = seen[0][:, 1] == at, seen[0][:, 2]
            assert weight[(seen[0][:, 0] == mark) & of].sum() == pytest.approx(shares.get(name, 0.0) * weight[own & of].sum())
    assert not seen[0][:, 3:].any(), "how long a stream has lasted is not learned from"


def test_normal_beats_of_a_fibrillating_heart_are_learned_apart_and_answered_as_normal(monkeypatch: pytest.MonkeyPatch) -> None:
    from beat import judge
    from beat.settled import Settled

    seen: list[np.ndarray] = []
    monkeypatch.setattr(judge, "grow", lambda x, y, *_: seen.append(np.column_stack((x[:, 0], y))))
    label, fibrillating = np.array([0] * 24 + [1, 1, 2, 2]), np.arange(28) % 2 == 1
    x = np.repeat(fibrillating[:, None], len(judge.NAMES), 1).astype(np.float32)
    record = _record("a", x, label, fibrillating=fibrillating)
    none = Settled(x[:0], label[:0], 0, fibrillating[:0])
    judge.Lessons([record], [record], Settled(x, label, 1, fibrillating), none, none).forest(lambda _: True)
    normal = np.isin(seen[0][:, 1], (0, judge.FIBRILLATING))
    np.testing.assert_array_equal(seen[0][normal, 1] == judge.FIBRILLATING, seen[0][normal, 0] == 1)
    assert set(seen[0][:, 1]) == {0, 1, 2, judge.FIBRILLATING}

    class Says:
        def predict_proba(self, _: np.ndarray) -> np.ndarray:
            return np.array([[0.2, 0.1, 0.1, 0.05, 0.05, 0.5]])

    np.testing.assert_allclose(judge.answered(Says(), x), [[0.7, 0.1, 0.1, 0.05, 0.05, 0.5]], atol=1e-7)


def test_fusions_are_learned_as_what_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from beat import judge
    from beat.settled import Settled

    seen: list[np.ndarray] = []
    monkeypatch.setattr(judge, "grow", lambda x, y, *_: seen.append(np.column_stack((x[:, 0], y))))
    label = np.array([0] * 12 + [1, 2, 3, 4, -1])
    x = np.repeat(label[:, None], len(judge.NAMES), 1).astype(np.float32)
    record, nothing = _record("a", x, label), np.zeros(0, np.bool_)
    none = Settled(x[:0], label[:0], 0, nothing)
    judge.Lessons([record], [record], none, none, none).forest(lambda _: True)
    assert set(map(tuple, seen[0].tolist())) == {(0, 0), (1, 1), (2, 2), (3, 4), (4, 4), (-1, 4)}


def test_the_rhythm_noted_last_is_the_rhythm_of_a_beat() -> None:
    from beat.harvest import fibrillating

    from edgeecg.io.wfdb import Annotations

    notes = {10: "(N", 20: "(AFIB\0", 40: "", 50: "(VT", 60: "(AFL"}
    n = len(notes)
    symbols = np.array(["+" if aux else "N" for aux in notes.values()])
    annotations = Annotations(
        samples=np.array(list(notes)),
        symbols=symbols,
        subtypes=np.zeros(n, np.int8),
        channels=np.zeros(n, np.uint8),
        numbers=np.zeros(n, np.int8),
        aux=tuple(notes.values()),
    )
    samples = np.array([5, 15, 20, 45, 55, 70])
    assert fibrillating(annotations, samples).tolist() == [False, False, True, True, False, True]


def _rhythm(*, early_at: tuple[int, ...] = (), every_s: float = 0.8) -> np.ndarray:
    at_s = np.cumsum(np.full(30, every_s))
    for k in early_at:
        at_s[k] -= 0.3 * every_s
    return at_s


def test_an_early_beat_of_a_regular_heart_is_told_by_its_complex_and_its_pause() -> None:
    from beat.others import NOTHING, N, S, V, told  # type: ignore[import-not-found, unused-ignore]

    usual, other = np.eye(45)[:2]
    shapes, wide = np.tile(usual, (30, 1)), np.zeros(30, bool)
    shapes[20], wide[20] = other, True
    label = told(_rhythm(early_at=(10, 20)), shapes, wide)
    assert label[[10, 20]].tolist() == [S, V]
    assert (np.delete(label, [0, 10, 11, 20, 21]) == N).all()
    assert label[0] == NOTHING
    wide[10] = True
    assert told(_rhythm(early_at=(10, 20)), shapes, wide)[10] == NOTHING, "the usual complex, but called wide"
    hastening = np.concatenate((_rhythm(), _rhythm()[-1] + np.cumsum([0.6, 0.6, 0.6])))
    assert not np.isin(told(hastening, np.tile(usual, (33, 1)), np.zeros(33, bool))[30:32], (S, V)).any(), "no pause behind it"


def test_of_an_irregular_heart_nothing_is_told() -> None:
    from beat.others import NOTHING, told

    at_s = np.cumsum(np.random.default_rng(5).uniform(0.5, 1.2, 40))
    assert (told(at_s, np.tile(np.eye(45)[0], (40, 1)), np.zeros(40, bool)) == NOTHING).all()
    regular = _rhythm(early_at=(10,), every_s=0.35)
    assert (told(regular, np.tile(np.eye(45)[0], (30, 1)), np.zeros(30, bool)) == NOTHING).all(), "what beats so fast is no rest"


def _beats(n: int, rr: float = 0.8) -> np.ndarray:
    """Features of beats of which only the intervals are known, all alike."""
    x = np.zeros((n, 2), np.float32)
    x[:] = rr
    return x


def _said(p: np.ndarray) -> np.ndarray:
    """Answers about beats, none of them in fibrillation."""
    return np.column_stack((p, np.zeros(len(p))))


def test_a_lean_is_taken_from_other_persons() -> None:
    from beat import judge

    def record(person: str, sure: float) -> tuple[Any, np.ndarray]:
        label = np.tile([0, 0, 0, 1, 2], 20)
        chance = np.full((100, 5), 1e-3)
        chance[np.arange(100), label] = np.where(label == 2, sure, 0.9)
        chance[label == 2, 0] = 1 - sure
        return _record(person, _beats(100), label), _said(chance)

    timid = [record(str(k), 0.3) for k in range(16)]
    records, answers = [list(part) for part in zip(*timid, strict=True)]
    told, manner, _ = judge.nested(records, answers, alone=True)
    assert manner.of_v > np.log(0.7 / 0.3)
    assert (manner.weight, manner.run, manner.against) == (0, 0, 0)
    assert all((log_p.argmax(1) == h.label).all() for h, log_p in zip(records, told, strict=True))
    fold_of = judge.folds([h.person for h in records])
    alone = [k for k, h in enumerate(records) if fold_of[h.person] == 0]
    for k in range(len(records)):
        if k not in alone:
            answers[k] = record("sure", 0.9)[1]  # only the persons of one fold would gain by leaning: nobody tells the others' judge
    kept, _, _ = judge.nested(records, answers, alone=True)
    assert all((kept[k].argmax(1) == answers[k][:, :5].argmax(1)).all() for k in alone)


def test_a_memory_is_judged_as_it_is_asked() -> None:
    from beat import judge

    rng = np.random.default_rng(3)
    records, answers = [], []
    for person in range(16):
        label = np.tile([0, 0, 0, 2, 1], 20)
        chance = np.where(label[:, None] == np.arange(5), 0.9, 0.05)
        deceives = (label == 2) & (rng.random(100) < 0.3)
        chance[deceives] = chance[0]  # nearly one ventricular beat in three cannot be told from a normal one by itself
        shape = np.eye(45, dtype=np.float32)[label]
        records.append(_record(str(person), _beats(100), label, shape=shape))
        answers.append(_said(chance / chance.sum(1, keepdims=True)))
    told, manner, _ = judge.nested(records, answers)
    assert manner.weight > 0
    right = np.mean([(log_p.argmax(1) == h.label)[h.label == 2].mean() for h, log_p in zip(records, told, strict=True)])
    by_itself, _, _ = judge.nested(records, answers, alone=True)
    assert right > 0.9 > np.mean([(log_p.argmax(1) == h.label)[h.label == 2].mean() for h, log_p in zip(records, by_itself, strict=True)])
    said = judge.said_of_alike(records[0], answers[0])
    np.testing.assert_array_equal(said[[0, 3, 4]], 0, "nothing was said yet")
    p = answers[0][[3, 8]] + 1e-3
    np.testing.assert_allclose(said[13, 2], np.log(p[:, 2] / p[:, 0]).mean())


def _runs(person: str, rng: np.random.Generator, *, fibrillates: bool) -> tuple[Any, np.ndarray]:
    """Runs of early beats, every third of which is called normal by itself; or fibrillation, every third beat of which is called early."""
    label, x = np.zeros(120, np.int64), _beats(120)
    if not fibrillates:
        for begin in (20, 60, 90):
            label[begin : begin + 12] = 1
            x[begin + 1 : begin + 12] = 0.5
            x[begin], x[begin + 12] = (0.5, 0.8), (0.8, 0.5)
    chance = np.where(label[:, None] == np.arange(5), 0.88, 0.03)
    deceives = rng.random(120) < 0.33
    deceives &= fibrillates | (x[:, 0] == x[:, 1]) & (label == 1)
    chance[deceives, :2] = [[0.25, 0.65]] if fibrillates else [[0.5, 0.4]]
    beside = np.where(fibrillates, chance[:, 0], 0.01)
    return _record(person, x, label), np.column_stack((chance / chance.sum(1, keepdims=True), beside))


def test_a_course_is_learned_from_other_persons_and_judged_as_it_is_asked() -> None:
    from beat import judge
    from beat.course import counted, learned, said_of_course

    from edgeecg.models.course import Course, pace_of

    rng = np.random.default_rng(4)
    pairs = [_runs(str(k), rng, fibrillates=k % 2 == 1) for k in range(16)]
    records, answers = [list(part) for part in zip(*pairs, strict=True)]

    def right(alone: bool) -> float:
        told, _, _ = judge.nested(records, answers, alone=alone)
        return float(
            np.mean([(log_p.argmax(1) == 1) == (h.label == 1) for h, log_p in zip(records, told, strict=True)])
        )  # nothing is V here

    _, manner, course = judge.nested(records, answers)
    assert manner.run > 0
    assert manner.against > 0
    assert (course.weight, course.against) == (manner.run, manner.against)
    assert right(alone=False) > right(alone=True) + 0.05
    how = learned(np.sum([counted(h) for h in records], axis=0))
    assert min(how.behind_early[0], how.behind_other[1]) > 0.8
    assert how.common[0] > how.behind_other[0]
    live, said = Course(how), said_of_course(records[1], answers[1], how)
    for k, (p, x) in enumerate(zip(answers[1], records[1].features, strict=True)):
        pace = pace_of(float(x[0]), float(x[1]), how.alike)
        assert tuple(said[k]) == tuple(live.step(float(p[0]), float(p[1]), float(p[5]), pace))


def test_what_follows_an_early_beat_is_counted_by_pace_and_no_person_speaks_for_all() -> None:
    from beat.course import MOST_OF_A_PERSON, counted, learned

    x = _beats(6)
    x[3], x[5] = (0.5, 0.8), (0.9, 0.5)
    counts = counted(_record("a", x, np.array([0, 1, 1, 2, 1, 0])))  # the ventricular beat is passed over
    wanted = np.zeros((3, 2, 2))
    wanted[0, 0, 1] = 1
    wanted[0, 1, 1] = 2
    wanted[2, 1, 0] = 1
    np.testing.assert_array_equal(counts, wanted)
    many = counted(_record("a", _beats(1000), np.ones(1000, np.int64)))
    assert many.max() == MOST_OF_A_PERSON
    assert all(0 < chance < 1 for part in (learned(np.zeros((3, 2, 2))), learned(many)) for chance in part.behind_early + part.common)


def test_what_an_older_detector_heard_is_learned_from_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from common import heard  # type: ignore[import-not-found, unused-ignore]

    monkeypatch.setattr(heard, "_older", [])
    with pytest.raises(RuntimeError, match="nothing heard by detector 0123"):
        heard.learn_of(tmp_path, "0123", "settled")
    (tmp_path / "settled-0123.pickle").touch()
    with pytest.raises(RuntimeError, match="nothing heard by detector 0123"):
        heard.learn_of(tmp_path, "0123", "settled", "others")
    heard.learn_of(tmp_path, "0123", "settled")
    assert heard.detector() == "0123"


def test_beats_are_made_early_where_it_is_said_and_keep_their_qrs() -> None:
    from beat.early import hastened

    rate_hz, peaks = 300.0, np.arange(100, 9000, 255)
    t = np.arange(9300)
    qrs = np.exp(-0.5 * ((t - peaks[:, None]) / 3) ** 2).sum(0)
    t_wave = 0.2 * np.exp(-0.5 * ((t - peaks[:, None] - 75) / 12) ** 2).sum(0)
    y, early = hastened(qrs + t_wave, peaks, rate_hz, np.random.default_rng(4))
    found = np.flatnonzero((y[1:-1] > 0.8) & (y[1:-1] >= y[:-2]) & (y[1:-1] > y[2:])) + 1
    assert len(found) == len(peaks)
    assert len(early) > 3
    hasty = np.isin(found, early)
    assert hasty.sum() == len(early)
    rr = np.diff(found)
    assert (rr[hasty[1:]] < 0.95 * 255).all()
    assert (rr[~hasty[1:]] == 255).all()
    np.testing.assert_allclose([y[at - 6 : at + 7] for at in early], [qrs[94:107]] * len(early), atol=1e-3)


def test_what_is_made_wide_keeps_its_beginning_behind_its_p_wave_or_loses_both() -> None:
    from beat.wide import S, V, widened  # type: ignore[import-not-found, unused-ignore]

    rate_hz, peaks = 300.0, np.arange(150, 9000, 255)
    t = np.arange(9300)
    qrs = np.exp(-0.5 * ((t - peaks[:, None]) / 4) ** 2).sum(0)
    p_wave = 0.15 * np.exp(-0.5 * ((t - peaks[:, None] + 42) / 5) ** 2).sum(0)
    usual = qrs[peaks[3] - 9 : peaks[3] - 5]
    begins: dict[int, list[float]] = {S: [], V: []}
    for seed in range(6):
        y, early, kinds = widened(qrs + p_wave, peaks, rate_hz, np.random.default_rng(seed))
        for at, kind in zip(early[:-1].tolist(), kinds[:-1].tolist(), strict=True):
            begin = y[at - 9 : at - 5]
            if not ((early < at) & (early > at - 260)).any():  # else its P wave lies on what was made wide before it
                size = float(np.ptp(y[at - 47 : at - 25]))
                assert (size > 0.06) if kind == S else (size < 0.06)
            over = np.flatnonzero(np.abs(y[at - 18 : at + 78]) > 0.1 * np.abs(y[at - 18 : at + 78]).max())
            assert over[-1] - over[0] > 18, "the usual complex is 17 samples wide there"
            begins[kind].append(float(begin @ usual / np.linalg.norm(usual)))
    least = 0.2 * np.linalg.norm(usual)
    assert len(begins[S]) > 10
    assert min(begins[S]) > least
    assert min(begins[V]) < -least


def test_a_person_lies_on_one_side() -> None:
    from beat.harvest import SAME_PERSON
    from beat.judge import FOLDS, folds

    names = [str(k) for k in range(100, 124)] + ["201", "202"]
    fold_of = folds([SAME_PERSON.get(name, name) for name in names])
    assert "202" not in fold_of
    assert set(fold_of.values()) == set(range(FOLDS))


def test_the_engine_asks_in_time_about_every_beat_of_a_clean_heart() -> None:
    from beat.harvest import questions

    rate_hz = 360.0
    t = np.arange(round(40 * rate_hz)) / rate_hz
    peaks = np.arange(0.5, 39.2, 0.8)
    samples = sum(np.exp(-0.5 * ((t - peak) / 0.012) ** 2) + 0.2 * np.exp(-0.5 * ((t - peak - 0.25) / 0.04) ** 2) for peak in peaks)
    asked, features, shapes = questions(np.asarray(samples), rate_hz)
    late = peaks > 5
    found = np.array([np.abs(asked - peak * rate_hz).min() for peak in peaks[late]])
    assert (found < 0.05 * rate_hz).all()
    assert len(features) == len(shapes) == len(asked)
    assert (shapes[3:] @ shapes[3] > 0.95).all()
