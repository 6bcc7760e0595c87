"""Recordings as a device would have delivered them: every lead that belongs together a stream, in the order of time."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.facts import StreamFacts
from edgeecg.io.csv import read_csv
from edgeecg.io.edf import read_edf
from edgeecg.io.recording import MILLIVOLT_PER, Lead, Recording
from edgeecg.io.sources import capture
from edgeecg.io.sources.items import ECG, OTHER, PCG, Announced, Item
from edgeecg.io.sources.together import CHUNK_S, Recorded, together
from edgeecg.io.wav import read_wav
from edgeecg.io.wfdb import read_record

CSV_SUFFIXES: Final = {".csv", ".tsv", ".txt"}
_PCG_NAME: Final = re.compile(r"pcg|heart ?sounds?|phono.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """A recording and what to read of it."""

    path: Path
    stream: str = ""
    """Default: the file's name without its ending."""
    leads: tuple[str, ...] = ()
    """Default: all."""
    rate_hz: float | None = None
    """Of a CSV that holds no times."""
    units: str = "mV"
    """Of a CSV whose columns do not say."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One stream of a recording: leads of one kind and one rate."""

    announced: Announced
    samples: NDArray[Any]


def read(settings: FileSettings) -> list[Recording]:
    """Read what is at the path: WFDB, EDF, CSV, what a line brought, or a WAV, with the record beside it if there is one."""
    path = settings.path
    suffix = path.suffix.lower()
    if suffix in CSV_SUFFIXES:
        return [read_csv(path, rate_hz=settings.rate_hz, units=settings.units)]
    if suffix == ".edf":
        return [read_edf(path)]
    if suffix == capture.SUFFIX:
        return capture.read_capture(path)
    if suffix != ".wav":
        return [read_record(path)]
    sound = read_wav(path)
    if not path.with_suffix(".hea").exists():
        return [sound]
    return [_without_sound(read_record(path.with_suffix(""))), sound]


def tracks(settings: FileSettings) -> list[Track]:
    """Sort a recording's leads into streams; voltages are ECG, sounds PCG, anything else is refused unless it was not asked for."""
    name = settings.stream or settings.path.stem
    groups: dict[tuple[str, float], list[Lead]] = {}
    found: list[str] = []
    for lead in (lead for recording in read(settings) for lead in recording.leads):
        found.append(lead.name)
        if not settings.leads or lead.name in settings.leads:
            groups.setdefault((_kind(lead), lead.rate_hz), []).append(lead)
    missing = sorted(set(settings.leads) - set(found))
    if missing:
        raise InputError(f"{settings.path.name}: lead", repr(missing[0]), f"one of {', '.join(found)}")
    if not any(kind == ECG for kind, _ in groups):
        raise InputError(settings.path.name, f"a recording of {', '.join(found)}", "one with a lead of ECG, in mV, uV, nV or V")
    seen: dict[str, int] = {}
    made = []
    for (kind, rate_hz), leads in sorted(groups.items(), key=lambda group: group[0][0] != ECG):
        if kind == OTHER or (kind == PCG and PCG in seen):  # a heart is heard by one stream
            continue
        seen[kind] = seen.get(kind, 0) + 1
        heart = f"{name}/{ECG}" if kind == PCG else ""
        made.append(_track(f"{name}/{kind}" + (f"-{seen[kind]}" if seen[kind] > 1 else ""), kind, rate_hz, leads, heart))
    return made


def items(found: Iterable[Track], *, epoch: int, start_ns: int, chunk_s: float = CHUNK_S) -> Iterator[tuple[float, Item]]:
    """Give (when it is due, in seconds of the recording; what): streams are announced, open, deliver in turn, are lost."""
    found = list(found)
    for track in found:
        yield 0.0, track.announced
    recorded = [Recorded(one.announced.stream, one.samples, one.announced.facts.rate_hz) for one in found]
    yield from together(recorded, epoch=epoch, start_ns=start_ns, chunk_s=chunk_s)


def _track(stream: str, kind: str, rate_hz: float, leads: list[Lead], heart: str) -> Track:
    len_samples = min(lead.len_samples for lead in leads)
    columns = [(lead.millivolts() if kind == ECG else lead.physical())[:len_samples] for lead in leads]
    names = _names(leads)
    facts = StreamFacts(name=stream, rate_hz=rate_hz, leads=names, sequence_bits=16, sound_of=heart)
    return Track(Announced(stream, kind, facts), columns[0] if len(columns) == 1 else np.column_stack(columns))


def _names(leads: list[Lead]) -> tuple[str, ...]:
    names = tuple(lead.name or str(i + 1) for i, lead in enumerate(leads))
    return names if len(set(names)) == len(names) else tuple(str(i + 1) for i in range(len(leads)))


def is_sound(lead: Lead) -> bool:
    """Tell whether a lead is heart sounds: by its name, or because it comes from a sound file."""
    return bool(_PCG_NAME.fullmatch(lead.name)) or lead.units == "FS"


def _kind(lead: Lead) -> str:
    if is_sound(lead):
        return PCG
    return ECG if lead.units.lower() in MILLIVOLT_PER else OTHER


def _without_sound(record: Recording) -> Recording:
    """The sound is read from its own file, which has it at full resolution."""
    return replace(record, leads=tuple(lead for lead in record.leads if _kind(lead) != PCG))
