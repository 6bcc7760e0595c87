"""The C side: it builds without a warning, keeps to the vectors, and reads any bytes as Python does."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from edgeecg_wire.codec import Decoder
from edgeecg_wire.rows import row
from edgeecg_wire.vectors import vectors
from tests.wire.conftest import make, need
from tests.wire.strategies import lines

ARDUINO_CORE = Path("/usr/share/arduino/hardware/arduino/avr/cores/arduino/Arduino.h")


def rows_of(build: Path, line: bytes) -> list[str]:
    done = subprocess.run([build / "san" / "edgeecg-rows"], input=line, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("ascii").splitlines()


def test_its_own_tests_pass_under_the_sanitizers(tmp_path: Path) -> None:
    need("make", "cc")
    made = make(tmp_path, "test")
    assert made.returncode == 0, made.stdout + made.stderr
    assert "frames encoded to the bytes they came from" in made.stdout


@pytest.mark.parametrize(("name", "line"), [*vectors()], ids=[name for name, _ in vectors()])
def test_it_reads_every_vector_as_python_does(c_build: Path, name: str, line: bytes) -> None:
    assert rows_of(c_build, line) == [row(result) for result in Decoder().feed(line)], name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=lines())
def test_it_reads_anything_as_python_does(c_build: Path, line: bytes) -> None:
    assert rows_of(c_build, line) == [row(result) for result in Decoder().feed(line)]


def test_the_firmware_fits_an_avr(tmp_path: Path) -> None:
    need("make", "avr-gcc", "avr-size")
    made = make(tmp_path, "avr")
    assert made.returncode == 0, made.stderr
    flash, ram = sizes("avr-size", tmp_path / "avr-core.elf")
    assert flash <= 12 * 1024, f"{flash} bytes of flash: an Uno has 32 KiB, and the Arduino core and a sketch want theirs"
    assert ram <= 1024, f"{ram} bytes of RAM: an Uno has 2 KiB"


def test_the_uno_sketch_fits_an_uno_and_leaves_it_a_stack(tmp_path: Path) -> None:
    need("make", "avr-gcc", "avr-size")
    if not ARDUINO_CORE.exists():
        pytest.skip(f"{ARDUINO_CORE} does not exist: arduino-core-avr is not installed")
    made = make(tmp_path, "avr")
    assert made.returncode == 0, made.stderr
    flash, ram = sizes("avr-size", tmp_path / "edgeecg_ad8232.elf")
    assert flash <= 31 * 1024, f"{flash} bytes of flash: an Uno has 31.5 KiB beside its bootloader"
    assert ram <= 1280, f"{ram} bytes of RAM: an Uno has 2 KiB, and the stack is in it"


def test_the_arduino_library_holds_all_a_sketch_includes(tmp_path: Path) -> None:
    need("make")
    made = make(tmp_path, "library")
    assert made.returncode == 0, made.stderr
    library = tmp_path / "edgeecg_wire"
    sources = {path.name for path in (library / "src").iterdir()}
    for path in library.rglob("*"):
        if path.suffix in {".h", ".c", ".ino"}:
            assert set(re.findall(r'#include "(.+)"', path.read_text(encoding="utf-8"))) <= sources, path
    assert {sketch.parent.name for sketch in library.rglob("*.ino")} == {"edgeecg_ad8232", "edgeecg_max30003_i2s"}


def test_the_firmware_builds_for_a_cortex_m0(tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc", "arm-none-eabi-size")
    made = make(tmp_path, "arm")
    assert made.returncode == 0, made.stderr
    flash, _ = sizes("arm-none-eabi-size", tmp_path / "arm-core.elf")
    assert flash <= 16 * 1024


def sizes(program: str, image: Path) -> tuple[int, int]:
    """Flash and RAM, as berkeley-style `size` counts them."""
    text, data, bss, *_ = subprocess.run([program, image], capture_output=True, text=True, check=True).stdout.splitlines()[1].split()
    return int(text) + int(data), int(data) + int(bss)
