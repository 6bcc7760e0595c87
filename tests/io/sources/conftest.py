"""Kernels are compiled before the first deadline runs."""

import pytest

from edgeecg.warmup import compile_all


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    compile_all()
