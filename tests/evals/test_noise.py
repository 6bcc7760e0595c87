"""The noise stress test: its rule on signals whose answer is known, and the published records from each other."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.evals.noise import Noise, at_rate, mix, noise_rms, noisy_stretches, qrs_rms, read_noise
from edgeecg.io.recording import Lead, Recording
from edgeecg.io.wfdb import Annotations, read_annotations, read_record

RATE_HZ = 100.0


def beats_at(samples: NDArray[np.int64], symbol: str = "N") -> Annotations:
    n = len(samples)
    return Annotations(
        samples=samples,
        symbols=np.full(n, symbol),
        subtypes=np.zeros(n, np.int8),
        channels=np.zeros(n, np.uint8),
        numbers=np.zeros(n, np.int8),
        aux=("",) * n,
    )


def spikes(heights: NDArray[np.float64]) -> tuple[NDArray[np.float64], Annotations]:
    """A second each, with one sample of a height in its middle."""
    at = np.arange(len(heights)) * 100 + 50
    signal = np.zeros(len(heights) * 100)
    signal[at] = heights
    return signal, beats_at(at)


def test_the_qrs_is_measured_as_the_page_says() -> None:
    heights = np.concatenate([np.full(30, 99.0), np.full(270, 4.0), np.full(200, 77.0)])
    signal, annotations = spikes(heights)
    assert qrs_rms(signal, annotations, RATE_HZ) == pytest.approx((15 * 99 + 255 * 4) / 270 / np.sqrt(8))  # 15 of 300 off either end
    with pytest.raises(InputError, match="without a normal beat"):
        qrs_rms(signal, beats_at(annotations.samples, "V"), RATE_HZ)


def test_the_noise_is_measured_as_the_page_says() -> None:
    amplitudes = np.concatenate([np.full(20, 50.0), np.full(280, 2.0), np.full(50, 99.0)])
    square = np.repeat(amplitudes, 100) * np.tile([1.0, -1.0], 175 * 100) + 1000.0  # the mean of each second does not count
    assert noise_rms(square, RATE_HZ) == pytest.approx((5 * 50 + 265 * 2) / 270)
    with pytest.raises(InputError, match="noise: 99 samples is not at least 100"):
        noise_rms(np.ones(99), RATE_HZ)
    with pytest.raises(InputError, match="noise: flat is not a signal"):
        noise_rms(np.ones(1000), RATE_HZ)


def test_five_clean_minutes_then_two_by_two() -> None:
    noisy = noisy_stretches(30 * 60, 1.0).reshape(30, 60)
    assert noisy.all(axis=1).tolist() == noisy.any(axis=1).tolist()
    assert np.flatnonzero(noisy.any(axis=1)).tolist() == [5, 6, 9, 10, 13, 14, 17, 18, 21, 22, 25, 26, 29]


@pytest.mark.parametrize("snr_db", [24.0, 0.0, -6.0])
def test_the_mixture_has_the_ratio_that_was_asked_for(snr_db: float) -> None:
    clean, annotations = spikes(np.full(1000, 3.0))
    recording = Recording(name="r", rate_hz=RATE_HZ, leads=(Lead(name="I", raw=clean, rate_hz=RATE_HZ),))
    wave = 0.7 * np.sin(2 * np.pi * 5 * np.arange(350_00) / RATE_HZ)
    noise = Noise("sine", RATE_HZ, (wave,), (noise_rms(wave, RATE_HZ),))
    added = mix(recording, annotations, noise, snr_db) - clean
    assert not added[: 300 * 100].any()
    stretch = added[300 * 100 : 420 * 100]
    assert 10 * np.log10(3.0**2 / 8 / stretch.var()) == pytest.approx(snr_db, abs=1e-6)
    assert np.ptp(added[420 * 100 : 540 * 100]) < 1e-12  # the level that the noise left at is held


def test_the_noise_repeats_and_another_rate_is_brought_to_the_recordings() -> None:
    slow = np.sin(2 * np.pi * 3 * np.arange(5000) / 250)
    fast = at_rate(slow, 250, 360)
    np.testing.assert_allclose(fast, np.sin(2 * np.pi * 3 * np.arange(7200) / 360), atol=1e-9)
    np.testing.assert_allclose(at_rate(fast, 360, 250), slow, atol=1e-9)


@pytest.fixture(scope="module")
def motion(edgeecg_data: Path) -> Noise:
    return read_noise(edgeecg_data / "nstdb" / "118e06")


@pytest.mark.parametrize("lead", [0, 1])
@pytest.mark.parametrize("snr_db", [12, 24])
def test_the_published_records_follow_from_the_noise_of_118e06(snr_db: int, lead: int, motion: Noise, edgeecg_data: Path) -> None:
    clean, annotations = read_record(edgeecg_data / "mitdb" / "118"), read_annotations(edgeecg_data / "mitdb" / "118.atr")
    mixed = mix(clean, annotations, motion, snr_db, lead)
    published = read_record(edgeecg_data / "nstdb" / f"118e{snr_db}").leads[lead].millivolts()
    apart = (mixed - published)[:-1] * 200  # in steps of the converter; the published records' last sample is not the clean one's
    assert np.abs(apart - apart[0]).max() < 7  # the program rounds its offset at each of twelve changes
    noisy = noisy_stretches(clean.len_samples, 360)[:-1]
    ends = np.flatnonzero(np.diff(noisy.astype(np.int8), prepend=0, append=0))
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        assert np.ptp(apart[begin:end]) < 3  # within a stretch only samples are cut to whole steps: half of one record's and the other's


@pytest.mark.parametrize(("snr_db", "gain"), [(12, 10 ** (-6 / 20)), (24, 10 ** (-18 / 20))])
def test_the_published_gains_are_those_of_the_rule(snr_db: int, gain: float, motion: Noise, edgeecg_data: Path) -> None:
    other = read_noise(edgeecg_data / "nstdb" / f"118e{snr_db}")
    stretch = slice(300 * 360 + 1, 420 * 360)
    for quiet, loud in zip(other.leads, motion.leads, strict=True):
        assert np.polyfit(loud[stretch], quiet[stretch], 1)[0] == pytest.approx(gain, rel=2e-3)
    np.testing.assert_allclose(np.array(motion.rms_mv) / np.array(other.rms_mv), 1 / gain)


def test_a_noise_record_is_taken_as_it_is(edgeecg_data: Path) -> None:
    wander = read_noise(edgeecg_data / "nstdb" / "bw")
    assert wander.name == "bw"
    assert wander.rms_mv == tuple(noise_rms(lead, 360) for lead in wander.leads)


def test_a_made_record_without_its_clean_one_is_refused(edgeecg_data: Path, tmp_path: Path) -> None:
    (tmp_path / "nstdb").mkdir()
    for suffix in (".hea", ".dat"):
        (tmp_path / "nstdb" / f"118e06{suffix}").symlink_to(edgeecg_data / "nstdb" / f"118e06{suffix}")
    with pytest.raises(InputError, match=r"clean record: 118, nowhere beside .* is not there"):
        read_noise(tmp_path / "nstdb" / "118e06")
    with pytest.raises(InputError, match=r"noise: of another shape than .* is not made from it"):
        read_noise(tmp_path / "nstdb" / "118e06", edgeecg_data / "nstdb" / "../cpsc2021/data_84_1")
