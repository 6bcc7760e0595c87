from itertools import pairwise

import numpy as np
import pytest

from edgeecg.bench.workloads import FLEET, GAPS, QUIET, WORKLOADS, WORST, Ward, hearts_of, sent, sounds_of


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_seed_says_all(name: str) -> None:
    load = WORKLOADS[name]
    once, again, other = (hearts_of(load, 3.0, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[0], other[0])
    assert all(len(heart) == 750 and heart.std() > 20 for heart in once)


def test_the_worst_is_not_quiet() -> None:
    quiet, worst = (np.abs(np.diff(hearts_of(WORKLOADS[name], 10.0)[0])).mean() for name in (QUIET, WORST))
    assert worst > 3 * quiet


def test_a_wards_chunks_go_on_where_they_left_off_and_fall_due_one_after_the_other() -> None:
    hearts = hearts_of(WORKLOADS[FLEET], 4.0)
    ward = Ward(["a", "b", "c"], hearts, rate_hz=250.0, chunk_len=10)
    assert ward.due_ns(2).tolist() == [0, 13_333_333, 26_666_666, 40_000_000, 53_333_333, 66_666_666]
    made = ward.chunks(0, 6)
    assert [chunk.stream for chunk in made] == ["a", "b", "c"] * 2
    assert made[3].arrival_ns - made[0].arrival_ns == 40_000_000
    whole = hearts[0].tolist()
    both = made[0].samples.tolist() + made[3].samples.tolist()
    assert any(whole[at : at + 20] == both for at in range(len(whole)))
    assert [np.array_equal(a.samples, b.samples) for a, b in zip(made[2:5], ward.chunks(2, 5), strict=True)] == [True] * 3


def test_a_chunk_of_sound_is_of_the_same_time_as_its_ecg() -> None:
    load = WORKLOADS[QUIET]
    hearts, sounds = hearts_of(load, 6.0), sounds_of(load, 6.0)
    ward = Ward(["a", "b"], hearts, rate_hz=250.0, chunk_len=10, sounds=sounds)
    both = ward.with_sounds(ward.chunks(2, 4), 2)
    assert [chunk.stream for chunk in both] == ["a", "a/sound", "b", "b/sound"]
    for ecg, heard in zip(both[::2], both[1::2], strict=True):
        assert heard.arrival_ns == ecg.arrival_ns
        (at,) = [n for n in range(1491) if hearts[0][n : n + 10].tobytes() == ecg.samples.tobytes()]
        assert np.array_equal(heard.samples, sounds[0][4 * at : 4 * at + 40])
    assert np.array_equal(ward.past_sound(0, 5)[-20:], np.roll(sounds[0][: 4 * 1491], -(4 * ward._begin[0]))[-20:])


def test_frames_are_lost_and_overtaken_as_often_as_it_says() -> None:
    order = sent(WORKLOADS[GAPS], 10_000)
    assert 0.015 < 1 - len(order) / 10_000 < 0.025
    late = sum(later < earlier for earlier, later in pairwise(order))
    assert 0.015 < late / 10_000 < 0.025
    assert len(set(order)) == len(order)
    assert sent(WORKLOADS[QUIET], 100) == list(range(100))
