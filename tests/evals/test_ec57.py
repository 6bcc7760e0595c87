"""What is counted: known answers on small cases, and wfdb's own sums on a real recording."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sleepecg import detect_heartbeats
from wfdb.processing import compare_annotations

from edgeecg.evals.ec57 import BEAT_SYMBOLS, Truth, gross, score, since, truth_of
from edgeecg.io.wfdb import Annotations, read_annotations, read_record

RATE_HZ = 100.0
CAUSAL = np.dtype([("sample", "i8"), ("reported_at", "i8")])


def annotated(*marks: tuple[int, str]) -> Annotations:
    n = len(marks)
    return Annotations(
        samples=np.array([sample for sample, _ in marks], np.int64),
        symbols=np.array([symbol for _, symbol in marks], np.str_),
        subtypes=np.zeros(n, np.int8),
        channels=np.zeros(n, np.uint8),
        numbers=np.zeros(n, np.int8),
        aux=("",) * n,
    )


def truth(*beats: int) -> Truth:
    return Truth(np.array(beats, np.int64), ())


def detections(*pairs: tuple[int, int]) -> NDArray[np.void]:
    return np.array(list(pairs), CAUSAL)


def test_beats_are_beats_and_fibrillation_is_left_out() -> None:
    known = truth_of(annotated((5, "+"), (10, "N"), (20, "["), (30, "V"), (40, "!"), (50, "]"), (60, "V"), (70, "~"), (80, "["), (90, "N")))
    assert known.beats.tolist() == [10, 60]
    assert list(known.vf) == [(20, 50), (80, math.inf)]
    kept = known.outside_vf(np.array([19, 20, 50, 51, 79, 80, 10**9]))
    assert kept.tolist() == [True, False, False, True, True, False, False]


def test_a_detection_in_fibrillation_is_no_false_one() -> None:
    known = truth_of(annotated((100, "N"), (200, "["), (400, "]"), (500, "N")))
    assert score(known, detections((100, 110), (300, 310), (500, 510)), RATE_HZ).figures()["false"] == 0


def test_counts_shares_errors_and_delays() -> None:
    result = score(truth(100, 200, 300, 400), detections((99, 120), (204, 214), (250, 260), (402, 500)), RATE_HZ)
    assert (result.n_found, result.n_missed, result.n_false) == (3, 1, 1)
    assert result.figures() == {
        "beats": 4,
        "missed": 1,
        "false": 1,
        "sensitivity": 75.0,
        "predictivity": 75.0,
        "f1": 75.0,
        "mean_abs_error_ms": round(70 / 3, 4),
        "mean_error_ms": round(50 / 3, 4),
        "delay_ms": {"p50": 200.0, "p95": 920.0, "p99": 984.0, "max": 1000.0},
    }


def test_the_window_is_150_ms_and_less() -> None:
    assert score(truth(100), detections((114, 114)), RATE_HZ).n_found == 1
    assert score(truth(100), detections((115, 115)), RATE_HZ).n_found == 0


def test_a_batch_detector_has_no_delay() -> None:
    found = np.array([(100,)], [("sample", "i8")])
    assert score(truth(100), found, RATE_HZ).figures()["delay_ms"] is None


def test_reports_in_another_order_than_the_beats_change_nothing() -> None:
    known = truth(100, 200, 300)
    late = detections((100, 110), (300, 310), (200, 320))
    assert score(known, late, RATE_HZ).figures() == score(known, late[[0, 2, 1]], RATE_HZ).figures()


def test_a_pair_astride_the_beginning_of_the_count_stays_a_pair() -> None:
    known, found = truth(29_995, 30_001, 31_000), detections((29_990, 0), (29_999, 0), (31_000, 0))
    result = score(known, found, RATE_HZ, since(300, RATE_HZ))
    assert (result.n_found, result.n_missed, result.n_false) == (2, 0, 0)


def test_gross_adds_up_beats() -> None:
    one = score(truth(100), detections((100, 100)), RATE_HZ)
    other = score(truth(*range(100, 1000, 100)), detections((5000, 5000)), RATE_HZ)
    both = gross([one, other])
    assert (both.n_found, both.n_missed, both.n_false) == (1, 9, 1)
    assert both.sensitivity == pytest.approx(0.1)
    assert math.isnan(gross([]).f1)
    assert gross([]).figures()["f1"] is None


@pytest.mark.parametrize("record", ["208", "207"])
def test_the_sums_are_wfdbs_own(record: str, edgeecg_data: Path) -> None:
    annotations = read_annotations(edgeecg_data / "mitdb" / f"{record}.atr")
    found = np.asarray(detect_heartbeats(read_record(edgeecg_data / "mitdb" / record).leads[0].millivolts(), 360))
    beats = annotations.samples[np.isin(annotations.symbols, BEAT_SYMBOLS)]
    begins, ends = (annotations.samples[annotations.symbols == bracket] for bracket in "[]")
    outside = np.ones(len(found), np.bool_)
    for begin, end in zip(begins, ends, strict=True):
        outside &= (found < begin) | (found > end)
    theirs = compare_annotations(beats, found[outside], 54)
    ours = score(truth_of(annotations), np.array([(sample,) for sample in found], [("sample", "i8")]), 360)
    assert (ours.n_found, ours.n_missed, ours.n_false) == (theirs.tp, theirs.fn, theirs.fp)
    assert ours.sensitivity == theirs.sensitivity
    assert ours.predictivity == theirs.positive_predictivity
