"""What coupling is measured on: half a minute of sound and ECG on their grids, with the beats the engine's own detector finds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeecg.api import rpeaks
from edgeecg.errors import InputError
from edgeecg.io.wav import read_wav
from edgeecg.io.wfdb import read_record
from edgeecg.simulate.noise import PCG_NOISES, Maker
from edgeecg.simulate.seeds import Seeds
from edgeecg.stages.coupling import Beats, in_band, regrid
from edgeecg.types import Morphology

Signal = NDArray[np.float64]
NOISES = ("white", "pink", "hospital", "bursts")
SNRS_DB = (20.0, 10.0, 5.0, 0.0, -5.0)
DATA = "cinc2016/training-a"
FEWEST_BEATS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A recording: ECG at 250 Hz, sound at 1 kHz, and its beats."""

    name: str
    ecg: Signal
    pcg: Signal
    beats: Beats

    def with_noise(self, kind: str, snr_db: float, seed: int) -> "Heard":
        """Add noise at an SNR within the band of the sounds, 25 to 160 Hz: what is added outside it says nothing."""
        noise = PCG_NOISES[kind](Maker(1000.0, Seeds(seed), f"coupling {kind}"))(0, len(self.pcg))
        gain = np.sqrt(np.mean(in_band(self.pcg) ** 2) / np.mean(in_band(noise) ** 2)) * 10 ** (-snr_db / 20)
        return replace(self, pcg=self.pcg + gain * noise)


def beats_of(ecg: Signal) -> Beats:
    """Find the beats of an ECG at 250 Hz with the engine's own detector."""
    found = rpeaks(ecg, 250.0)
    return Beats(np.ascontiguousarray(found["sample"]), found["morphology"] == Morphology.NORMAL)


def find_recordings(data: Path) -> list[Path]:
    """Find the recordings that have both an ECG and a sound."""
    folder = data / DATA
    found = sorted(sound.with_suffix("") for sound in folder.glob("*.wav") if sound.with_suffix(".hea").exists())
    if not found:
        raise InputError("data", folder, "a folder that holds recordings of cinc2016/training-a")
    return found


def halves(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Split recordings by turns: the first half was tuned on, the second is reported. A person may have recordings in both."""
    return list(paths[::2]), list(paths[1::2])


def read_heard(path: Path) -> Heard | None:
    """Read one; None: it has no ECG, or too few beats."""
    record = read_record(path)
    lead = next((lead for lead in record.leads if "ECG" in lead.name.upper()), None)
    if lead is None:
        return None
    sound = read_wav(path.with_suffix(".wav")).leads[0]
    ecg, pcg = regrid(_filled(lead.millivolts()), lead.rate_hz, 250), regrid(sound.physical(), sound.rate_hz, 1000)
    heard = Heard(path.name, ecg, pcg, beats_of(ecg))
    return heard if len(heard.beats.at) >= FEWEST_BEATS else None


def _filled(samples: Signal) -> Signal:
    """Draw missing samples as a line between their neighbours: whole-record deconvolution can bear no hole."""
    known = np.isfinite(samples)
    return samples if known.all() else np.interp(np.arange(len(samples)), np.flatnonzero(known), samples[known])


def read_all(paths: Sequence[Path]) -> Iterator[Heard]:
    """Read those that can be used."""
    for path in paths:
        heard = read_heard(path)
        if heard is not None:
            yield heard
