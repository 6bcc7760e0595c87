"""What a journal holds of one stream, on the stream's own clock: the journal is fed to an engine again, which says where samples lie."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.engine import Engine
from edgeecg.errors import InputError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.journal import replay
from edgeecg.types import Alert, Beat, Chunk, Event, Record, Refused


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Excerpt:
    """Consecutive samples of one stream, with what was found in them."""

    facts: StreamFacts
    start_sample: int
    start_ns: int
    """When the first sample was taken, on the clock of who wrote the journal; 0: not known."""
    samples_mv: NDArray[np.float64]
    """A row a sample, a column a lead; NaN where nothing came."""
    beats: tuple[Beat, ...]
    alerts: tuple[Alert, ...]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples_mv) / self.facts.rate_hz


@dataclass(slots=True)
class _Track:
    """What is known of one stream so far."""

    facts: StreamFacts
    pieces: list[tuple[int, NDArray[Any], int]] = field(default_factory=list)
    """(number of the first sample, samples, arrival)."""
    held: list[Chunk] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)


class _Listener:
    """An engine that notes where samples came to lie."""

    def __init__(self, config: EngineConfig, tracks: dict[str, _Track]) -> None:
        self._engine, self._tracks = Engine(config), tracks

    def feed_many(self, records: Sequence[Record], /) -> list[tuple[Event, ...]]:
        """One by one, which by law gives the same."""
        return [self._feed(record) for record in records]

    def _feed(self, record: Record) -> tuple[Event, ...]:
        stream = record.stream if isinstance(record, Chunk) else ""
        before = self._engine.next_sample(stream)
        events = self._engine.feed(record)
        if isinstance(record, Chunk) and not any(isinstance(event, Refused) for event in events):
            self._place(record, before, self._engine.next_sample(stream))
        for event in events:
            self._note(event)
        return events

    def _track(self, stream: str) -> _Track:
        facts = next(facts for facts in self._engine.config.streams if facts.name == stream)
        track = self._tracks.get(stream)
        if track is None or track.facts != facts:
            track = self._tracks[stream] = _Track(facts)
        return track

    def _place(self, chunk: Chunk, before: int, after: int) -> None:
        """A frame that was overtaken waits until those before it have come or are given up; then it lies after them."""
        track = self._track(chunk.stream)
        track.held.append(chunk)
        if after == before:
            return
        end = after
        for one in sorted(track.held, key=lambda held: (held.sequence, held.offset), reverse=True):
            end -= len(one.samples)
            track.pieces.append((end, one.samples.reshape(len(one.samples), -1), one.arrival_ns))
        track.held.clear()

    def _note(self, event: Event) -> None:
        if isinstance(event, Beat):
            self._track(event.stream).beats.append(event)
        elif isinstance(event, Alert) and event.stream:
            self._track(event.stream).alerts.append(event)

    def snapshot(self) -> bytes:
        """See Replayable."""
        return self._engine.snapshot()

    def restore(self, data: bytes, /) -> object:
        """See Replayable."""
        return self._engine.restore(data)


def whole(folder: Path, stream: str = "") -> Excerpt:
    """Return all that a journal holds of a stream; of the only one, where none is named."""
    tracks = _heard(folder)
    if not tracks:
        raise InputError(str(folder), "what is there", "a journal that holds samples")
    if not stream and len(tracks) == 1:
        (stream,) = tracks
    if stream not in tracks:
        raise InputError(f"{folder}: stream", repr(stream), f"one of {', '.join(sorted(tracks))}")
    return _excerpt(tracks[stream])


def around(folder: Path, alert_id: str, *, before_s: float = 30.0, after_s: float = 30.0) -> Excerpt:
    """Return the stretch around an alert's onset. The first letters of its id are enough where no other begins so."""
    tracks = _heard(folder)
    found = {
        (name, alert.alert_id): alert for name, track in tracks.items() for alert in track.alerts if alert.alert_id.startswith(alert_id)
    }
    if len(found) != 1:
        raise InputError(
            f"{folder}: alert", f"{alert_id!r}, which names {len(found)} of its alerts,", "the id of one alert in this journal"
        )
    (((stream, _), alert),) = found.items()
    everything = _excerpt(tracks[stream])
    rate_hz = everything.facts.rate_hz
    return cut(everything, alert.onset_sample - round(before_s * rate_hz), round((before_s + after_s) * rate_hz))


def cut(excerpt: Excerpt, start_sample: int, len_samples: int) -> Excerpt:
    """Return the part of an excerpt from a sample on, as far as there is any."""
    first = max(0, start_sample - excerpt.start_sample)
    end = min(len(excerpt.samples_mv), max(first, start_sample + len_samples - excerpt.start_sample))
    if first >= end:
        here = f"{excerpt.start_sample} to {excerpt.start_sample + len(excerpt.samples_mv)}"
        raise InputError("excerpt", f"samples {start_sample} to {start_sample + len_samples}", f"within {here}, which the journal holds")
    start, stop = excerpt.start_sample + first, excerpt.start_sample + end
    return Excerpt(
        facts=excerpt.facts,
        start_sample=start,
        start_ns=excerpt.start_ns and excerpt.start_ns + round(first / excerpt.facts.rate_hz * 1e9),
        samples_mv=excerpt.samples_mv[first:end],
        beats=tuple(beat for beat in excerpt.beats if start <= beat.sample < stop),
        alerts=tuple(alert for alert in excerpt.alerts if start <= alert.onset_sample < stop),
    )


def _heard(folder: Path) -> dict[str, _Track]:
    tracks: dict[str, _Track] = {}
    replay(folder, lambda config: _Listener(config, tracks))
    return {name: track for name, track in tracks.items() if track.pieces}


def _excerpt(track: _Track) -> Excerpt:
    facts = track.facts
    start = min(first for first, _, _ in track.pieces)
    stop = max(first + len(samples) for first, samples, _ in track.pieces)
    samples_mv = np.full((stop - start, len(facts.leads)), np.nan)
    for first, samples, _ in track.pieces:
        samples_mv[first - start : first - start + len(samples)] = (samples.astype(np.float64) - facts.offset_units) * facts.mv_per_unit
    first, samples, arrival_ns = track.pieces[0]
    start_ns = arrival_ns - round((first + len(samples) - start) / facts.rate_hz * 1e9)
    beats = sorted({beat.sample: beat for beat in track.beats}.values(), key=lambda beat: beat.sample)
    return Excerpt(
        facts=facts, start_sample=start, start_ns=max(0, start_ns), samples_mv=samples_mv, beats=tuple(beats), alerts=tuple(track.alerts)
    )
