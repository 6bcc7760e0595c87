"""A device that speaks edgeecg's own protocol: its bytes to chunks, its hello to facts, what breaks its word refused."""

from dataclasses import fields, replace
from typing import Any, Final

from edgeecg.errors import ConfigError
from edgeecg.facts import StreamFacts
from edgeecg.io.sources.intake import FORGET_AFTER_NS, NEW, Intake, Stream, unwrapped
from edgeecg.io.sources.items import ECG, OTHER, PCG, Announced, ClockAnswer, Item, Said
from edgeecg.io.sources.runs import Reader, Run, samples_of
from edgeecg.io.sources.twins import Twins
from edgeecg.thawed import thawed
from edgeecg.types import Chunk, SourceChange, SourceState
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Damaged, Overlong, Refused, Result, Unknown

KINDS: Final = {f.KIND_ECG: ECG, f.KIND_PCG: PCG}
MDC_LEADS: Final = {
    257: "I", 258: "II", 259: "V1", 260: "V2", 261: "V3", 262: "V4", 263: "V5", 264: "V6", 317: "III", 318: "aVR", 319: "aVL", 320: "aVF",
}  # fmt: skip
"""Leads by the low 16 bits of their code in ISO/IEEE 11073-10101."""
PICO: Final = 1e-12
ASSUMED_MV_PER_COUNT: Final = 1e-3
"""Where a device does not know its scale: a microvolt, and `Announced.estimated` says so."""
MAX_KNOWN: Final = 16
"""Devices that one line may see come and go."""
SEQUENCE_BITS: Final = 16

_Chunk: Any = thawed(Chunk)


class OwnDevice:
    """One line, or one topic, that speaks the protocol. Sans-IO: bytes and their arrival in, items out.

    `only`: the id it must have, on a pipe that anybody may write to; there, two senders are told apart. Its samples are taken from its first hello on.
    """

    def __init__(self, intake: Intake, only: str | None = None) -> None:
        self._intake = intake
        self._twins: dict[int, Twins] = {}
        self._only = only
        self._reader = Reader()
        self._is_joining = only is None  # a line is joined in the middle of a frame, a message is whole
        self._hello: f.Hello | None = None
        self._clock_bits = 0
        """Of the last hello."""
        self._streams: dict[int, Stream] = {}
        self._known: dict[str, dict[int, Stream]] = {}
        self._greeted_ns: dict[str, int] = {}
        self.awaits_hello = True
        self.acknowledged: set[int] = set()
        """Types of the requests that the device said yes to on this line."""
        self.declined: set[int] = set()
        """Types of those it said no to."""
        self.asked_rates: dict[int, int] = {}
        """Millihertz that the host wants of a stream: a hello that says them, once they are granted, breaks no word."""
        self.n_boots = 0
        """How often it was seen to begin anew: it knows nothing then of what it was asked."""

    @property
    def device(self) -> str:
        """Its id; empty before its hello."""
        return self._hello.device_id if self._hello else ""

    def feed(self, data: bytes, arrival_ns: int) -> list[Item]:
        """Return what the bytes completed."""
        items: list[Item] = []
        for result in self._reader.feed(data):
            if type(result) is f.Samples:
                self._samples(result, arrival_ns, items)
            elif isinstance(result, Run):
                self._run(result, arrival_ns, items)
            elif isinstance(result, f.Hello):
                self._greet(result, arrival_ns, items)
            elif not (self._is_joining and isinstance(result, Damaged)):
                self._other(result, arrival_ns)
            self._is_joining = False
        return items

    def streams(self) -> list[Stream]:
        """The streams it has now."""
        return list(self._streams.values())

    def rate_of(self, number: int) -> int:
        """Return what its last hello said of a stream's rate, in millihertz; 0: nothing."""
        described = self._hello.streams if self._hello else ()
        return next((stream.rate_millihz for stream in described if stream.stream == number), 0)

    def line_lost(self, now_ns: int) -> list[Item]:
        """The line is gone; who comes next must say hello. The streams stay known: the same device goes on with them."""
        self._reader, self._is_joining = Reader(), True
        self.awaits_hello, self._hello = True, None
        self.acknowledged.clear()
        self.declined.clear()
        self._intake.claims.release(self._intake.where)
        for stream in self._streams.values():
            stream.begins_anew()
        return self.close(now_ns)

    def close(self, now_ns: int) -> list[Item]:
        """Lose its streams; who it is is still known."""
        return [item for stream in self._streams.values() for item in stream.lost(now_ns)]

    # --- hello ----------------------------------------------------------------------------------------------------

    def _greet(self, hello: f.Hello, now_ns: int, items: list[Item]) -> None:
        if not self._is_welcome(hello, now_ns):
            return
        self._greeted_ns[hello.device_id] = now_ns
        if self._hello is not None and hello.clock_us < self._hello.clock_us:  # a clock that comes round costs one start too many
            self._begins_anew()
        self._hello, self._clock_bits, self.awaits_hello = hello, hello.clock_bits, False
        self._streams = self._known.setdefault(hello.device_id, {})
        for described in sorted(hello.streams, key=lambda stream: stream.kind != f.KIND_ECG):  # an ECG before the sound that belongs to it
            announced = self._announced(hello, described)
            if announced is None:
                continue
            stream = self._streams.get(described.stream)
            if stream is not None and self._was_asked_for(stream, announced, described):
                items += stream.lost(now_ns)
                stream = None
            if stream is None:
                self._streams[described.stream] = stream = Stream(announced)
                items.append(announced)
            stream.is_refused = self._breaks_its_word(stream, announced, described.stream)
            if stream.is_refused:
                items += stream.lost(now_ns)
            elif described.stream not in self._twins or not self._twins[described.stream].were_two:
                items += stream.opened(now_ns, self._intake.epoch)

    def _is_welcome(self, hello: f.Hello, now_ns: int) -> bool:
        name, intake = hello.device_id, self._intake
        if self._only is not None and name != self._only:
            intake.refuse("hello.device_id", repr(name), f"{self._only!r}, the device its topic names")
            return False
        if self._hello is not None and name != self._hello.device_id:
            intake.refuse("hello.device_id", repr(name), f"{self._hello.device_id!r}, who spoke on this line before")
            return False
        self._forget_long_gone(now_ns)
        if name not in self._known and len(self._known) == MAX_KNOWN:
            intake.refuse("hello.device_id", repr(name), f"one of the {MAX_KNOWN} that were heard on this line before")
            return False
        owner = intake.claims.claim(name, intake.where)
        if owner is not None:
            intake.refuse("hello.device_id", repr(name), f"free: {owner} has a device of that id")
        return owner is None

    def _forget_long_gone(self, now_ns: int) -> None:
        """Of who has not spoken here for a day nothing is kept; who speaks here now is heard, and stays."""
        for name in [name for name, at_ns in self._greeted_ns.items() if now_ns - at_ns >= FORGET_AFTER_NS and name != self.device]:
            del self._greeted_ns[name]
            del self._known[name]

    def _announced(self, hello: f.Hello, described: f.Stream) -> Announced | None:
        kind = KINDS.get(described.kind, OTHER)
        first = min(other.stream for other in hello.streams if KINDS.get(other.kind, OTHER) == kind)
        name = f"{hello.device_id}/{kind}" + ("" if described.stream == first else f"-{described.stream}")
        to_millivolt = 1000.0 if described.unit == f.UNIT_VOLT and kind != PCG else 1.0
        has_heart = any(other.kind == f.KIND_ECG for other in hello.streams)
        if kind == PCG and (described.stream != first or not has_heart):
            kind = OTHER
        try:
            facts = StreamFacts(
                name=name,
                rate_hz=described.rate_millihz / 1000,
                leads=_lead_names(described),
                mv_per_unit=described.scale_pico * PICO * to_millivolt or ASSUMED_MV_PER_COUNT,
                offset_units=float(described.zero),
                rails_units=(-float(1 << (described.bits - 1)), float((1 << (described.bits - 1)) - 1)),
                sequence_bits=SEQUENCE_BITS,
                device_clock_bits=_clock_bits(hello.clock_bits),
                sound_of=f"{hello.device_id}/{ECG}" if kind == PCG else "",
            )
        except ConfigError as error:
            self._intake.refuse_facts(error)
            return None
        return Announced(name, kind, facts, () if described.scale_pico else ("mv_per_unit",))

    def _was_asked_for(self, stream: Stream, announced: Announced, described: f.Stream) -> bool:
        """Tell whether nothing has changed but the rate, to the one that was asked for and granted."""
        was, says = stream.announced.facts, announced.facts
        is_granted = self.asked_rates.get(described.stream) == described.rate_millihz and f.SetRate.TYPE in self.acknowledged
        return is_granted and was != says and replace(was, rate_hz=says.rate_hz) == says

    def _breaks_its_word(self, stream: Stream, announced: Announced, number: int) -> bool:
        was, says = stream.announced.facts, announced.facts
        if was == says:
            return False
        changed = next(field.name for field in fields(StreamFacts) if getattr(was, field.name) != getattr(says, field.name))
        allowed = f"{getattr(was, changed)}, as when {stream.name} was first heard"
        self._intake.refuse(f"hello.streams[{number}].{changed}", getattr(says, changed), allowed)
        return True

    def _begins_anew(self) -> None:
        """Behind a converter from USB, or a broker, a device can restart and the line stays up: it is silent until it is asked again."""
        self.n_boots += 1
        for stream in self._streams.values():
            stream.begins_anew()
        self.acknowledged.clear()
        self.declined.clear()

    # --- samples --------------------------------------------------------------------------------------------------

    def _samples(self, frame: f.Samples, arrival_ns: int, items: list[Item]) -> None:
        stream = self._streams.get(frame.stream)
        if stream is None or self.awaits_hello or stream.is_refused:
            return
        if (frame.leads, frame.rate_millihz) != stream.promised:
            facts = stream.announced.facts
            self._intake.refuse(
                f"samples of {stream.name}",
                f"{frame.leads} leads at {frame.rate_millihz / 1000:g} Hz",
                f"{len(facts.leads)} at {facts.rate_hz:g} Hz, as its hello says",
            )
            items += stream.lost(arrival_ns)
            return
        if self._only is not None and self._has_twin(frame):
            self._intake.refuse(f"samples of {stream.name}", "counted twice over", "one device's: two send under this id")
            items += stream.lost(arrival_ns)
            return
        steady_us = self._steady_us(stream, frame.clock_us)
        if stream.is_old(frame.sequence, steady_us):
            self._intake.refuse(f"samples of {stream.name}", "sent again", NEW)
            return
        if not stream.is_open:
            items += stream.opened(arrival_ns, self._intake.epoch)
        if frame.dropped:
            items.append(SourceState(stream.name, SourceChange.DROPPED, arrival_ns, frame.dropped))
        if steady_us >= 0:
            stream.watch(steady_us, arrival_ns, self._intake)
        device_us = frame.clock_us if self._clock_bits == 32 else steady_us  # of 32 bits the engine follows itself
        chunk = _Chunk(stream.name, samples_of(frame), arrival_ns, frame.sequence, device_us, 0, 0, None)
        chunk.__class__ = Chunk
        items.append(chunk)

    def _run(self, run: Run, arrival_ns: int, items: list[Item]) -> None:
        """Take frames that follow each other as one chunk; where there is anything to say of one of them, one by one."""
        stream = self._streams.get(run.stream)
        if stream is None or len(run.table) == 1 or not self._is_plain(stream, run):
            for frame in run.frames():
                self._samples(frame, arrival_ns, items)
            return
        if run.dropped:
            items.append(SourceState(stream.name, SourceChange.DROPPED, arrival_ns, run.dropped))
        run.table[:, 3] = arrival_ns
        stream.goes_on(int(run.table[-1, 1]))
        self._put_device_us(stream, run, arrival_ns)
        _, sequence, device_us, _ = run.table[0].tolist()
        items.append(Chunk(stream.name, run.samples(), arrival_ns, sequence, device_us, frames=run.table))

    def _is_plain(self, stream: Stream, run: Run) -> bool:
        is_lawful = (run.leads, run.rate_millihz) == stream.promised
        if self.awaits_hello or stream.is_refused or not stream.is_open or not is_lawful:
            return False
        if stream.seems_old(int(run.table[0, 1]), self._steady_us(stream, int(run.table[0, 2]))):
            return False
        twins = self._twins.get(run.stream)
        return self._only is None or (twins is not None and twins.take_one_sender(run.table))

    def _put_device_us(self, stream: Stream, run: Run, arrival_ns: int) -> None:
        """As in `_samples`: within a run no clock comes round."""
        bits, clocks_us = self._clock_bits, run.table[:, 2]
        if bits < 32:
            clocks_us[:] = -1
            return
        first_us = int(clocks_us[0])
        wrapped_us = unwrapped(stream, first_us, bits) - first_us
        stream.watch_all(clocks_us + wrapped_us, arrival_ns, self._intake)
        if bits > 32 and wrapped_us:
            clocks_us += wrapped_us

    def _steady_us(self, stream: Stream, clock_us: int) -> int:
        """Return what a clock says that goes on where it comes round; -1: it comes round too often to say anything."""
        bits = self._clock_bits
        return -1 if bits < 32 else unwrapped(stream, clock_us, bits)

    def _has_twin(self, frame: f.Samples) -> bool:
        return self._twins.setdefault(frame.stream, Twins()).are_two(frame.sequence, frame.clock_us)

    # --- the rest -------------------------------------------------------------------------------------------------

    def _other(self, result: Result, arrival_ns: int) -> None:
        refuse = self._intake.refuse
        match result:
            case Damaged(why, len_bytes):
                refuse("frame", f"{len_bytes} bytes, damaged ({why})", "intact")
            case Overlong():
                refuse("frame", f"more than {f.MAX_SEGMENT} bytes", f"at most {f.MAX_SEGMENT} bytes between two delimiters")
            case Unknown(version, kind, _):
                refuse("frame", f"of version {version}, type {kind:#04x}", f"of version {f.VERSION} and a type it knows")
            case Refused(kind, _, detail):
                refuse(f"{f.FRAMES[kind].NAME} frame", f"broken ({detail})", "within the protocol's rules")
            case f.Ack(request_type=asked, status=status) if status != f.STATUS_DONE:
                self.declined.add(asked)
                refuse(f"answer to request {asked:#04x}", f"status {status}", f"{f.STATUS_DONE}, done")
            case f.Ack(request_type=asked):
                self.acknowledged.add(asked)
            case f.TimeReply():
                self._clock_answer(result, arrival_ns)
            case f.Clock(reason=f.CLOCK_RESTARTED):
                self._begins_anew()
                self._intake.tell(Said(self.device, result))
            case f.Battery() | f.Clock() | f.LeadOff():
                self._intake.tell(Said(self.device, result))
            case _:
                refuse("frame", f"{result.NAME}, a request", "what a device says")

    def _clock_answer(self, reply: f.TimeReply, arrival_ns: int) -> None:
        """The four-stamp exchange of NTP (RFC 5905): what the device took for its answer is no part of the way."""
        sent_ns = 1000 * reply.host_us
        away_ns = arrival_ns - sent_ns - 1000 * (reply.clock_us - reply.received_us)
        if away_ns < 0 or sent_ns > arrival_ns:
            self._intake.refuse("time_reply", f"a way of {away_ns} ns", "to a request of this host")
            return
        middle_us = (reply.received_us + reply.clock_us) // 2
        self._intake.tell(ClockAnswer(self.device, middle_us, (sent_ns + arrival_ns) // 2, away_ns // 2))


def _lead_names(described: f.Stream) -> tuple[str, ...]:
    names = tuple(MDC_LEADS.get(term, str(i + 1)) for i, term in enumerate(described.terms[: described.leads]))
    return names if len(set(names)) == len(names) else tuple(str(i + 1) for i in range(described.leads))


def _clock_bits(bits: int) -> int:
    """Say how the engine is to read it: a clock that wraps too often to be followed is not used."""
    if bits < 32:
        return 0
    return 32 if bits == 32 else 64
