"""Law 3: compiled and not, every machine says the same, bit for bit. Each runs in a process of its own."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.laws.laws import digest_of
from tests.laws.machines import MACHINES, Machine
from tests.laws.signals import Signal, heart

SECONDS = 4.0


def spoilt_heart(rate_hz: float) -> Signal:
    """A heart with all that may happen to it, the same in every process."""
    x, _ = heart(rate_hz, SECONDS, seed=11, noise_mv=0.05)
    x += 0.3 * np.sin(2 * np.pi * 50.0 / rate_hz * np.arange(len(x)))
    for at, value in ((300, np.nan), (320, np.inf), (330, -1e300), (340, 5e-324)):
        x[at : at + 3] = value
    x[600:640] = 20.0
    x[700:] += 2.5
    return x


def said_by(machine: type[Machine]) -> str:
    box = machine()
    return digest_of(box.feed(spoilt_heart(machine.rate_hz))) + f"\n{box.save().hex()}"


def other_process(machine: type[Machine], **flags: str) -> str:
    code = f"from tests.laws.test_jit import *; print(said_by({machine.__module__.rpartition('.')[2]}.{machine.__name__}))"
    code = "from tests.laws import machines; " + code
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")} | flags
    environment |= {"NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"]} if "NUMBA_CACHE_DIR" in os.environ else {}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.rstrip("\n")


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_compiled_and_not_say_the_same(machine: type[Machine]) -> None:
    here_compiled = not os.environ.get("NUMBA_DISABLE_JIT")
    other = other_process(machine, NUMBA_DISABLE_JIT="1") if here_compiled else other_process(machine)
    assert other == said_by(machine)
