"""The import contracts hold, and each of them can fail: a violation is planted in a copy and must be named."""

import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCES = ("edgeecg", "kernels/edgeecg_kernels", "firmware_bridge/edgeecg_wire")


@dataclass(frozen=True)
class Plant:
    """A line that does not belong where it is put."""

    contract: str
    where: str
    line: str


PLANTS = (
    Plant("layers", "edgeecg/errors.py", "import edgeecg.types"),
    Plant("core-purity", "edgeecg/types.py", "import time"),
    Plant("core-purity", "edgeecg/facts.py", "from random import random"),
    Plant("daemon-clock", "edgeecg/daemon/worker.py", "from time import monotonic"),
    Plant("kernels", "kernels/edgeecg_kernels/state.py", "import os"),
    Plant("wire", "firmware_bridge/edgeecg_wire/__init__.py", "import numpy"),
    Plant("kernels-door", "edgeecg/cli/demo.py", "import edgeecg_kernels.state"),
    Plant("compiler-door", "edgeecg/types.py", "import numba"),
    Plant("runtime-door", "edgeecg/cli/demo.py", "import onnxruntime"),
    Plant("mqtt-door", "edgeecg/cli/demo.py", "from paho.mqtt import client"),
    Plant("device-door", "edgeecg/cli/demo.py", "import serial"),
    Plant("pydantic-door", "edgeecg/types.py", "import pydantic"),
    Plant("oracles", "edgeecg/data/__init__.py", "import wfdb"),
    Plant("client", "edgeecg/client/__init__.py", "import edgeecg.data"),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources and the contracts, where they may be damaged."""
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    (folder / "tests/house").mkdir(parents=True)
    shutil.copy(REPOSITORY / "tests/house/import_contracts.py", folder / "tests/house")
    for source in SOURCES:
        shutil.copytree(REPOSITORY / source, folder / Path(source).name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a folder's own sources, not on the installed ones: -P and the working directory first."""
    program = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-P", "-c", program, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )


def contract_names() -> dict[str, str]:
    """Return each contract's sentence by its id."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    return {entry["id"]: entry["name"] for entry in settings["tool"]["importlinter"]["contracts"]}


def test_the_contracts_hold(copy: Path) -> None:
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_every_contract_is_seen_to_fail() -> None:
    assert {plant.contract for plant in PLANTS} == set(contract_names())


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.contract}: {plant.line}")
def test_a_planted_import_breaks_its_contract(copy: Path, plant: Plant) -> None:
    source = copy / plant.where.removeprefix("kernels/").removeprefix("firmware_bridge/")
    before = source.read_text() if source.exists() else None
    source.parent.mkdir(exist_ok=True)
    source.write_text(f"{before or ''}\n{plant.line}\n")
    try:
        done = lint_imports(copy)
    finally:
        source.unlink() if before is None else source.write_text(before)
    assert f"{contract_names()[plant.contract]} BROKEN" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
