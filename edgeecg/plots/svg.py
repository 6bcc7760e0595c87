"""Charts as SVG text, coloured by the page's style: no script, no library."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

import numpy as np

from edgeecg.plots.findings import Findings
from edgeecg.plots.tally import Stretch
from edgeecg.types import Morphology

WIDTH: Final = 960
LEFT: Final = 46
MOST_POINTS: Final = 1500
PX_PER_S, PX_PER_MV = 92.0, 36.8
"""A millimetre is 3.68 px: ten seconds fill the width."""
RHYTHM_CLASSES: Final = 6


def heart_rate(stretches: Sequence[Stretch], clock: Callable[[float], str]) -> str:
    """Draw the median heart rate of each stretch, in the band in which it lies."""
    known = [one for one in stretches if one.rate_low is not None and one.rate_high is not None]
    low = min((one.rate_low or 0 for one in known), default=40) - 5
    high = max((one.rate_high or 0 for one in known), default=120) + 5
    low, high = 10 * np.floor(low / 10), 10 * np.ceil(high / 10)
    height, x = 200, _across(stretches)
    body = [_level(y, f"{value:g}") for value, y in _levels(low, high, height)]
    for one in known:
        left, width = x(one.start_s), x(one.start_s + one.seconds) - x(one.start_s)
        top, middle, bottom = (_up(at or 0, low, high, height) for at in (one.rate_high, one.rate_median, one.rate_low))
        said = f"{clock(one.start_s)}: {one.rate_low:.0f} to {one.rate_high:.0f}, median {one.rate_median:.0f}/min"
        body.append(
            f'<rect class="band" x="{left + 1:.1f}" y="{top:.1f}" width="{width - 2:.1f}" height="{max(1, bottom - top):.1f}"><title>{said}</title></rect>'
        )
        body.append(f'<path class="line" d="M{left + 1:.1f} {middle:.1f}h{width - 2:.1f}"/>')
    return _svg(height + 20, [*body, *_times(stretches, clock, height)], "heart rate")


def bars(stretches: Sequence[Stretch], value: Callable[[Stretch], float], clock: Callable[[float], str], unit: str) -> str:
    """Draw one number a stretch as bars."""
    height, x = 90, _across(stretches)
    most = max([1e-9, *map(value, stretches)])
    body = [_level(8, f"{most:.3g}"), _level(height, "0")]
    for one in stretches:
        left, width, tall = x(one.start_s), x(one.start_s + one.seconds) - x(one.start_s), value(one) / most * (height - 8)
        said = f"{clock(one.start_s)}: {value(one):.3g} {unit}"
        body.append(
            f'<rect class="bar" x="{left + 1:.1f}" y="{height - tall:.1f}" width="{width - 2:.1f}" height="{tall:.1f}"><title>{said}</title></rect>'
        )
    return _svg(height + 20, [*body, *_times(stretches, clock, height)], unit)


def rhythm(stretches: Sequence[Stretch], labels: Sequence[str], clock: Callable[[float], str]) -> str:
    """Draw what share of each stretch each rhythm had."""
    height, x = 90, _across(stretches)
    body = [_level(8, "100 %"), _level(height, "0")]
    for one in stretches:
        left, width, at = x(one.start_s), x(one.start_s + one.seconds) - x(one.start_s), float(height)
        for i, label in enumerate(labels):
            tall = one.rhythms.get(label, 0.0) * (height - 8)
            at -= tall
            said = f"{clock(one.start_s)}: {escape(label)} {one.rhythms.get(label, 0.0):.0%}"
            body.append(
                f'<rect class="r{i % RHYTHM_CLASSES}" x="{left + 1:.1f}" y="{at:.1f}" width="{width - 2:.1f}" height="{tall:.1f}"><title>{said}</title></rect>'
            )
    return _svg(height + 20, [*body, *_times(stretches, clock, height)], "rhythm")


def strip(findings: Findings) -> str:
    """Draw some seconds of ECG on its paper, with the beats' kinds."""
    rate_hz, samples = findings.rate_hz, findings.samples_mv
    known = samples[np.isfinite(samples)]
    middle = float(np.median(known)) if len(known) else 0.0
    top_mv = min(4.0, max(1.2, float(np.percentile(known, 99.9)) - middle + 0.6)) if len(known) else 1.5
    low_mv = max(-3.0, min(-0.7, float(np.percentile(known, 0.1)) - middle - 0.2)) if len(known) else -1.0
    width, height = len(samples) / rate_hz * PX_PER_S, (top_mv - low_mv) * PX_PER_MV
    step = max(1, len(samples) // MOST_POINTS)
    points, is_down = [], False
    for i in range(0, len(samples), step):
        piece = samples[i : i + step] - middle
        if not np.all(np.isfinite(piece)):
            is_down = False
            continue
        extreme = float(piece[np.argmax(np.abs(piece))])
        points.append(f"{'L' if is_down else 'M'}{i / rate_hz * PX_PER_S:.1f} {(top_mv - extreme) * PX_PER_MV:.1f}")
        is_down = True
    marks = "".join(_mark(beat.morphology, (beat.sample - findings.start_sample) / rate_hz * PX_PER_S) for beat in findings.beats)
    paper = (
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/><rect fill="url(#mm)" width="{width:.0f}" height="{height:.0f}"/>'
    )
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="ECG">{paper}<path class="trace" d="{"".join(points)}"/>{marks}</svg>'


PATTERN: Final = (
    '<svg width="0" height="0" aria-hidden="true"><defs>'
    '<pattern id="mm" width="18.4" height="18.4" patternUnits="userSpaceOnUse">'
    '<path class="grid" d="M3.68 0v18.4M7.36 0v18.4M11.04 0v18.4M14.72 0v18.4M0 3.68h18.4M0 7.36h18.4M0 11.04h18.4M0 14.72h18.4"/>'
    '<path class="grid5" d="M0 0v18.4M0 0h18.4"/></pattern></defs></svg>'
)
"""Paper: squares of one and of five millimetres, once a page."""


def _mark(morphology: Morphology, x: float) -> str:
    letter = {Morphology.NORMAL: "N", Morphology.WIDE: "V"}.get(morphology, "?")
    return f'<text class="{letter if letter == "V" else "N"}" x="{x:.1f}" y="11">{letter}</text>'


def _across(stretches: Sequence[Stretch]) -> Callable[[float], float]:
    total = stretches[-1].start_s + stretches[-1].seconds
    return lambda at_s: LEFT + at_s / total * (WIDTH - LEFT)


def _up(value: float, low: float, high: float, height: float) -> float:
    return float(8 + (high - value) / (high - low) * (height - 8))


def _levels(low: float, high: float, height: float) -> list[tuple[float, float]]:
    step = next(step for step in (10, 20, 50, 100) if (high - low) / step <= 6)
    return [(float(value), _up(float(value), low, high, height)) for value in np.arange(low, high + 1, step)]


def _level(y: float, text: str) -> str:
    return f'<path class="rule" d="M{LEFT} {y:.1f}H{WIDTH}"/><text class="axis" x="{LEFT - 6}" y="{y + 4:.1f}">{text}</text>'


def _times(stretches: Sequence[Stretch], clock: Callable[[float], str], height: float) -> list[str]:
    x, every = _across(stretches), max(1, round(len(stretches) / 12))
    return [f'<text class="time" x="{x(one.start_s):.1f}" y="{height + 16}">{clock(one.start_s)}</text>' for one in stretches[::every]]


def _svg(height: float, body: Sequence[str], what: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(what)}">{"".join(body)}</svg>'
