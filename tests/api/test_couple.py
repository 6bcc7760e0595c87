"""`edgeecg.couple`: any rate and unit, and for bad input a reason and no delay rather than a wrong one."""

import numpy as np
import pytest
from numpy.typing import NDArray

import edgeecg
from edgeecg.errors import InputError
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.stages.coupling import Reason, regrid

Signal = NDArray[np.float64]


def simulated(rate_hz: float = 500.0, pcg_rate_hz: float = 1000.0, seconds: int = 30, jitter: str = "rest") -> tuple[Signal, Signal]:
    setup = Setup(scenario=NAMED["normal"], seed=4, rate_hz=rate_hz, pcg_rate_hz=pcg_rate_hz, jitter=jitter)
    n = round(seconds * rate_hz)
    block = next(Simulation(setup).blocks(n, n_samples=n))
    assert block.pcg is not None
    return block.ecg_mv, block.pcg


ECG, PCG = simulated()


@pytest.mark.parametrize("method", ["nmcse", "aligned", "deconvolution"])
def test_every_method_gives_a_kernel_and_a_delay(method: str) -> None:
    ecg, pcg = simulated(jitter="none")
    found = edgeecg.couple(ecg, pcg, 500.0, method, pcg_rate_hz=1000.0)
    told = np.array([reason is Reason.OK for reason in found.reason])
    assert told.sum() > 0.6 * len(told)
    assert found.kernel.shape == found.smoothed.shape == (len(found.beats), len(found.lags_s))
    assert np.isfinite(found.delay_s[told]).all()
    assert np.isnan(found.delay_s[~told]).all()
    assert 0.05 < found.delay_s[told][-1] < 0.1
    assert 0.25 < np.nanmedian(found.s1_s2_s) < 0.38
    assert (found.confidence[told] > 0.5).all()
    loudest = found.lags_s[np.argmax(np.abs(found.smoothed[told][-1]))]
    assert 0.03 < loudest < 0.12 or 0.33 < loudest < 0.5


@pytest.mark.parametrize(("rate_hz", "pcg_rate_hz"), [(250.0, 2000.0), (1000.0, 1000.0), (360.0, 720.0)])
def test_any_rates_tell_the_same_delay(rate_hz: float, pcg_rate_hz: float) -> None:
    ecg, pcg = simulated(rate_hz, pcg_rate_hz)
    expected = edgeecg.couple(ECG, PCG, 500.0, pcg_rate_hz=1000.0).delay_s
    found = edgeecg.couple(ecg, pcg, rate_hz, pcg_rate_hz=pcg_rate_hz).delay_s
    assert np.nanmedian(found) == pytest.approx(np.nanmedian(expected), abs=0.003)


def test_units_do_not_matter() -> None:
    plain = edgeecg.couple(ECG, PCG, 500.0, pcg_rate_hz=1000.0)
    counts = edgeecg.couple(ECG, np.round(PCG * 3000 + 512).astype(np.int16), 500.0, pcg_rate_hz=1000.0)
    np.testing.assert_allclose(counts.delay_s, plain.delay_s, atol=1e-3)


def spoilt(how: str) -> Signal:
    rng = np.random.default_rng(1)
    return {
        "silence": np.zeros_like(PCG),
        "missing": np.full_like(PCG, np.nan),
        "clipped": np.clip(PCG, -0.02, 0.02),
        "noise": rng.normal(size=len(PCG)),
        "short": PCG[:5000],
    }[how]


@pytest.mark.parametrize(
    ("how", "reasons"),
    [
        ("silence", {Reason.NO_SOUND, Reason.MISSING}),
        ("missing", {Reason.MISSING}),
        ("clipped", {Reason.CLIPPED, Reason.MISSING}),
        ("noise", {Reason.NOISY, Reason.LEARNING, Reason.MISSING, Reason.UNSTEADY, Reason.OTHER_BEAT}),
        ("short", {Reason.LEARNING, Reason.MISSING, Reason.OTHER_BEAT}),
    ],
)
def test_of_bad_sound_no_delay_is_told(how: str, reasons: set[Reason]) -> None:
    found = edgeecg.couple(ECG, spoilt(how), 500.0, pcg_rate_hz=1000.0)
    assert set(found.reason) <= reasons
    assert np.isnan(found.delay_s).all()
    assert found.confidence.max(initial=0.0) < 0.75


def test_what_cannot_be_coupled_is_refused() -> None:
    with pytest.raises(InputError, match="method"):
        edgeecg.couple(ECG, PCG, 500.0, "guess", pcg_rate_hz=1000.0)
    with pytest.raises(InputError, match="pcg_rate_hz: 1"):
        edgeecg.couple(ECG, PCG, 500.0, pcg_rate_hz=100.0)
    with pytest.raises(InputError, match="empty"):
        edgeecg.couple(ECG, np.zeros(0), 500.0)


@pytest.mark.parametrize(("rate_hz", "to_hz"), [(2000.0, 1000), (2000.0, 250), (360.0, 1000), (333.3, 250)])
def test_another_rate_keeps_what_both_can_hold(rate_hz: float, to_hz: int) -> None:
    t = np.arange(round(3 * rate_hz)) / rate_hz
    new = regrid(np.sin(2 * np.pi * 40 * t), rate_hz, to_hz)
    inside = slice(to_hz // 2, -(to_hz // 2))
    np.testing.assert_allclose(new[inside], np.sin(2 * np.pi * 40 * np.arange(len(new)) / to_hz)[inside], atol=1e-3)
