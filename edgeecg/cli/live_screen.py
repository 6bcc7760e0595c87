"""The ward as a terminal shows it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from edgeecg.io.sinks.console import printable
from edgeecg.live.ward import Bed, Ward, is_over

STYLES = {"high": "bold white on red", "medium": "bold yellow", "low": "cyan", "technical": "dim"}
MARKS = {"high": "!!!", "medium": "!!", "low": "!", "technical": "-"}
TRACE_COLUMNS = 40
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""A braille sign is two dots wide and four high."""
MOST_ALERTS = 12
WIDEST = {"stream": 24, "state": 28}
"""A long name leaves room for what is the matter."""
SILENT_S = 4.0
"""The daemon says something every second."""


def screen(ward: Ward, foot: str) -> RenderableType:
    """Return all of it."""
    parts: list[RenderableType] = [_head(ward), _beds(ward)]
    if ward.alerts:
        parts.append(_alerts(ward))
    if ward.told:
        parts.append(Text(ward.told))
    return Group(*parts, Text(foot, style="dim"))


def _head(ward: Ward) -> Text:
    head = Text.assemble(("edgeecg ", "bold"), ward.device)
    if ward.speed != 1:
        head.append(f"  rehearsal, {ward.speed:g} times as fast", style="yellow")
    latency = ward.latency_ms()
    if latency is not None:
        head.append(f"   arrival to decision {latency[0]:.1f} ms, 99 % {latency[1]:.1f} ms", style="dim")
    if ward.silent_s > SILENT_S:
        return head.append(f"   nothing heard for {ward.silent_s:.0f} s: what is shown was then", style=STYLES["high"])
    head.append(f"   {'; '.join(ward.troubles)}" if ward.troubles else "   all well", style="yellow" if ward.troubles else "green")
    return head


def _beds(ward: Ward) -> Table:
    table = Table(expand=True, box=None, padding=(0, 1))
    for name in ("stream", "/min", "rhythm", "quality", "R-S1", "delay", ""):
        right = name in {"/min", "delay", "R-S1"}
        table.add_column(name, no_wrap=True, justify="right" if right else "left", max_width=WIDEST.get(name))
    for bed in sorted(ward.beds.values(), key=lambda bed: bed.name):
        rate = Text(f"{bed.heart_rate:.0f}" if bed.heart_rate > 0 else "--", style="bold")
        delay = f"{bed.delay_ms:.0f}" if bed.delay_ms > 0 else ""
        table.add_row(
            _plain(bed.name),
            rate,
            _plain(bed.rhythm),
            _quality(bed),
            delay,
            f"{bed.behind_s * 1000:.0f} ms",
            Text(braille(bed.trace()), style="green"),
        )
    return table


def _quality(bed: Bed) -> Text:
    if bed.trouble:
        return Text(bed.trouble, style="black on yellow")
    if bed.quality < 0:
        return Text("--")
    bars = "▮" * round(bed.quality * 5)
    return Text(f"{bars:5} {'' if bed.is_good else bed.reason}", style="green" if bed.is_good else "yellow")


def _alerts(ward: Ward) -> Table:
    table = Table(expand=True, box=None, padding=(0, 1), title="alerts", title_justify="left")
    for name in ("", "", "stream", "alert", "state"):
        table.add_column(name, no_wrap=name != "alert", overflow="fold" if name == "alert" else "ellipsis", max_width=WIDEST.get(name))
    for alert in ward.rows()[:MOST_ALERTS]:
        style = "dim" if is_over(alert) else STYLES[alert["priority"]]
        number = str(ward.numbers[alert["alert_id"]])
        whose, text = _plain(alert["stream"] or ward.device), _plain(alert["text"])
        table.add_row(number, MARKS[alert["priority"]], whose, text, _plain(_state(alert)), style=style)
    return table


def _plain(text: str) -> Text:
    """What others call things is no markup, and no word to the terminal."""
    return Text(printable(text))


def _state(alert: dict[str, Any]) -> str:
    seen = f"seen by {alert['acknowledged_by']}" if alert["acknowledged_by"] else ""
    if is_over(alert):
        return f"over{', ' * bool(seen)}{seen}"
    return seen or ("over, unseen" if alert["latched"] and alert["state"] == "cleared" else "on")


def braille(trace: NDArray[np.float32], columns: int = TRACE_COLUMNS) -> str:
    """Draw a trace on one line: in each half of a sign, dots from the lowest sample there to the highest."""
    values = trace[np.isfinite(trace)]
    if len(values) < 2 * columns:
        return ""
    low, span = float(values.min()), max(0.2, float(np.ptp(values)))
    halves = [((part.min() - low) / span, (part.max() - low) / span) for part in np.array_split(values, 2 * columns)]
    signs = [0x2800] * columns
    for i, (bottom, top) in enumerate(halves):
        for level in range(round(3 * bottom), round(3 * top) + 1):
            signs[i // 2] |= DOTS[i % 2][3 - level]
    return "".join(map(chr, signs))
