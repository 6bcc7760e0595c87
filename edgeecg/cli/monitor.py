"""Events as a person reads them: a line of marks as they come, and a summary at the end."""

from collections import Counter
from collections.abc import Iterable
from typing import TextIO

import numpy as np

from edgeecg.io.sinks.console import MARKS as GRAVITY
from edgeecg.io.sinks.console import printable
from edgeecg.types import Alert, AlertState, Beat, Event, Gap, Morphology, Quality, Refused, SignalState, Vitals

MARKS = {Morphology.NORMAL: "|", Morphology.WIDE: "V", Morphology.UNKNOWN: "?"}
COLUMNS_PER_S = 10
COLUMNS_PER_LINE = 60
LEGEND = "A column is 0.1 s; a beat stands where it became known: | normal, V wide, ? not told apart, x samples missing."
TROUBLES = ("lead_off", "saturated", "flat", "invalid")


def clock(seconds: float) -> str:
    """Write a time as a recorder's display does."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Monitor:
    """One lead's beats as lines of marks, six seconds each, with the heart rate and what is wrong at its end; under each the alerts of it."""

    def __init__(self, screen: TextIO, *, rate_hz: float) -> None:
        self._screen = screen
        self._rate_hz = rate_hz
        self._column = 0
        self._marks = ""
        self._heart_rate = self._doubt = self._troubles = ""
        self._alerts: list[str] = []

    def show(self, events: Iterable[Event], *, now_sample: int) -> None:
        """Draw what has become known, then the time that has passed."""
        self._marks += "".join(self._mark(event) for event in events)
        while self._column < int(now_sample / self._rate_hz * COLUMNS_PER_S):
            self._draw(self._marks[:1] or ".")
            self._marks = self._marks[1:]  # two in one column push the second on
        self._screen.flush()

    def close(self) -> None:
        """End the last line."""
        self._screen.write("\n" if self._column % COLUMNS_PER_LINE else "")
        self._tell()

    def _mark(self, event: Event) -> str:
        match event:
            case Beat():
                return MARKS[event.morphology]
            case Gap():
                return "x"
            case Vitals():
                self._heart_rate = _rate_text(event.heart_rate)
            case Quality():
                self._doubt = "" if event.good else event.reason.name.lower().replace("_", " ")
            case SignalState():
                self._troubles = ", ".join(name.replace("_", " ") for name in TROUBLES if getattr(event, name))
            case Alert(state=AlertState.RAISED | AlertState.CLEARED):
                gravity = GRAVITY[event.priority] if event.state == AlertState.RAISED else ""
                self._alerts.append(f"{clock(event.reported_at / self._rate_hz):>5} {gravity:>4} {printable(event.text)}\n")
        return ""

    def _tell(self) -> None:
        self._screen.write("".join(self._alerts))
        self._alerts.clear()

    def _draw(self, mark: str) -> None:
        if self._column % COLUMNS_PER_LINE == 0:
            self._screen.write(f"{clock(self._column / COLUMNS_PER_S):>5}  ")
        self._screen.write(mark)
        self._column += 1
        if self._column % COLUMNS_PER_LINE == 0:
            self._screen.write(f"  {self._heart_rate:>3}/min  {self._troubles or self._doubt}".rstrip() + "\n")
            self._tell()


def _rate_text(heart_rate: float) -> str:
    return f"{heart_rate:.0f}" if heart_rate > 0 else "--"


class Summary:
    """What a run found, counted as it comes."""

    def __init__(self, *, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self.beats: list[Beat] = []
        self._heart_rates: list[float] = []
        self._good: list[bool] = []
        self._gaps: list[Gap] = []
        self._alerts: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def add(self, events: Iterable[Event]) -> None:
        """Count what has become known."""
        for event in events:
            match event:
                case Beat():
                    self.beats.append(event)
                case Vitals() if event.heart_rate > 0:
                    self._heart_rates.append(event.heart_rate)
                case Quality():
                    self._good.append(event.good)
                case Gap():
                    self._gaps.append(event)
                case Alert(state=AlertState.RAISED):
                    self._alerts[event.rule] += 1
                case Refused():
                    self._refused[event.reason.name.lower().replace("_", " ")] += 1

    def lines(self) -> list[str]:
        """Say it, a line a thing."""
        shapes = Counter(beat.morphology.name.lower() for beat in self.beats)
        lines = [f"beats        {len(self.beats)}" + "".join(f", {count} {shape}" for shape, count in shapes.most_common())]
        if self.beats:
            delays_ms = [(beat.reported_at - beat.sample) / self._rate_hz * 1000 for beat in self.beats]
            median, late, last = np.percentile(delays_ms, [50, 95, 100])
            lines.append(f"known after  {median:.0f} ms (median), 95 % within {late:.0f} ms, all within {last:.0f} ms")
        if self._heart_rates:
            median, low, high = np.percentile(self._heart_rates, [50, 0, 100])
            lines.append(f"heart rate   {median:.0f}/min (median), from {low:.0f} to {high:.0f}, known in {len(self._heart_rates)} seconds")
        if self._good:
            lines.append(f"quality      good in {sum(self._good)} of {len(self._good)} seconds")
        if self._gaps:
            lines.append(f"missing      {sum(gap.len_samples for gap in self._gaps)} samples in {len(self._gaps)} gaps")
        lines.append(f"alerts       {', '.join(f'{count} {rule}' for rule, count in self._alerts.most_common()) or 'none'}")
        return lines + [f"refused      {count} records: {reason}" for reason, count in self._refused.items()]
