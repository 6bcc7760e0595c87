"""Tables of constants: right, and the same bits wherever they are made."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels import exact
from edgeecg_kernels.coupling_state import coupling_params
from edgeecg_kernels.sound_ecg import PHASES
from edgeecg_kernels.sound_filter import band_passes, sound_resampler
from edgeecg_kernels.sound_murmur import HANN, TURNS

TABLES = {
    "band_passes": band_passes(),
    "sound_resampler": sound_resampler(2000.0)[1],
    "phases": PHASES,
    "murmur": np.concatenate([HANN, TURNS]),
    "coupling": np.frombuffer(coupling_params().tobytes(), np.uint8),
}


@given(st.floats(-20, 20))
def test_sines_are_sines(x: float) -> None:
    at = np.array([x])
    assert exact.sin_pi(at)[0] == pytest.approx(np.sin(np.pi * x), abs=1e-14)
    assert exact.cos_pi(at)[0] == pytest.approx(np.cos(np.pi * x), abs=1e-14)
    assert exact.sinc(at)[0] == pytest.approx(np.sinc(x), abs=1e-14)


@given(st.floats(0, 12))
def test_bessel_is_bessel(x: float) -> None:
    assert exact.bessel_i0(np.array([x]))[0] == pytest.approx(np.i0(x), rel=1e-7)


@pytest.mark.parametrize("length", [2, 5, 102])
def test_windows_are_windows(length: int) -> None:
    assert exact.hann(length) == pytest.approx(np.hanning(length), abs=1e-15)
    half = (length - 1) / 2
    inside = np.arange(float(length)) - half
    kaiser = exact.kaiser(inside, half + 1, 5.0) / exact.bessel_i0(np.array([5.0]))
    assert kaiser == pytest.approx(np.kaiser(length + 2, 5.0)[1:-1], rel=1e-6)


def test_sums_go_from_the_left() -> None:
    assert exact.sums_of_rows(np.array([[1e16, 1.0, -1e16], [1.0, 2.0, 3.0]])).tolist() == [[0.0], [6.0]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("band_passes", "d133860de6424460"),
        ("sound_resampler", "12a24a409c2797ae"),
        ("phases", "af7b6f141f5cc2d6"),
        ("murmur", "6d2ba864785a57e0"),
        ("coupling", "5bb683e7931f066c"),
    ],
)
def test_tables_are_the_same_bits_on_every_machine(name: str, expected: str) -> None:
    """As found on x86 with and without AVX-512 and fused multiply-add: a journal is replayed elsewhere than it was written."""
    assert hashlib.sha256(TABLES[name].tobytes()).hexdigest()[:16] == expected
