"""The heart beats as asked: mean and spread of the rate, its spectrum, and what each kind of episode does to the rhythm."""

from itertools import pairwise, takewhile

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from edgeecg.simulate.heart_rate import HeartRate
from edgeecg.simulate.rhythm import HeartBeat, timeline
from edgeecg.simulate.scenario import NAMED, Episode, Scenario
from edgeecg.simulate.seeds import Seeds


def beats(scenario: Scenario, seconds: float, seed: int = 0) -> list[HeartBeat]:
    known = takewhile(lambda item: item[0] < seconds, timeline(scenario, Seeds(seed)))
    return [beat for _, beat in known if beat is not None]


def of(kind: str, **settings: float) -> Scenario:
    return Scenario(name=kind, episodes=(Episode(0.0, kind, settings),))


def intervals(made: list[HeartBeat]) -> NDArray[np.float64]:
    return np.diff([beat.at_s for beat in made])


@pytest.mark.parametrize(("bpm", "sd_bpm"), [(45, 1.5), (70, 3), (110, 5)])
def test_mean_and_spread_of_the_rate_are_what_was_asked(bpm: float, sd_bpm: float) -> None:
    rates = np.concatenate([60 / intervals(beats(Scenario(name="x", bpm=bpm, sd_bpm=sd_bpm), 1800, seed)) for seed in range(4)])
    assert rates.mean() == pytest.approx(bpm, rel=0.01)
    assert rates.std() == pytest.approx(sd_bpm, rel=0.1)


@pytest.mark.parametrize("lf_hf", [0.5, 2.0])
def test_the_spectrum_has_two_peaks_of_the_asked_ratio(lf_hf: float) -> None:
    scenario = Scenario(name="x", lf_hf=lf_hf, mayer_hz=0.1, breath_hz=0.25)
    density = np.zeros(1)
    f = np.zeros(1)
    for seed in range(8):
        rate = HeartRate(scenario, Seeds(seed))
        x = np.array([rate.variation(i / 2) for i in range(2 * 3600)])
        f, one = signal.welch(x, 2.0, nperseg=512)
        density = density + one / 8
    low, high = (f > 0.04) & (f < 0.15), (f > 0.15) & (f < 0.4)
    assert density[low].sum() / density[high].sum() == pytest.approx(lf_hf, rel=0.15)
    assert f[low][density[low].argmax()] == pytest.approx(0.1, abs=0.015)
    assert f[high][density[high].argmax()] == pytest.approx(0.25, abs=0.015)
    assert density[low | high].sum() / density.sum() > 0.99


@pytest.mark.parametrize("kind", ["normal", "pvc", "pac", "bigeminy", "run", "af", "vt", "pause", "paced", "lead-off"])
def test_beats_are_in_order_and_no_heart_beats_twice_at_once(kind: str) -> None:
    made = beats(of(kind), 300)
    assert len(made) > 100
    assert intervals(made).min() > 0.19
    assert [beat.number for beat in made] == list(range(len(made)))
    assert [beat.since_s for beat in made[1:]] == pytest.approx(intervals(made).tolist())


def test_a_premature_ventricular_beat_is_followed_by_a_full_pause() -> None:
    made = beats(Scenario(name="x", sd_bpm=0, episodes=(Episode(0.0, "pvc", {"share": 0.1}),)), 1800)
    ectopic = [i for i, beat in enumerate(made[:-1]) if beat.form.symbol == "V"]
    assert len(ectopic) / len(made) == pytest.approx(0.1, abs=0.02)
    period = 60 / 70
    for i in ectopic:
        assert made[i].since_s == pytest.approx(0.6 * period)
        assert made[i + 1].at_s - made[i - 1].at_s == pytest.approx(2 * period)


def test_a_premature_atrial_beat_resets_the_sinus_node() -> None:
    made = beats(Scenario(name="x", sd_bpm=0, episodes=(Episode(0.0, "pac"),)), 600)
    early = [i for i, beat in enumerate(made[:-1]) if beat.form.symbol == "A"]
    assert len(early) > 20
    assert all(made[i + 1].since_s < 1.15 * 60 / 70 for i in early)


@pytest.mark.parametrize("normals", [1, 2, 3])
def test_every_so_many_normal_beats_one_is_ventricular(normals: int) -> None:
    symbols = "".join(beat.form.symbol for beat in beats(of("bigeminy", normals=normals), 60))
    assert symbols.startswith(("N" * normals + "V") * 8)


def test_runs_are_as_long_and_as_fast_as_asked() -> None:
    made = beats(of("run", beats=5, run_bpm=180), 120)
    runs = "".join(beat.form.symbol for beat in made).replace("N", " ").split()
    assert len(runs) == pytest.approx(8, abs=1)
    assert set(runs[:-1]) == {"VVVVV"}
    within = [b.since_s for a, b in pairwise(made) if a.form.symbol == b.form.symbol == "V"]
    assert within == pytest.approx([60 / 180] * len(within))


def test_fibrillating_atria_make_every_interval_a_new_one() -> None:
    rr = intervals(beats(of("af", bpm=100, irregularity=0.2), 3600))
    assert rr.mean() == pytest.approx(0.6, rel=0.02)
    assert rr.std() / rr.mean() == pytest.approx(0.2, abs=0.02)
    assert abs(np.corrcoef(rr[:-1], rr[1:])[0, 1]) < 0.05
    assert {beat.shape for beat in beats(of("af"), 30)} == {"no-p"}


def test_a_pause_lasts_as_long_as_asked() -> None:
    rr = intervals(beats(of("pause", pause_s=4, every_s=20), 200))
    assert (rr >= 4).sum() == pytest.approx(10, abs=1)
    assert rr[rr >= 4] == pytest.approx(4.0)
    assert rr[rr < 4].max() < 1.2


def test_episodes_begin_and_end_when_they_should() -> None:
    made = beats(NAMED["vt"], 60)
    ventricular = [beat.at_s for beat in made if beat.form.symbol == "V"]
    assert 20 <= ventricular[0] < 20.9
    assert 39.5 < ventricular[-1] < 40
    assert len(ventricular) == pytest.approx(60, abs=3)
    assert all(20 <= at_s < 40 for at_s in ventricular)


def test_nothing_beats_in_asystole_and_in_ventricular_fibrillation() -> None:
    silent = [beat.at_s for beat in beats(NAMED["asystole"], 60)]
    assert not [at_s for at_s in silent if 20 <= at_s < 30]
    assert next(at_s for at_s in silent if at_s >= 30) < 31.5
    assert max(beat.at_s for beat in beats(NAMED["vf"], 60)) < 26


def test_a_step_of_the_rate_is_a_step() -> None:
    made = beats(NAMED["tachy-step"], 90)
    before = intervals([beat for beat in made if beat.at_s < 30])
    after = intervals([beat for beat in made if beat.at_s >= 30.5])
    assert 60 / before.mean() == pytest.approx(70, rel=0.05)
    assert 60 / after.mean() == pytest.approx(150, rel=0.02)
