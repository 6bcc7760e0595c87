"""The wheel holds what it should and nothing else, and what it installs works from anywhere."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TOP_LEVEL = {"edgeecg", "edgeecg_kernels", "edgeecg_wire"}

SMOKE = """
import edgeecg, edgeecg_kernels, edgeecg_wire
from edgeecg.data import load_excerpt
for module in (edgeecg, edgeecg_kernels, edgeecg_wire):
    print(module.__file__)
excerpt = load_excerpt()
beats = edgeecg.rpeaks(excerpt.samples_mv[: 10 * 360], excerpt.rate_hz)
print(len(beats))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the backend alone: no network, nothing written to the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own, which borrows its dependencies from this one."""
    environment = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site_packages = Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())
    # A folder named in a .pth is searched, but its own .pth files are not read: the editable install stays out.
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", "--force-reinstall", "--prefix", str(environment), str(wheel)], check=True)
    return environment


def run(environment: Path, *command: str) -> str:
    """Run a command of the environment from the root folder; uncompiled, because another place would be compiled anew."""
    inherited = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], "NUMBA_DISABLE_JIT": "1"}
    program = environment / "bin" / command[0]
    done = subprocess.run([program, *command[1:]], cwd="/", env=inherited, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_but_ours_is_installed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == TOP_LEVEL
    assert not [name for name in names if name.endswith(".pyc") or "/generate/" in name]


def test_a_sketch_finds_its_header_in_the_wheel(wheel: Path) -> None:
    assert "edgeecg_wire/include/edgeecg_wire.h" in zipfile.ZipFile(wheel).namelist()


def test_licence_and_recording_travel_with_the_wheel(wheel: Path) -> None:
    names = {name.split(".dist-info/")[-1] for name in zipfile.ZipFile(wheel).namelist()}
    assert {"licenses/LICENSE", "licenses/NOTICE"} <= names
    assert {f"edgeecg/data/{name}" for name in ("mitdb208.npz", "mitdb208.csv", "mitdb208.toml", "LICENSE.scipy.txt")} <= names
    assert "edgeecg/py.typed" in names


def test_models_travel_inside_the_package(wheel: Path) -> None:
    names = {name.removeprefix("edgeecg/_models/") for name in zipfile.ZipFile(wheel).namelist() if name.startswith("edgeecg/_models/")}
    assert names == {
        str(path.relative_to(REPOSITORY / "models_onnx")) for path in (REPOSITORY / "models_onnx").rglob("*") if path.is_file()
    }
    assert "index.toml" in names


def test_the_installed_registry_looks_in_the_package(installed: Path) -> None:
    find = "from edgeecg.models.folders import shipped; print(shipped())"
    folder = Path(run(installed, "python", "-c", find).strip())
    assert folder.is_relative_to(installed)
    assert (folder / "index.toml").exists()


def test_the_command_says_its_version(installed: Path) -> None:
    import edgeecg

    assert run(installed, "edgeecg", "--version") == f"edgeecg {edgeecg.__version__}\n"


def test_the_installed_engine_finds_beats_from_anywhere(installed: Path) -> None:
    *files, n_beats = run(installed, "python", "-c", SMOKE).splitlines()
    assert all(Path(file).is_relative_to(installed) for file in files), files
    assert int(n_beats) > 10


def test_kernels_and_tests_are_not_importable_by_those_names(installed: Path) -> None:
    find = "import importlib.util as u; print([n for n in ('kernels', 'firmware_bridge', 'tests', 'models_onnx') if u.find_spec(n)])"
    assert run(installed, "python", "-c", find) == "[]\n"
