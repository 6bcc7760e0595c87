"""Events as a person reads them: a line of marks as they come, and a summary at the end."""

from collections import Counter
from collections.abc import Iterable
from typing import TextIO

import numpy as np

from edgeecg.types import Beat, Event, Gap, Morphology, Quality, Refused, Vitals

MARKS = {Morphology.NORMAL: "|", Morphology.WIDE: "V", Morphology.UNKNOWN: "?"}
COLUMNS_PER_S = 10
COLUMNS_PER_LINE = 60
LEGEND = "a column is 0.1 s, a beat stands where it became known: | normal, V wide, ? not yet told apart, x a gap"


def clock(seconds: float) -> str:
    """Write a time as a recorder's display does."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Monitor:
    """One lead's beats as a line of marks a few seconds long, with heart rate and quality at its end."""

    def __init__(self, screen: TextIO, *, rate_hz: float) -> None:
        self._screen = screen
        self._rate_hz = rate_hz
        self._column = 0
        self._marks = ""
        self._heart_rate = "--"
        self._quality = "--"

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

    def _mark(self, event: Event) -> str:
        match event:
            case Beat():
                return MARKS[event.morphology]
            case Gap():
                return "x"
            case Vitals() if event.heart_rate > 0:
                self._heart_rate = f"{event.heart_rate:.0f}"
            case Quality():
                self._quality = f"{event.index:.2f}"
            case _:
                pass
        return ""

    def _draw(self, mark: str) -> None:
        if self._column % COLUMNS_PER_LINE == 0:
            self._screen.write(f"{clock(self._column / COLUMNS_PER_S):>5}  ")
        self._screen.write(mark)
        self._column += 1
        if self._column % COLUMNS_PER_LINE == 0:
            self._screen.write(f"  {self._heart_rate:>3}/min  quality {self._quality}\n")


class Summary:
    """What a run found, counted as it comes."""

    def __init__(self, *, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self.beats: list[Beat] = []
        self._heart_rates: list[float] = []
        self._good_seconds: list[bool] = []
        self._gaps = 0
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
                    self._good_seconds.append(event.good)
                case Gap():
                    self._gaps += 1
                case Refused():
                    self._refused[event.reason.name.lower().replace("_", " ")] += 1
                case _:
                    pass

    def lines(self) -> list[str]:
        """Say it, a line a thing."""
        shapes = Counter(beat.morphology.name.lower() for beat in self.beats)
        lines = [f"beats        {len(self.beats)}: " + ", ".join(f"{count} {shape}" for shape, count in shapes.most_common())]
        if self.beats:
            delays_ms = [(beat.reported_at - beat.sample) / self._rate_hz * 1000 for beat in self.beats]
            median, late, worst = np.percentile(delays_ms, [50, 95, 100])
            lines.append(f"known after  {median:.0f} ms of signal (median), 95 % within {late:.0f} ms, all within {worst:.0f} ms")
        if self._heart_rates:
            low, median, high = np.percentile(self._heart_rates, [0, 50, 100])
            lines.append(f"heart rate   {median:.0f}/min (median), {low:.0f} to {high:.0f}")
        if self._good_seconds:
            lines.append(f"quality      good in {np.mean(self._good_seconds):.0%} of the seconds")
        if self._gaps:
            lines.append(f"gaps         {self._gaps}")
        lines += [f"refused      {count} records: {reason}" for reason, count in self._refused.items()]
        return lines
