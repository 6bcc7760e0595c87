"""A recording of ECG and heart sounds, through the engine as a device would have delivered it, and what was heard of it."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from edgeecg.cli.jsonlines import print_json
from edgeecg.cli.monitor import LEGEND, Monitor, Summary, clock
from edgeecg.cli.player import AS_FAST_AS_POSSIBLE, CHUNK_S, RULES
from edgeecg.cli.recordings import CSV_SUFFIXES, read
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig
from edgeecg.io.sources.items import ECG, PCG
from edgeecg.io.sources.pace import Pace
from edgeecg.io.sources.reception import Reception
from edgeecg.io.sources.recordings import FileSettings, Track, is_sound, items, tracks
from edgeecg.types import Event, HeartCycle, HeartSound, Quality, SoundKind, SoundReason


def tracks_of_both(options: argparse.Namespace) -> tuple[Track, Track] | None:
    """Return the ECG and the sound of a recording that has both, unless one lead was asked for."""
    suffix = options.file.suffix.lower()
    if options.lead is not None or suffix in CSV_SUFFIXES:
        return None
    if suffix != ".wav" and not any(is_sound(lead) for lead in read(options).leads):
        return None
    found = tracks(FileSettings(path=options.file, stream=options.file.stem))
    heart = next((track for track in found if track.announced.kind == ECG), None)
    sound = next((track for track in found if track.announced.kind == PCG), None)
    return (heart, sound) if heart and sound else None


def replay_heard(options: argparse.Namespace, heart: Track, sound: Track) -> int:
    """Play both, and show the ECG's beats as they come and what was heard at the end."""
    rate_hz, sound_hz = heart.announced.facts.rate_hz, sound.announced.facts.rate_hz
    chunk_s = options.chunk / rate_hz if options.chunk else CHUNK_S
    played = play((heart, sound), speed=options.speed if options.live else AS_FAST_AS_POSSIBLE, chunk_s=chunk_s)
    if options.json:
        for _, events in played:
            print_json(events)
        return 0
    lead, seconds = heart.announced.facts.leads[0], clock(len(heart.samples) / rate_hz)
    print(f"{options.file.name}: {seconds} of lead {lead} at {rate_hz:g} Hz, sound at {sound_hz:g} Hz\n{LEGEND}\n")
    monitor, summary, heard = Monitor(sys.stdout, rate_hz=rate_hz), Summary(rate_hz=rate_hz), SoundSummary()
    for now_s, events in played:
        of_heart = [event for event in events if event.stream == heart.announced.stream]
        summary.add(of_heart)
        heard.add(event for event in events if event.stream == sound.announced.stream)
        monitor.show(of_heart, now_sample=round(now_s * rate_hz))
    monitor.close()
    print("", *summary.lines(), *heard.lines(), sep="\n")
    return 0


def play(tracks: Sequence[Track], *, speed: float, chunk_s: float) -> Iterator[tuple[float, tuple[Event, ...]]]:
    """Give, record by record, how many seconds have come and what they decided."""
    config = EngineConfig(rules=RULES)
    engine, reception, pace = Engine(config), Reception(config), Pace(speed)
    for due_s, item in items(tracks, epoch=0, start_ns=0, chunk_s=chunk_s):
        pace.wait_for(due_s)
        for record in reception.records([item]):
            yield due_s, engine.feed(record)


class SoundSummary:
    """What was heard, counted as it comes."""

    def __init__(self) -> None:
        self._sounds: dict[SoundKind, list[HeartSound]] = {kind: [] for kind in SoundKind}
        self._reasons: Counter[SoundReason] = Counter()
        self._seconds: Counter[str] = Counter()

    def add(self, events: Iterable[Event]) -> None:
        """Count what has become known of the sound; events of other streams are not for here."""
        for event in events:
            match event:
                case HeartSound():
                    self._sounds[event.kind].append(event)
                case HeartCycle():
                    self._reasons[event.reason] += 1
                case Quality():
                    self._seconds[event.reason.name.lower().replace("_", " ")] += 1

    def lines(self) -> list[str]:
        """Say it, a line a thing."""
        n_beats = self._reasons.total()
        lines = [f"sounds       {', '.join(f'{kind.name} of {len(found)}' for kind, found in self._sounds.items())} of {n_beats} beats"]
        for kind, found in self._sounds.items():
            if found:
                low, median, high = np.percentile([sound.delay_ms for sound in found], [10, 50, 90])
                lines.append(f"R to {kind.name}      {median:.0f} ms (median), eight in ten from {low:.0f} to {high:.0f}")
        doubts = [f"{count} {reason.name.lower()}" for reason, count in self._reasons.most_common() if reason != SoundReason.NONE]
        if doubts:
            lines.append(f"not told     {', '.join(doubts)}")
        if self._seconds:
            poor = ", ".join(f"{count} {why}" for why, count in self._seconds.most_common() if why != "none")
            lines.append(f"sound        good in {self._seconds['none']} of {self._seconds.total()} seconds" + (f": {poor}" if poor else ""))
        return lines
