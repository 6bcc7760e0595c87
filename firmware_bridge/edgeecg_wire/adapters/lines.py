"""Sketches that print: one whole number a line, `!` for leads off; or a time and a number, or a number and a microphone's. No check at all."""

import re
from typing import ClassVar

from edgeecg_wire.adapters.base import Block, Reading, Skipped

MAX_LINE = 64
LEADS_OFF = b"!"
COLUMNS = {"ecg": ("ecg",), "ts,ecg": ("ts", "ecg"), "ecg,pcg": ("ecg", "pcg")}

_NUMBER = re.compile(rb"-?[0-9]{1,10}")


class Lines:
    """Lines of the named columns. `time_unit_us`: what one step of `ts` is; 1000 for millis(), 1 for micros()."""

    __slots__ = ("_columns", "_held", "_skipping", "_time_unit_us", "leads", "len_skipped", "rate_hz")

    counter_modulus = None
    integrity: ClassVar[str] = "none"

    def __init__(self, columns: str = "ecg", time_unit_us: int = 1000) -> None:
        self._columns = COLUMNS[columns]
        self._time_unit_us = time_unit_us
        self._held = b""
        self._skipping = False
        self.leads = len(self._columns) - ("ts" in self._columns)
        self.rate_hz: float | None = None
        self.len_skipped = 0

    def feed(self, data: bytes) -> list[Reading]:
        """Return what the bytes completed, in order."""
        *lines, tail = (self._held + data).split(b"\n")
        readings = [reading for line in lines for reading in self._line(line)]
        if len(tail) > MAX_LINE:
            if not self._skipping:
                readings.append(self._skip(MAX_LINE + 1))
            self._skipping, tail = True, b""
        self._held = tail
        return readings

    def _line(self, line: bytes) -> list[Reading]:
        if self._skipping:  # the rest of a line already told as skipped
            self._skipping = False
            return []
        text = line.strip(b" \t\r")
        if len(line) > MAX_LINE:
            return [self._skip(MAX_LINE + 1)]
        if not text:
            return []
        return [self._read(text) or self._skip(len(line) + 1)]

    def _skip(self, len_bytes: int) -> Skipped:
        self.len_skipped += len_bytes
        return Skipped(len_bytes)

    def _read(self, text: bytes) -> Block | None:
        if text == LEADS_OFF:
            return Block((), leads_off=True)
        fields = [field.strip() for field in text.split(b",")]
        if len(fields) != len(self._columns) or not all(_NUMBER.fullmatch(field) for field in fields):
            return None
        numbers = [int(field) for field in fields]
        if self._columns[0] == "ts":
            return Block(((numbers[1],),), clock_us=numbers[0] * self._time_unit_us)
        return Block((tuple(numbers),))
