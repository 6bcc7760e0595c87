"""What every test may lean on: how hard to search, with which seed, and where recordings are.

EDGEECG_EXAMPLES=reduced|thorough   hypothesis tries fewer or more examples
EDGEECG_DATA=FOLDER                 recordings in PhysioNet's own layout; tests that need one skip without it
"""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

for _name, _examples in {"reduced": 8, "default": 60, "thorough": 1000}.items():
    # No deadline: the first call of a kernel compiles it.
    _unhurried = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile(_name, _unhurried, max_examples=_examples)
settings.load_profile(os.environ.get("EDGEECG_EXAMPLES", "default"))

if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
    np.seterr(all="ignore")  # inf * 0 is NaN in a kernel, compiled or not; only numpy's scalars would warn of it


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One seed for all: 0 where a machine judges, drawn anew where a person looks."""
    if config.getoption("--hypothesis-seed") is None:
        config.option.hypothesis_seed = "0" if os.environ.get("CI") else str(random.randrange(2**32))


def pytest_report_header(config: pytest.Config) -> str:
    examples = settings.get_current_profile_name()
    recordings = os.environ.get("EDGEECG_DATA", "none (EDGEECG_DATA is not set)")
    return f"examples: {examples}, repeat with --hypothesis-seed={config.getoption('--hypothesis-seed')}; recordings: {recordings}"


@pytest.fixture(scope="session")
def edgeecg_data() -> Path:
    """The folder of recordings (mitdb/, nstdb/, ...)."""
    named = os.environ.get("EDGEECG_DATA")
    if not named:
        pytest.skip("EDGEECG_DATA is not set: it names a folder of PhysioNet recordings (mitdb/, nstdb/, ...)")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"EDGEECG_DATA: {folder} is not a folder")
    return folder
