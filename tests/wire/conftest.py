"""The C side, built by its own Makefile where there is a compiler."""

import shutil
import subprocess
from pathlib import Path

import pytest

C_SIDE = Path(__file__).parents[2] / "firmware_bridge" / "c"


def make(build: Path, *targets: str, folder: Path = C_SIDE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(folder), f"BUILD={build}", *targets], capture_output=True, text=True, check=False)


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.fixture(scope="session")
def c_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with edgeecg-device, edgeecg-rows and libedgeecg_wire.so; under san/ the programs that watch themselves."""
    need("make", "cc")
    build = tmp_path_factory.mktemp("c")
    made = make(build, "device", f"{build}/san/edgeecg-rows", f"{build}/san/edgeecg-device")
    assert made.returncode == 0, made.stderr
    return build
