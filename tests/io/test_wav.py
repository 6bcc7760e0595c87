"""WAV: equal to the wfdb package on real phonocardiograms, typed errors on what is damaged."""

import wave
from pathlib import Path

import numpy as np
import pytest

from edgeecg.errors import InputError
from edgeecg.io.wav import read_wav
from edgeecg.io.wfdb import read_record


def written(folder: Path, frames: bytes, *, channels: int = 1, width: int = 2) -> Path:
    path = folder / "r.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(2000)
        file.writeframes(frames)
    return path


def test_a_phonocardiogram_is_what_its_wfdb_header_says(edgeecg_data: Path) -> None:
    paths = sorted((edgeecg_data / "cinc2016" / "training-a").glob("*.wav"))
    assert paths
    for path in paths[::10]:
        sound, record = read_wav(path), read_record(path.with_suffix(""))
        assert sound.rate_hz == record.rate_hz == 2000
        np.testing.assert_array_equal(sound.leads[0].raw, record.lead("PCG").raw)


def test_channels_are_told_apart_and_full_scale_is_1(tmp_path: Path) -> None:
    sound = read_wav(written(tmp_path, np.array([[-32768, 1], [16384, 2]], "<i2").tobytes(), channels=2))
    assert sound.lead("1").physical().tolist() == [-1, 0.5]
    assert sound.lead("2").raw.tolist() == [1, 2]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, bytes(200))
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError):
            read_wav(path)
    path.write_bytes(whole[:-20])
    with pytest.raises(InputError, match="a file with 10 of 100 samples missing"):
        read_wav(path)


def test_other_widths_and_absent_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a file of 8 bits at 2000 Hz is not 16 bits"):
        read_wav(written(tmp_path, bytes(8), width=1))
    with pytest.raises(InputError, match="No such file"):
        read_wav(tmp_path / "none.wav")
