"""The pairing is EC57's: equal to wfdb.processing.compare_annotations on real beats and on invented ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sleepecg import detect_heartbeats
from wfdb.processing import compare_annotations, xqrs_detect

from edgeecg.errors import InputError
from edgeecg.evals.ec57 import truth_of
from edgeecg.evals.pairing import UNPAIRED, pair
from edgeecg.io.wfdb import read_annotations, read_record

WINDOW = 54

instants = st.lists(st.integers(0, 120), min_size=1, max_size=14)


def samples(values: list[int]) -> NDArray[np.int64]:
    return np.array(sorted(values), np.int64)


def assert_same(reference: NDArray[np.int64], detected: NDArray[np.int64], window: int) -> None:
    ours, theirs = pair(reference, detected, window), compare_annotations(reference, detected, window)
    np.testing.assert_array_equal(ours.match, theirs.matching_sample_nums)
    assert int(ours.found.sum()) == theirs.tp
    assert int((~ours.found).sum()) == theirs.fn
    assert int(ours.false.sum()) == theirs.fp


@given(instants.map(samples), instants.map(samples), st.integers(1, 40))
def test_equal_to_wfdb_wherever_that_one_shares_no_detection(
    reference: NDArray[np.int64], detected: NDArray[np.int64], window: int
) -> None:
    theirs = compare_annotations(reference, detected, window).matching_sample_nums
    used = theirs[theirs != UNPAIRED].tolist()
    if len(set(used)) == len(used):
        assert_same(reference, detected, window)


@given(instants.map(samples), instants.map(samples), st.integers(1, 40))
def test_every_pair_is_near_and_in_order_and_nobody_is_shared(
    reference: NDArray[np.int64], detected: NDArray[np.int64], window: int
) -> None:
    pairing = pair(reference, detected, window)
    partners = pairing.match[pairing.found]
    assert (np.diff(partners) > 0).all()
    assert (np.abs(detected[partners] - reference[pairing.found]) < window).all()
    assert int(pairing.false.sum()) + int(pairing.found.sum()) == len(detected)


def test_the_one_case_that_differs() -> None:
    reference, detected = samples([4, 12, 14, 16]), samples([7, 18])
    assert compare_annotations(reference, detected, 15).matching_sample_nums.tolist() == [0, UNPAIRED, 0, 1]
    assert pair(reference, detected, 15).match.tolist() == [0, UNPAIRED, UNPAIRED, 1]


def perturbed(beats: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Shift beats about the window's width, drop some, double some."""
    rng = np.random.default_rng(seed)
    shifted = beats + np.round(rng.normal(0, WINDOW / 2, len(beats))).astype(np.int64)
    return np.sort(np.concatenate([shifted[rng.random(len(shifted)) > 0.1], shifted[rng.random(len(shifted)) > 0.9] + 20]))


@pytest.mark.parametrize("record", ["101", "108", "203", "207", "208", "230"])
def test_equal_to_wfdb_on_detections_of_real_recordings(record: str, edgeecg_data: Path) -> None:
    beats = truth_of(read_annotations(edgeecg_data / "mitdb" / f"{record}.atr")).beats
    recording = read_record(edgeecg_data / "mitdb" / record)
    samples_mv = recording.leads[0].millivolts()
    five_minutes = samples_mv[: 300 * 360]
    assert_same(beats, np.asarray(detect_heartbeats(samples_mv, 360)), WINDOW)
    assert_same(beats[beats < len(five_minutes)], np.asarray(xqrs_detect(five_minutes, 360, verbose=False)), WINDOW)
    for seed in range(5):
        assert_same(beats, perturbed(beats, seed), WINDOW)
        assert_same(beats, perturbed(beats, seed), 3 * WINDOW)


def test_nothing_found_and_nothing_there() -> None:
    assert pair(samples([5]), samples([]), 10).match.tolist() == [UNPAIRED]
    assert pair(samples([]), samples([5]), 10).false.tolist() == [True]


def test_out_of_order_is_refused() -> None:
    with pytest.raises(InputError, match="pair: detected: not in time order is not ascending samples"):
        pair(samples([1]), np.array([5, 3], np.int64), 10)
