"""What a line brought, kept as bytes: it is read as the recording that it was."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg.cli import main
from edgeecg.errors import InputError
from edgeecg.io.sources.capture import read_capture
from edgeecg.io.sources.recordings import FileSettings, tracks
from edgeecg_wire import frames as f
from edgeecg_wire.codec import encode
from edgeecg_wire.damage import damaged_line
from tests.io.sources.pty_device import ECG, PtyDevice
from tests.io.sources.publishing import hello, samples

SOUND = replace(ECG, stream=1, kind=f.KIND_PCG, rate_millihz=1_000_000)


def written(folder: Path, frames: Sequence[f.Frame]) -> Path:
    path = folder / "night.frames"
    path.write_bytes(b"".join(map(encode, frames)))
    return path


def values(path: Path) -> NDArray[np.float64]:
    (recording,) = read_capture(path)
    return recording.leads[0].raw.astype(np.float64)


def test_samples_stand_where_the_clock_says_and_what_is_missing_is_missing(tmp_path: Path) -> None:
    kept = [i for i in range(600) if not 200 <= i < 207]
    x = values(written(tmp_path, [hello("belt"), *map(samples, kept)]))
    assert len(x) == 600 * 25
    expected = np.repeat(np.arange(600.0), 25)
    expected[200 * 25 : 207 * 25] = np.nan
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("bits", [24, 32, 64])
def test_a_clock_that_wraps_or_is_none_loses_nothing(tmp_path: Path, bits: int) -> None:
    first = replace(hello("belt"), clock_bits=bits)
    wrap = min(2**bits, 2**63)
    frames = [replace(samples(i), clock_us=(100_000 * i - 3_000_000) % wrap) for i in range(90) if i != 50]
    x = values(written(tmp_path, [first, *frames]))
    assert len(x) == 90 * 25
    assert np.flatnonzero(np.isnan(x)).tolist() == list(range(50 * 25, 51 * 25))


def test_copies_are_left_out_and_a_device_that_begins_anew_stands_next(tmp_path: Path) -> None:
    counted = [*range(40), 38, *range(40, 50)]
    frames: list[f.Frame] = [*map(samples, counted), replace(hello("belt"), clock_us=0)]
    x = values(written(tmp_path, [replace(hello("belt"), clock_us=9), *frames, *(samples(i) for i in range(100, 140))]))
    np.testing.assert_array_equal(x[~np.isnan(x)], np.repeat([*range(50), *range(100, 140)], 25))


def test_damage_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    wires = [encode(hello("belt")), *(encode(samples(i)) for i in range(400))]
    path = tmp_path / "harmed.frames"
    path.write_bytes(damaged_line(wires, range(7, 400, 50), random.Random(3)))
    (recording,) = read_capture(path)
    x = recording.leads[0].raw
    known = np.flatnonzero(~np.isnan(x))
    np.testing.assert_array_equal(x[known], known // 25)
    assert 380 * 25 < len(known) < 400 * 25
    assert any("damaged" in warning for warning in recording.warnings)


def test_a_heart_and_its_sound_are_two_streams_of_one_file(tmp_path: Path) -> None:
    both = replace(hello("belt"), streams=(ECG, SOUND))
    sound = [replace(samples(i, n=100, rate_millihz=1_000_000), stream=1) for i in range(60)]
    path = written(tmp_path, [both, *(frame for pair in zip(map(samples, range(60)), sound, strict=True) for frame in pair)])
    found = tracks(FileSettings(path=path))
    assert [(one.announced.stream, one.announced.kind, len(one.samples)) for one in found] == [
        ("night/ecg", "ecg", 1500), ("night/pcg", "pcg", 6000),
    ]  # fmt: skip


def test_of_what_a_simulated_device_sent_only_what_was_lost_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, holed = tmp_path / "whole.frames", tmp_path / "holed.frames"
    for path, loss in ((whole, "0"), (holed, "0.05")):
        assert main(["simulate", "--to", str(path), "--seconds", "40", "--wrap", "--loss", loss]) == 0
    lost = int(next(line.split()[1] for line in reversed(capsys.readouterr().err.splitlines()) if line.startswith("lost")))
    sent, came = values(whole), values(holed)
    assert lost > 3
    assert 0 <= len(sent) - len(came) <= 50
    known = np.flatnonzero(~np.isnan(came))
    assert len(sent) - len(known) == lost * 25
    np.testing.assert_array_equal(came[known], sent[known])


def test_what_is_no_capture_is_refused_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, [samples(i) for i in range(60)])
    with pytest.raises(InputError, match=r"night\.frames: a file without a hello and samples after it is not what a device sends"):
        read_capture(path)
    with pytest.raises(InputError, match="No such file"):
        read_capture(tmp_path / "nothing.frames")


def test_a_line_is_recorded_as_bytes_and_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link, to = tmp_path / "tty", tmp_path / "belt.frames"
    with PtyDevice(link).running():
        assert main(["record", str(link), "--seconds", "2", "--to", str(to)]) == 0
    assert "bytes as they came" in capsys.readouterr().out
    assert len(values(to)) >= 500
    assert main(["replay", str(to)]) == 0
    assert "of lead I at 250 Hz" in capsys.readouterr().out
    assert main(["record", str(link), "--seconds", "2", "--to", str(to), "--stream", "x"]) != 0
