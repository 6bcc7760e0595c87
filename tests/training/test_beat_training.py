"""The beat model's judgement: what was missed counts, what is no beat counts, one person lies on one side."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")


@pytest.fixture(autouse=True)
def _training_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "training"), *sys.path])


def test_missed_beats_and_false_ones_count_against_the_class() -> None:
    from beat.harvest import Harvest  # type: ignore[import-not-found, unused-ignore]
    from beat.judge import judged, predictivity, sensitivity  # type: ignore[import-not-found, unused-ignore]

    truth = np.array([0, 2, 2, 2])  # N V V V
    asked = np.array([0, 1, 2, -1])  # the last was never asked about
    label = np.array([0, 2, 2, -1])  # and the fourth question is no beat
    said = np.eye(5)[[0, 2, 0, 2]]
    counts = judged(Harvest("101", "101", np.zeros((4, 1), np.float32), label, truth, asked), said).counts
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
    from beat.harvest import Harvest
    from beat.settled import Settled

    def record(person: str, mark: float) -> Harvest:
        label = np.arange(12) % 3
        return Harvest(person, person, np.full((12, 2), mark, np.float32), label, label, np.arange(12))

    seen: list[np.ndarray] = []
    monkeypatch.setattr(judge, "grow", lambda x, y, weight, _: seen.append(np.column_stack((x[:, 0], y, weight))))
    lessons = judge.Lessons(
        [record("a", 1), record("b", 2)],
        [record("a", 3), record("b", 4)],
        Settled(np.full((5, 2), 9, np.float32), np.array([0, 0, 0, 1, 1]), 1),
    )
    lessons.forest(lambda person: person != "b")
    assert set(seen[0][:, 0]) == {1.0, 3.0, 9.0}
    settled = seen[0][:, 0] == 9
    for at, name in enumerate("NS"):
        of, weight = seen[0][:, 1] == at, seen[0][:, 2]
        assert weight[settled & of].sum() == pytest.approx(judge.SETTLED[name] * weight[~settled & of].sum())


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
    asked, features = questions(np.asarray(samples), rate_hz)
    late = peaks > 5
    found = np.array([np.abs(asked - peak * rate_hz).min() for peak in peaks[late]])
    assert (found < 0.05 * rate_hz).all()
    assert len(features) == len(asked)
