"""RIFF sound files of 16-bit PCM: phonocardiograms come in them."""

import wave
from pathlib import Path

import numpy as np

from edgeecg.errors import InputError
from edgeecg.io.recording import Lead, Recording

FULL_SCALE = 32768.0


def read_wav(path: str | Path) -> Recording:
    """Read a sound file; full scale is 1, and its channels are named 1, 2, ..."""
    path = Path(path)
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate_hz, n_frames = file.getsampwidth(), file.getnchannels(), file.getframerate(), file.getnframes()
            content = file.readframes(n_frames) if width == 2 else b""
    except OSError as error:
        raise InputError(str(path), error.strerror, "a readable file") from error
    except (wave.Error, EOFError, RuntimeError) as error:
        raise InputError(str(path), str(error) or "a file that ends too soon", "a RIFF file of PCM samples") from error
    if width != 2 or rate_hz < 1:
        raise InputError(str(path), f"a file of {8 * width} bits at {rate_hz} Hz", "16 bits at 1 Hz or more")
    if len(content) != n_frames * channels * 2:
        missing = n_frames * channels - len(content) // 2
        raise InputError(str(path), f"a file with {missing} of {n_frames * channels} samples missing", "complete: its header promises them")
    frames = np.frombuffer(content, "<i2").reshape(-1, channels)
    leads = tuple(
        Lead(name=str(i + 1), raw=np.ascontiguousarray(frames[:, i]), rate_hz=float(rate_hz), gain=FULL_SCALE, units="FS")
        for i in range(channels)
    )
    return Recording(name=path.stem, rate_hz=float(rate_hz), leads=leads)
