"""Runs of wide fast beats after narrow ones: what a V-tach alarm lives on."""

import os

import numpy as np
import pytest

from edgeecg.api import rpeaks
from edgeecg.evals.pairing import pair
from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation

RATE_HZ, BEGINS_S, SECONDS = 250, 20, 60


@pytest.mark.skipif(os.environ.get("EDGEECG_EXAMPLES") == "reduced", reason="a minute of simulated heart: not in the reduced runs")
@pytest.mark.parametrize(("noise", "least"), [((), 0.97), ((Noise("muscle", 20.0),), 0.93)], ids=["clean", "muscle"])
@pytest.mark.parametrize("bpm", [150.0, 180.0, 220.0])
def test_every_beat_of_a_ventricular_tachycardia_is_found(bpm: float, noise: tuple[Noise, ...], least: float) -> None:
    episodes = (Episode(0.0, "normal"), Episode(float(BEGINS_S), "vt", {"bpm": bpm}))
    setup = Setup(scenario=Scenario(name="run", episodes=episodes), noise=noise, seed=1)
    block = next(Simulation(setup).blocks(RATE_HZ * SECONDS))
    truth = np.array([beat.sample for beat in block.beats])
    found = rpeaks(block.ecg_mv, float(RATE_HZ), mv_per_unit=1.0)["sample"]
    begins = BEGINS_S * RATE_HZ
    pairing = pair(truth[truth >= begins], found[found >= begins - 37].astype(np.int64), 37)
    assert pairing.found.mean() >= least
    assert pairing.false.sum() <= 2
