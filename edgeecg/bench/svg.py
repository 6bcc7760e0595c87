"""Plots as inline SVG: no script, no font, nothing fetched."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 44
NAMED = 17
"""Height of a line's name, below where there is more than one."""
COLOURS = ("#0b6e99", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#555555", "#17a589", "#884ea0")

Line = Sequence[tuple[float, float]]


def plot(lines: Mapping[str, Line], *, x_label: str, y_label: str, title: str) -> str:
    """Draw lines on logarithmic axes; what is not above 0 is left out."""
    kept = {name: [(x, y) for x, y in line if x > 0 and y > 0] for name, line in lines.items()}
    kept = {name: line for name, line in kept.items() if line}
    if not kept:
        return ""
    points = [point for line in kept.values() for point in line]
    across = _Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = _Axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    height = HEIGHT + 4 + NAMED * len(kept) if len(kept) > 1 else HEIGHT
    drawn = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">', f"<title>{escape(title)}</title>"]
    drawn += [
        f'<line class="grid" x1="{across.at(x):.1f}" y1="{TOP}" x2="{across.at(x):.1f}" y2="{HEIGHT - BOTTOM}"/>' for x in across.ticks
    ]
    drawn += [f'<line class="grid" x1="{LEFT}" y1="{up.at(y):.1f}" x2="{WIDTH - RIGHT}" y2="{up.at(y):.1f}"/>' for y in up.ticks]
    drawn += [_text(across.at(x), HEIGHT - BOTTOM + 16, f"{x:g}", "middle") for x in across.ticks]
    drawn += [_text(LEFT - 6, up.at(y) + 4, f"{y:g}", "end") for y in up.ticks]
    drawn += [_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, "middle"), _text(4, 12, y_label, "start")]
    for number, (name, line) in enumerate(kept.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in line)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{across.at(x):.1f}" cy="{up.at(y):.1f}" r="2.5" fill="{colour}"/>' for x, y in line if len(line) < 20]
        if len(kept) > 1:
            drawn.append(f'<text x="{LEFT}" y="{HEIGHT + 12 + NAMED * number}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*drawn, "</svg>"])


class _Axis:
    """A logarithmic axis, with room for what is on it."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        room = max(0.05 * (high - low), 0.1)
        self._low, self._span = low - room, high - low + 2 * room
        self._begin, self._end = begin, end
        decades = range(math.floor(self._low), math.ceil(self._low + self._span) + 1)
        steps = (1, 1.5, 2, 3, 5, 7) if self._span < 0.8 else (1, 2, 5) if self._span < 3 else (1,)
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        self.ticks = [tick for tick in ticks if self._low <= math.log10(tick) <= self._low + self._span]

    def at(self, value: float) -> float:
        """Return where a value lies."""
        return self._begin + (self._end - self._begin) * (math.log10(value) - self._low) / self._span


def _text(x: float, y: float, said: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'
