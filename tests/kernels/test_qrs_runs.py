"""Runs of wide fast beats after narrow ones: what a V-tach alarm lives on, found one by one and called wide."""

import os

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg.api import rpeaks
from edgeecg.evals.pairing import pair
from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Morphology

RATE_HZ, BEGINS_S, SECONDS = 250, 20, 60
Bools = NDArray[np.bool_]
REDUCED = pytest.mark.skipif(os.environ.get("EDGEECG_EXAMPLES") == "reduced", reason="minutes of simulated heart: not in the reduced runs")


def heard(episode: Episode, noise: tuple[Noise, ...]) -> tuple[Bools, Bools, Bools, int]:
    """Return of the beats from the episode on: which are ventricular, which are found, which called wide; and how many are false."""
    setup = Setup(scenario=Scenario(name="run", episodes=(Episode(0.0, "normal"), episode)), noise=noise, seed=1)
    block = next(Simulation(setup).blocks(RATE_HZ * SECONDS))
    begins = BEGINS_S * RATE_HZ
    beats = [beat for beat in block.beats if beat.sample >= begins]
    found = rpeaks(block.ecg_mv, float(RATE_HZ), mv_per_unit=1.0)
    found = np.sort(found[found["sample"] >= begins - 37], order="sample")
    pairing = pair(np.array([beat.sample for beat in beats]), found["sample"].astype(np.int64), 37)
    wide = np.zeros(len(beats), np.bool_)
    wide[pairing.found] = found["morphology"][pairing.match[pairing.found]] == Morphology.WIDE
    ventricular = np.array([beat.beat.form.symbol == "V" for beat in beats])
    return ventricular, pairing.found, wide, int(pairing.false.sum())


@REDUCED
@pytest.mark.parametrize(("noise", "least"), [((), 0.98), ((Noise("muscle", 20.0),), 0.97)], ids=["clean", "muscle"])
@pytest.mark.parametrize("bpm", [150.0, 180.0, 220.0])
def test_every_beat_of_a_ventricular_tachycardia_is_found_and_called_wide(bpm: float, noise: tuple[Noise, ...], least: float) -> None:
    ventricular, found, wide, n_false = heard(Episode(float(BEGINS_S), "vt", {"bpm": bpm}), noise)
    assert ventricular.all()
    assert found.mean() >= least
    assert wide[found].mean() >= 0.95
    assert n_false <= 2


@REDUCED
@pytest.mark.parametrize("beats", [2.0, 5.0], ids=["couplets", "runs of five"])
def test_short_runs_are_found_and_what_lies_between_is_not_called_wide(beats: float) -> None:
    ventricular, found, wide, n_false = heard(Episode(float(BEGINS_S), "run", {"beats": beats, "run_bpm": 160.0, "every_s": 6.0}), ())
    assert ventricular.sum() >= 10
    assert found.mean() >= 0.97
    assert wide[ventricular & found].mean() >= 0.9
    assert wide[~ventricular].mean() <= 0.02
    assert n_false <= 1


@REDUCED
def test_a_fast_narrow_rhythm_is_no_run_of_wide_beats() -> None:
    ventricular, found, wide, _ = heard(Episode(float(BEGINS_S), "af", {"bpm": 150.0}), ())
    assert not ventricular.any()
    assert found.mean() >= 0.97
    assert wide.mean() <= 0.1
    assert not (wide[:-2] & wide[1:-1] & wide[2:]).any()
