"""Looking at the package costs nothing: what is heavy is imported when it is used."""

import json
import subprocess
import sys

import pytest

import edgeecg

HEAVY = {"numpy", "numba", "llvmlite", "scipy", "onnxruntime", "pydantic", "paho", "serial", "asyncio", "edgeecg_kernels"}


def modules_after(program: str) -> set[str]:
    """Run a program in a fresh interpreter and return what it had imported at its end."""
    program += "\nimport json, sys; sys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(json.loads(done.stderr))


@pytest.mark.parametrize(
    "program",
    [
        "import edgeecg",
        "import edgeecg; dir(edgeecg); edgeecg.__version__",
        "from edgeecg.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        "from edgeecg.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_is_imported(program: str) -> None:
    assert not modules_after(program) & HEAVY


def test_the_plain_way_in_is_imported_on_demand() -> None:
    assert {"edgeecg.api", "edgeecg.engine", "numba"} <= modules_after("import edgeecg; edgeecg.rpeaks")


def test_every_name_on_the_front_door_leads_somewhere() -> None:
    for name in edgeecg.__all__:
        assert getattr(edgeecg, name) is not None
        assert name in dir(edgeecg)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'edgeecg' has no attribute 'rpeeks'"):
        _ = edgeecg.rpeeks
