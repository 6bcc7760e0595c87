"""A device that speaks its maker's format: it says neither who it is nor, mostly, how fast; that is told by settings or learned."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import ConfigError
from edgeecg.facts import MAX_LEADS, StreamFacts
from edgeecg.io.sources import estimate
from edgeecg.io.sources.formats import format_of
from edgeecg.io.sources.intake import Intake, Stream
from edgeecg.io.sources.items import ECG, Announced, Item
from edgeecg.types import Chunk
from edgeecg_wire.adapters import ADAPTERS, Block

LEARN_S: Final = 5.0
"""How long is listened before rate and scale are believed; what was heard meanwhile is delivered then."""
MAX_LEARNED: Final = 65536
"""Values kept while listening."""
NARROWEST_COUNTER: Final = 256
"""What the engine can follow; a narrower counter is widened here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """What settings say of such a device; None: it is learned."""

    stream: str
    format: str
    rate_hz: float | None = None
    mv_per_unit: float | None = None
    offset_units: float = 0.0
    leads: tuple[str, ...] = ()
    """Names of its values, in their order; values beyond the names are not taken."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Instants that came together, with the device's stamps of the first."""

    values: NDArray[Any]
    arrival_ns: int
    sequence: int
    device_us: int


class ForeignDevice:
    """One line in a maker's format. Sans-IO."""

    def __init__(self, intake: Intake, foreign: Foreign) -> None:
        self._intake = intake
        self._foreign = foreign
        self._format = format_of(foreign.format)
        self._adapter = ADAPTERS[foreign.format]()
        self._leads = self._lead_names()
        self._stream: Stream | None = None
        self._learning: list[_Piece] = []
        self._is_refused = False
        self._counted = 0
        self._last_counter = -1
        self._counted_ns = 0

    @property
    def integrity(self) -> str:
        """The check its frames carry, or `none`."""
        return self._adapter.integrity

    @property
    def len_skipped(self) -> int:
        """Bytes that were no frame."""
        return self._adapter.len_skipped

    @property
    def announced(self) -> Announced | None:
        """What is known of it, once it is."""
        return self._stream.announced if self._stream else None

    def feed(self, data: bytes, arrival_ns: int) -> list[Item]:
        """Return what the bytes completed, or all that was heard so far once enough is known."""
        blocks = []
        for reading in self._adapter.feed(data):
            if isinstance(reading, Block):
                blocks.append(reading)
            else:
                self._intake.refuse(f"{self._foreign.format} frames", f"{reading.len_bytes} bytes between them", "no bytes between them")
        pieces = self._pieces(blocks, arrival_ns)
        if self._is_refused:
            return []
        if self._stream is not None:
            return self._delivered(self._stream, pieces)
        self._learning += pieces
        return self._begin(arrival_ns) if self._has_learned() else []

    def line_lost(self, now_ns: int) -> list[Item]:
        """The line is gone; what was learned is kept, a listening that was not finished is not."""
        self._adapter = ADAPTERS[self._foreign.format]()
        self._learning = []
        self._last_counter = -1
        return self._stream.lost(now_ns) if self._stream else []

    # --- blocks to pieces -----------------------------------------------------------------------------------------

    def _lead_names(self) -> tuple[str, ...]:
        most = min(MAX_LEADS, self._format.ecg_leads or MAX_LEADS, self._adapter.leads)
        return self._foreign.leads[:most] or tuple(str(i + 1) for i in range(most))

    def _pieces(self, blocks: list[Block], arrival_ns: int) -> list[_Piece]:
        """Stamped blocks stay frames of their own; the others of one read are one."""
        stamped = self._adapter.counter_modulus is not None or any(block.clock_us is not None for block in blocks)
        groups = [[block] for block in blocks] if stamped else [blocks]
        return [self._piece(group, arrival_ns) for group in groups if group]

    def _piece(self, blocks: list[Block], arrival_ns: int) -> _Piece:
        nothing = (np.nan,) * self._adapter.leads  # leads off: the instant was, its value was not
        rows = [row for block in blocks for row in ((nothing,) if block.leads_off else block.instants)]
        values = np.array(rows, np.float64)[:, : len(self._leads)]
        clock_us = blocks[0].clock_us
        sequence = self._sequence(blocks[0].counter, arrival_ns)
        return _Piece(values[:, 0] if len(self._leads) == 1 else values, arrival_ns, sequence, -1 if clock_us is None else max(0, clock_us))

    def _sequence(self, counter: int | None, arrival_ns: int) -> int:
        modulus = self._adapter.counter_modulus
        if counter is None or modulus is None:
            return -1
        if modulus >= NARROWEST_COUNTER:
            return counter
        ahead = 0
        if self._last_counter >= 0:
            ahead = (counter - self._last_counter) % modulus or modulus
            ahead += modulus * self._rounds(arrival_ns, ahead, modulus)
        self._counted = (self._counted + ahead) % (1 << 16)
        self._last_counter, self._counted_ns = counter, arrival_ns
        return self._counted

    def _rounds(self, arrival_ns: int, ahead: int, modulus: int) -> int:
        """How often a narrow counter went all the way round unseen: arrival says, as far as it is known how fast it counts."""
        if self._stream is None:
            return 0
        elapsed = (arrival_ns - self._counted_ns) * 1e-9 * self._stream.announced.facts.rate_hz
        return max(0, round((elapsed - ahead) / modulus)) if elapsed > 4 * modulus else 0

    # --- learning -------------------------------------------------------------------------------------------------

    def _rate_hz(self) -> float | None:
        known = self._adapter.rate_hz if self._format.knows_rate else None
        return self._foreign.rate_hz or known

    def _mv_per_unit(self) -> float | None:
        return self._foreign.mv_per_unit or self._format.mv_per_unit

    def _has_learned(self) -> bool:
        if not self._learning:
            return False
        if self._rate_hz() is not None and self._mv_per_unit() is not None:
            return True
        heard_s = (self._learning[-1].arrival_ns - self._learning[0].arrival_ns) / 1e9
        return heard_s >= LEARN_S or sum(piece.values.size for piece in self._learning) >= MAX_LEARNED

    def _begin(self, now_ns: int) -> list[Item]:
        heard, self._learning = self._learning, []
        try:
            announced = self._described(heard)
        except ConfigError as error:
            self._is_refused = True
            self._intake.refuse_facts(error)
            return []
        owner = self._intake.claims.claim(announced.stream, self._intake.where)
        if owner is not None:
            self._is_refused = True
            self._intake.refuse("stream", repr(announced.stream), f"free: {owner} has a stream of that name")
            return []
        self._stream = Stream(announced)
        return [announced, *self._stream.opened(now_ns, self._intake.epoch), *self._delivered(self._stream, heard)]

    def _described(self, heard: list[_Piece]) -> Announced:
        estimated = []
        rate_hz, mv_per_unit, offset_units = self._rate_hz(), self._mv_per_unit(), self._foreign.offset_units
        if rate_hz is None:
            estimated.append("rate_hz")
            rate_hz = _learned_rate_hz(heard)
        if mv_per_unit is None:
            estimated.append("mv_per_unit")
            first_lead = np.concatenate([piece.values.reshape(len(piece.values), -1)[:, 0] for piece in heard])
            mv_per_unit, offset_units = estimate.scale(first_lead, max(1.0, rate_hz))
        numbered, timed = heard[0].sequence >= 0, heard[0].device_us >= 0
        modulus = self._adapter.counter_modulus or 0
        facts = StreamFacts(
            name=self._foreign.stream,
            rate_hz=rate_hz,
            leads=self._leads,
            mv_per_unit=mv_per_unit,
            offset_units=offset_units,
            sequence_bits=(8 if modulus == NARROWEST_COUNTER else 16) if numbered else 0,
            device_clock_bits=64 if timed else 0,
            frame_len=1 if numbered else 0,
        )
        return Announced(facts.name, ECG, facts, tuple(estimated))

    def _delivered(self, stream: Stream, pieces: list[_Piece]) -> list[Item]:
        items = stream.opened(pieces[0].arrival_ns, self._intake.epoch) if pieces else []
        for piece in pieces:
            if piece.device_us >= 0:
                stream.watch(piece.device_us, piece.arrival_ns, self._intake)
            items.append(Chunk(stream.name, piece.values, piece.arrival_ns, piece.sequence, piece.device_us))
        return items


def _learned_rate_hz(heard: list[_Piece]) -> float:
    """By the device's own times where it has them, else by arrival: samples that came together count when they were all there."""
    counts = np.cumsum([len(piece.values) for piece in heard]).tolist()
    if heard[0].device_us >= 0:
        return estimate.usual_rate_hz(estimate.slope_hz([piece.device_us / 1e6 for piece in heard], counts))
    return estimate.usual_rate_hz(estimate.slope_hz([piece.arrival_ns / 1e9 for piece in heard], counts))
