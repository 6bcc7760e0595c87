"""All streams of one engine: their state in two arrays, taken through the pipeline's kernel a batch at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import SnapshotError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.stages import align, classify, condition, flutter, hearing, qrs, quality, room, sound, vitals, window
from edgeecg.stages.batch import PACKED, Batch, are_frames
from edgeecg.stages.params import Params
from edgeecg.stages.rows import Flat, Row, bytes_of, flat_rows
from edgeecg.stages.rules.book import Book
from edgeecg.types import (
    FRAME_FIELDS,
    Acknowledge,
    Chunk,
    Event,
    Inference,
    ModelChanged,
    OverloadChanged,
    RefusalReason,
    Refused,
    SourceChange,
    SourceState,
    StreamChange,
    StreamChanged,
    WindowReady,
)
from edgeecg_kernels import state as kinds
from edgeecg_kernels.align import align_dropped
from edgeecg_kernels.arena import LEAD_STATE, PIECE, PIECE_BREAK, PIECE_TICK, ROWS_PER_PIECE, STREAM_STATE, make_scratch
from edgeecg_kernels.coupling_state import COUPLING_STATE
from edgeecg_kernels.entry import entry
from edgeecg_kernels.pipeline import restart_windows, run_pieces, start_stream
from edgeecg_kernels.sound_state import HEARD_STATE, KIND_COUPLING, KIND_CYCLE, KIND_SOUND, SOUND_STATE
from edgeecg_kernels.window_state import NEVER

ROWS = 4 * ROWS_PER_PIECE
NUMBERS = "iuf"
"""Kinds of numpy dtype a chunk's samples may have: signed, unsigned, floating."""

Events = tuple[Event, ...]

READERS: dict[int, Callable[[StreamFacts, Flat], Event]] = {
    kinds.KIND_BEAT: qrs.beat,
    kinds.KIND_QUALITY: quality.quality,
    kinds.KIND_VITALS: vitals.vitals,
    kinds.KIND_FLUTTER: flutter.flutter,
}
"""Events there are many of."""
RARE: dict[int, Callable[[StreamFacts, Row], Event]] = {
    kinds.KIND_GAP: align.gap,
    kinds.KIND_REFUSED: align.refused,
    kinds.KIND_CLOCK: align.clock_report,
    kinds.KIND_SIGNAL: condition.signal_state,
}
"""Others that are known from a row alone; those of windows need the stream's state."""

ARRAYS = ("streams", "leads", "sounds", "couplings", "heard")
CLOSED = -1
NO_SAMPLES = np.zeros(0)


class Fleet:
    """The streams of one configuration, each in its slot; `run` is the hot path."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self._facts = config.streams
        self._slots = {facts.name: slot for slot, facts in enumerate(config.streams)}
        self._params = Params(config)
        self._streams = room.zeros(len(config.streams), STREAM_STATE)
        self._leads = np.zeros(sum(len(facts.leads) for facts in config.streams if not facts.sound_of), LEAD_STATE)
        self._sounds = sound.Sounds(config.streams, config.models, self._params.sound_taps)
        self._sound_of = {ecg: slot for slot, ecg in self._sounds.ecg_of.items()}
        self._windows = [self._made_windows(slot) for slot in range(len(config.streams))]
        self._open: dict[str, int] = {}
        self._open_pairs: dict[str, int] = {}
        """Apart from the others, streams of sound and their ECG: they must be taken in the order they came in."""
        self._lead_counts = [*(len(facts.leads) for facts in config.streams), 0]
        self._most = [*self._params.most_samples(), 0]
        """Of a piece, in samples; of CLOSED none. All in rows: what is looked up at every chunk of a large fleet has to come from memory."""
        self._out = np.zeros(ROWS, kinds.EVENT)
        self._rows = bytes_of(self._out)
        self._unread = np.full(len(config.streams), NEVER)
        self._book = Book(config)
        self._scratch = make_scratch()
        nothing = np.zeros(0, PIECE), 0, NO_SAMPLES
        self._run_pieces = entry(run_pieces, *self._told(), *nothing, self._scratch, self._out, np.zeros(0, np.int64))

    @property
    def hop_factor(self) -> int:
        """Windows come so many times as far apart as configured."""
        return self._book.pace.hop_factor

    @hop_factor.setter
    def hop_factor(self, hop_factor: int) -> None:
        self._book.pace.hop_factor = hop_factor

    # --- samples --------------------------------------------------------------------------------------------------

    def run(self, chunks: Sequence[Chunk]) -> list[Events]:
        """Take chunks in order; return the events of each."""
        events: list[Events] = [()] * len(chunks)
        batch, sounds, is_open, lead_counts, mosts = Batch(), Batch(), self._open, self._lead_counts, self._most
        pack, add_piece, add_owner, add_array, start = PACKED.pack, batch.pieces.append, batch.owners.append, batch.arrays.append, 0
        dtype_before: np.dtype[Any] | None = None  # of what kind one is, is asked once: most chunks are of the same
        for index, chunk in enumerate(chunks):
            samples = chunk.samples
            n = size = samples.size
            if samples.ndim != 1:
                n = samples.shape[0] if samples.ndim else 0
            dtype = samples.dtype
            slot = is_open.get(chunk.stream, CLOSED)
            n_leads, most = lead_counts[slot], mosts[slot]
            if slot < 0 or size != n * n_leads or (dtype is not dtype_before and dtype.kind not in NUMBERS) or chunk.frames is not None:
                batch.start = start
                self._take_other(index, chunk, batch, sounds, events)
                start, dtype_before = batch.start, None
                continue
            if dtype is not dtype_before:
                batch.dtypes.add(dtype)
                dtype_before = dtype
            if 0 < n <= most:  # as `cut` would, without a call: a fleet's call is this loop a thousand times
                offset = chunk.offset
                add_piece(pack(slot, start, n, chunk.sequence, chunk.device_us, chunk.arrival_ns, offset, chunk.frame_len or offset + n))
                add_owner(index)
            else:
                batch.cut(index, chunk, slot, start, n, n_leads, most)
            add_array(samples)
            start += size
        self._run_batch(batch, events)
        self._run_sounds(sounds, events)
        return events

    def _take_other(self, index: int, chunk: Chunk, batch: Batch, sounds: Batch, events: list[Events]) -> None:
        """Take a chunk of a pair of ECG and sound, or of several frames, or refuse it. Sound goes after all ECG that came before it, and before what comes after."""
        slot = self._open_pairs.get(chunk.stream, self._open.get(chunk.stream, CLOSED))
        n_leads, most = self._lead_counts[slot], self._most[slot]
        samples = chunk.samples
        n = samples.shape[0] if samples.shape else 0
        if slot < 0 or samples.size != n * n_leads or samples.dtype.kind not in NUMBERS or not are_frames(chunk, n):
            self._run_both(batch, sounds, events)
            events[index] = (self._refusal(chunk),)
        elif slot in self._sounds.ecg_of:
            sounds.add(index, chunk, slot, n, n_leads, most)
            sounds.slots.add(slot)
        else:
            if self._sound_of.get(slot) in sounds.slots:
                self._run_both(batch, sounds, events)
            batch.add(index, chunk, slot, n, n_leads, most)

    def _run_both(self, batch: Batch, sounds: Batch, events: list[Events]) -> None:
        self._run_batch(batch, events)
        batch.clear()
        self._run_sounds(sounds, events)
        sounds.clear()

    def _run_batch(self, batch: Batch, events: list[Events]) -> None:
        if not batch.owners:
            return
        x, pieces, row_ends = batch.laid_out()
        told, done = self._told(), 0
        while done < len(pieces):
            begin = done
            done = self._run_pieces(*told, pieces, begin, x, self._scratch, self._out, row_ends)
            if row_ends[done - 1]:
                self._tell(batch, begin, row_ends[begin:done].tolist(), events)

    def _run_sounds(self, batch: Batch, events: list[Events]) -> None:
        if not batch.owners:
            return
        x, pieces, row_ends = batch.laid_out()
        told, done = (self._streams, self._leads, self._params.streams, self.hop_factor, self._book.due), 0
        while done < len(pieces):
            begin = done
            done = self._sounds.run(*told, pieces, begin, x, self._out, row_ends)
            if row_ends[done - 1]:
                self._tell(batch, begin, row_ends[begin:done].tolist(), events)

    def _told(self) -> tuple[Any, ...]:
        """What the kernel is told first at every call."""
        p, waiting = self._params, (self._unread, self._book.due, self._book.calm)
        return self._streams, self._leads, p.streams, p.taps, p.models, p.qrs, p.quality, self.hop_factor, *waiting

    def _tell(self, batch: Batch, begin: int, row_ends: list[int], events: list[Events]) -> None:
        """Give each chunk its events."""
        told, row, read = flat_rows(self._rows, row_ends[-1]), 0, READERS.get
        for piece, end in enumerate(row_ends, begin):
            if end == row:
                continue
            slot, owner = batch.slot(piece), batch.owners[piece]
            facts, last = self._facts[slot], told[end - 1]
            is_time = last[0] == kinds.KIND_TIME
            said = [
                reader(facts, one) if (reader := read(one[0])) is not None else self._event(slot, one) for one in told[row : end - is_time]
            ]
            events[owner] += self._book.take(slot, said, last[3]) if is_time else tuple(said)
            row = end

    def _run_order(self, slot: int, order: int, now_ns: int = 0) -> Events:
        """Run one piece without samples: PIECE_TICK or PIECE_BREAK."""
        batch = Batch()
        batch.order(slot, order, now_ns)
        events: list[Events] = [()]
        if slot in self._sounds.ecg_of:
            self._run_sounds(batch, events)
        else:
            self._run_batch(batch, events)
        return events[0]

    def _event(self, slot: int, flat: Flat) -> Event:
        row = Row.of(flat)
        if row.kind in RARE:
            return RARE[row.kind](self._facts[slot], row)
        if row.kind == KIND_SOUND:
            return self._sounds.sound(self._facts[slot], row)
        if row.kind == KIND_CYCLE:
            return self._sounds.cycle(self._facts[slot], row)
        if row.kind == KIND_COUPLING:
            return self._sounds.coupling(self._facts[slot], self._params.first_lead(slot), row)
        windows = self._windows[slot]
        if row.kind != kinds.KIND_WINDOW:
            return windows.expired(row)
        if isinstance(windows, hearing.HeardWindows):
            return windows.heard(self._streams[slot]["window"], row, *self._heard_with(slot))
        self._unread[slot] = NEVER
        return windows.ready(self._streams[slot]["window"], row)

    def _made_windows(self, slot: int) -> window.Windows:
        facts, models, rate = self._facts[slot], self.config.models, self._params.rate(slot)
        if slot in self._sounds.ecg_of:
            return hearing.HeardWindows(facts, models, rate, self._facts[self._sounds.ecg_of[slot]].leads[0])
        return window.Windows(facts, models, self._params.models, rate)

    def _heard_with(self, slot: int) -> tuple[NDArray[np.void], int, NDArray[np.void]]:
        """Return what windows of sound are read from: the ECG's, the newest grid sample there, and the sound that is remembered."""
        ecg = self._sounds.ecg_of[slot]
        newest = int(self._leads[self._params.first_lead(ecg)]["resample"]["next_output"]) - 1
        return self._streams[ecg]["window"], newest, self._sounds.heard[self._params.first_lead(slot)]

    def _deafen(self, slot: int) -> None:
        """Have models that hear not asked about an ECG: the stream of its sound asks them."""
        due = self._streams[slot]["window"]["next_due"]
        for model, facts in enumerate(self.config.models):
            if facts.sound_hz:
                due[model] = NEVER

    def _unknown(self, name: str) -> Refused:
        known = f"one of {', '.join(sorted(self._slots))}" if self._slots else "configured: none is"
        return Refused(name, RefusalReason.UNKNOWN_STREAM, f"stream {name!r}", known, -1)

    def _refusal(self, chunk: Chunk) -> Refused:
        """Say why a chunk cannot be taken."""
        slot = self._slots.get(chunk.stream)
        if slot is None:
            return self._unknown(chunk.stream)
        now = self._now(slot)
        if chunk.stream not in self._open and chunk.stream not in self._open_pairs:
            return Refused(chunk.stream, RefusalReason.NOT_OPEN, "samples", "a SourceState OPENED first", now)
        dtype = chunk.samples.dtype
        if dtype.kind not in NUMBERS:
            return Refused(chunk.stream, RefusalReason.WRONG_TYPE, f"samples of {dtype}", "integers or floats", now)
        leads = len(self._facts[slot].leads)
        shape = chunk.samples.shape
        if shape and chunk.samples.size == shape[0] * leads:
            frames = f"frames that do not make up its {shape[0]} samples"
            return Refused(chunk.stream, RefusalReason.MALFORMED_PIECE, frames, f"rows of {', '.join(FRAME_FIELDS)}, whole frames", now)
        allowed = f"(n, {leads})" if leads > 1 else "(n,) or (n, 1)"
        return Refused(chunk.stream, RefusalReason.WRONG_SHAPE, f"samples of shape {shape}", allowed, now)

    def next_sample(self, name: str) -> int:
        """Return what the next sample of a stream will be numbered; -1: there is no such stream."""
        slot = self._slots.get(name)
        return -1 if slot is None else self._now(slot) + 1

    def heard_before(self, before_ns: int) -> tuple[str, ...]:
        """Return the streams that have been open, and of which nothing has come since then."""
        heard_ns = self._streams["heard_ns"]
        return tuple(self._facts[slot].name for slot in np.flatnonzero((heard_ns > 0) & (heard_ns < before_ns)).tolist())

    def _now(self, slot: int) -> int:
        """The newest sample of a stream: what an event is reported at that no sample decided."""
        return int(self._streams[slot]["align"]["next_index"]) - 1

    # --- sources, time, settings, answers -------------------------------------------------------------------------

    def source_state(self, source: SourceState) -> Events:
        """Open or close a stream, or pass on what its source says of itself."""
        slot = self._slots.get(source.stream)
        if slot is None:
            return self._book.engine_opened(source) if not source.stream else (self._unknown(source.stream),)
        if source.change == SourceChange.OPENED:
            return self._opened(slot, source)
        if source.change == SourceChange.LOST:
            return self._lost(slot)
        if source.change == SourceChange.DROPPED:
            align_dropped(self._streams[slot]["align"], source.count)
            return self._changed(slot, StreamChange.SAMPLES_DROPPED, source.count)
        return self._changed(slot, StreamChange.CLOCK_SYNCHRONISED)

    def _opened(self, slot: int, source: SourceState) -> Events:
        stream, p = self._streams[slot], self._params
        events: Events = ()
        if stream["started"] == 0:
            if slot in self._sounds.ecg_of:
                self._sounds.start(self._streams, p.streams, slot)
            else:
                start_stream(self._streams, self._leads, p.streams, p.models, slot)
                self._deafen(slot)
            stream["epoch"] = source.epoch
        elif stream["is_open"]:
            events = self._run_order(slot, PIECE_BREAK)
        stream["is_open"], stream["silent"], stream["heard_ns"] = 1, 0, source.now_ns
        self._note_open(slot)
        return events + self._changed(slot, StreamChange.OPENED)

    def _lost(self, slot: int) -> Events:
        if not self._streams[slot]["is_open"]:
            return ()
        events = self._run_order(slot, PIECE_BREAK)
        self._streams[slot]["is_open"] = 0
        del self._open_as(slot)[self._facts[slot].name]
        return events + self._changed(slot, StreamChange.LOST)

    def _open_as(self, slot: int) -> dict[str, int]:
        """Return the open streams that this one belongs to."""
        return self._open_pairs if slot in self._sound_of or slot in self._sounds.ecg_of else self._open

    def _note_open(self, slot: int) -> None:
        self._open_as(slot)[self._facts[slot].name] = slot

    def _changed(self, slot: int, change: StreamChange, count: int = 0) -> Events:
        now, epoch = self._now(slot), int(self._streams[slot]["epoch"])
        return self._book.take(slot, [StreamChanged(self._facts[slot].name, change, now, epoch, count)], now)

    def tick(self, now_ns: int) -> Events:
        """Time has passed: give up waiting for late frames, and say who has fallen silent or speaks again."""
        events: list[Event] = []
        for slot in np.flatnonzero(self._streams["align"]["held_count"] > 0).tolist():
            events += self._run_order(slot, PIECE_TICK, now_ns)
        quiet = now_ns - self._streams["heard_ns"] >= self._params.silence_ns
        is_open = self._streams["is_open"] == 1
        was_silent = self._streams["silent"] == 1
        for slot in np.flatnonzero(is_open & (quiet != was_silent)).tolist():
            self._streams["silent"][slot] = quiet[slot]
            events += self._changed(slot, StreamChange.SILENT if quiet[slot] else StreamChange.LIVE)
        return tuple(events)

    def slow_to(self, hop_factor: int) -> None:
        """Have windows come `hop_factor` times as far apart, the streams in turns: all at once would be as much work as before."""
        due = self._streams["window"]["next_due"]
        hops = self._params.models["hop"]
        for slot, facts in enumerate(self._facts):
            turn = crc32(facts.name.encode())
            later = max(0, turn % hop_factor - turn % self.hop_factor)
            for model in np.flatnonzero(due[slot, : len(hops)] < NEVER).tolist():
                due[slot, model] += later * hops[model]
        self._sounds.heard["end"] = NEVER  # where the next windows were to end
        self.hop_factor = hop_factor

    def answer(self, inference: Inference) -> Events:
        """Take a model's answer."""
        slot = self._slots.get(inference.stream)
        if slot is None:
            return (self._unknown(inference.stream),)
        now = self._now(slot)
        return self._book.take(slot, [classify.answer(self._windows[slot], self._streams[slot]["window"], inference, now)], now)

    def engine_event(self, event: ModelChanged | OverloadChanged) -> Events:
        """Pass on what concerns every stream, with the alerts it causes."""
        return self._book.engine_event(event)

    def acknowledge(self, acknowledge: Acknowledge) -> Events:
        """Take a person's word that an alert was seen."""
        return self._book.acknowledge(acknowledge)

    def changed_to(self, config: EngineConfig) -> tuple["Fleet", Events]:
        """Return a fleet for other settings, which goes on with every stream whose facts are the same."""
        other = Fleet(config)
        other.hop_factor = self.hop_factor
        said: list[Event] = [*other._book.adopt_engine(self._book)]
        same_models = config.models == self.config.models
        for slot, facts in enumerate(self._facts):
            if other._has(facts):
                said += other._adopt(self, slot, facts, same_models=same_models)
            else:
                said += [*self._changed(slot, StreamChange.REMOVED), *self._book.streams[slot].remove()]
        return other, tuple(said)

    def _has(self, facts: StreamFacts) -> bool:
        slot = self._slots.get(facts.name)
        return slot is not None and self._facts[slot] == facts

    def _adopt(self, before: "Fleet", old_slot: int, facts: StreamFacts, *, same_models: bool) -> Events:
        slot = self._slots[facts.name]
        self._streams[slot] = before._streams[old_slot]
        first, old_first = self._params.first_lead(slot), before._params.first_lead(old_slot)
        if facts.sound_of:
            self._sounds.adopt(first, before._sounds, old_first)
        else:
            for lead in range(len(facts.leads)):  # row by row: numpy copies a slice field by field, and five times as long
                self._leads[first + lead] = before._leads[old_first + lead]
        if not same_models and self._streams[slot]["started"]:
            self._restart_windows(slot)
        if before._streams[old_slot]["is_open"]:
            self._note_open(slot)
        return self._book.adopt(slot, before._book.streams[old_slot])

    def _restart_windows(self, slot: int) -> None:
        streams, p = self._streams, self._params
        if slot in self._sounds.ecg_of:
            self._sounds.restart_windows(streams, p.streams, slot)
        else:
            restart_windows(streams, self._leads, p.streams, p.models, slot)
            self._deafen(slot)

    # --- state ----------------------------------------------------------------------------------------------------

    def arrays(self) -> tuple[NDArray[np.void], ...]:
        """Return the state itself: of the streams, of their leads, of those that are sound, of their coupling, of what was heard for models."""
        return self._streams, self._leads, self._sounds.state, self._sounds.couplings.state, self._sounds.heard

    def state_copied(self) -> dict[str, bytes | memoryview]:
        """Return a copy of all state, by name: of `arrays`, and of the rules."""
        copies = {name: array.view(np.uint8).copy().data for name, array in zip(ARRAYS, self.arrays(), strict=True)}
        return copies | {"rules": self._book.to_bytes()}

    def restore_bytes(self, state: Mapping[str, bytes]) -> None:
        """Take state back; the arrays are copies, because kernels write into them."""
        for name, array in zip(ARRAYS, self.arrays(), strict=True):
            if len(state[name]) != array.nbytes:
                raise SnapshotError(f"snapshot.{name}", f"{len(state[name])} bytes", f"{array.nbytes} bytes")
        self._book.load(state["rules"])
        self._streams = room.filled(state["streams"], STREAM_STATE)
        self._leads = np.frombuffer(state["leads"], LEAD_STATE).copy()
        self._sounds.state = np.frombuffer(state["sounds"], SOUND_STATE).copy()
        self._sounds.couplings.state = np.frombuffer(state["couplings"], COUPLING_STATE).copy()
        self._sounds.heard = np.frombuffer(state["heard"], HEARD_STATE).copy()
        self._open, self._open_pairs = {}, {}
        for slot in np.flatnonzero(self._streams["is_open"] == 1).tolist():
            self._note_open(slot)

    def waiting_windows(self) -> Events:
        """Announce again every window that still waits for an answer."""
        return tuple(event for slot in range(len(self._windows)) for event in self._waiting(slot))

    def _waiting(self, slot: int) -> Iterator[WindowReady]:
        windows, state, now = self._windows[slot], self._streams[slot]["window"], self._now(slot)
        if not isinstance(windows, hearing.HeardWindows):
            return windows.waiting(state, now)
        return windows.heard_waiting(state, now, *self._heard_with(slot)) if len(self._sounds.heard) else iter(())
