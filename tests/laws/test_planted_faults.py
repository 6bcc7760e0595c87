"""Every check of a law is shown to fail: on a machine, or a build, that breaks just that law."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.laws import laws
from tests.laws.machines import Machine, Told
from tests.laws.signals import Signal, heart


class Honest(Machine):
    """Says every sample above its running mean; one float of state. Each fault below is one change to it."""

    scales = True

    def __init__(self) -> None:
        self.mean = 0.0
        self.position = 0

    def says(self, value: float) -> bool:
        return value > self.mean

    def feed(self, x: Signal) -> list[Told]:
        told: list[Told] = []
        for value in x.tolist():
            if self.says(value):
                told.append((self.position, self.position, (value,)))
            self.mean += 0.01 * (value - self.mean) if np.isfinite(value) else 0.0
            self.position += 1
        return told

    def save(self) -> bytes:
        return np.array([self.mean, self.position]).tobytes()

    def load(self, data: bytes) -> None:
        self.mean, position = np.frombuffer(data).tolist()
        self.position = int(position)

    def beats(self, x: Signal) -> list[int]:
        swing = np.abs(x - np.median(x))
        return np.flatnonzero(swing > 0.9 * swing.max()).tolist()

    def floats_inside(self) -> list[NDArray[Any]]:
        return [np.array([self.mean])]

    def floats_in(self, event: Told) -> list[NDArray[Any]]:
        assert isinstance(event[2], tuple)
        return [np.array(event[2])]


class CountsCalls(Honest):
    """A debounce counted in calls."""

    calls = 0

    def feed(self, x: Signal) -> list[Told]:
        self.calls += 1
        return super().feed(x) if self.calls % 2 else []


class Forgetful(Honest):
    """State that the snapshot does not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def says(self, value: float) -> bool:
        self.seen += 1
        return self.seen % 3 == 0 and super().says(value)


class Poisoned(Honest):
    """One NaN and the mean is gone for ever."""

    def feed(self, x: Signal) -> list[Told]:
        self.mean += float(x.sum()) * 0.0
        return super().feed(x)


class Growing(Honest):
    """Keeps all it ever saw."""

    def save(self) -> bytes:
        return super().save() + bytes(self.position)

    def load(self, data: bytes) -> None:
        super().load(data[:16])


class Late(Honest):
    """Says things a call after they were decided."""

    waiting: list[Told]

    def feed(self, x: Signal) -> list[Told]:
        told, self.waiting = getattr(self, "waiting", []), super().feed(x)
        return told


class Absolute(Honest):
    """A threshold in millivolt."""

    def beats(self, x: Signal) -> list[int]:
        return np.flatnonzero(x > 0.8).tolist()


X, _ = heart(250.0, 20.0, seed=1)
SPOILT = X.copy()
SPOILT[400] = np.nan


def hold(machine: type[Machine]) -> None:
    """Hold all laws against a machine."""
    laws.check_cut(machine, X, range(1, len(X), 64))
    laws.check_snapshot(machine, X, 1000)
    laws.check_finite(machine, SPOILT)
    laws.check_bounded(machine, X)
    laws.check_causal(machine, X, 50)
    laws.check_scale(machine, X, -2.0, 0.3)


def test_an_honest_machine_passes() -> None:
    hold(Honest)


@pytest.mark.parametrize("faulty", [CountsCalls, Forgetful, Poisoned, Growing, Late, Absolute])
def test_a_faulty_machine_is_caught(faulty: type[Machine]) -> None:
    with pytest.raises(AssertionError):
        hold(faulty)


def test_a_fleet_that_mixes_streams_up_is_caught() -> None:
    with pytest.raises(AssertionError):
        laws.check_fleet([("a",), ("b",)], [("b",), ("a",)])


PLANTED = """
import numpy as np
from edgeecg_kernels._jit import kernel

@kernel
def reads_past_the_end(x):
    return x[len(x)]

print(reads_past_the_end(np.ones(4)))
"""


@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="plain Python checks bounds by itself")
def test_a_planted_read_past_the_end_fails_the_bounds_run_alone(tmp_path: Path) -> None:
    """And the cache of a run without checks is not served to a run with them."""
    script = tmp_path / "planted.py"
    script.write_text(PLANTED)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    environment.pop("NUMBA_BOUNDSCHECK", None)
    command = [sys.executable, str(script)]
    unchecked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    checked = subprocess.run(command, env={**environment, "NUMBA_BOUNDSCHECK": "1"}, capture_output=True, text=True, check=False)
    assert unchecked.returncode == 0, unchecked.stderr
    assert "IndexError" in checked.stderr
