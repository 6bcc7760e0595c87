"""ECG paper in true millimetres: 25 mm/s, 10 mm/mV, a row of ten seconds under the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edgeecg.errors import InputError
from edgeecg.plots.findings import Findings
from edgeecg.types import Beat, Morphology, SoundKind

MM_PER_S: Final = 25.0
MM_PER_MV: Final = 10.0
ROW_S: Final = 10.0
LEFT_MM, RIGHT_MM, TOP_MM, BETWEEN_MM = 12.0, 6.0, 22.0, 9.0
LEAST_ROW_MM, MOST_ROW_MM = 30.0, 70.0
SOUND_ROW_MM: Final = 14.0
MOST_S: Final = 120.0
SUFFIXES: Final = (".png", ".svg", ".pdf")
INK, SOFT, GRID, GRID_STRONG, PAPER = "#10202b", "#566874", "#f9dcdc", "#efb7b7", "#fffafa"
WIDE, LOOK, SOUND, S1, S2, ALERT = "#a75a00", "#e69f00", "#1f5fa8", "#0072b2", "#a3417c", "#c8320f"
LABELS: Final = {Morphology.NORMAL: "N", Morphology.WIDE: "V", Morphology.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True)
class Row:
    """Where a row lies, in samples of the lead."""

    start: int
    stop: int


def draw(findings: Findings, path: Path) -> None:
    """Draw a strip into a .png, .svg or .pdf."""
    check_target(path)
    if findings.seconds > MOST_S:
        raise InputError(
            "a strip", f"{findings.seconds:.0f} s", f"at most {MOST_S:g} s: --from and --seconds cut, `edgeecg report` takes it whole"
        )
    figure = strip(findings)
    try:
        figure.savefig(path, dpi=150, facecolor="white", metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise InputError(str(path), error.strerror, "a file that can be written") from error


def check_target(path: Path) -> None:
    """Refuse what cannot be drawn before anything is read."""
    if path.suffix not in SUFFIXES:
        raise InputError("--to", repr(str(path)), f"a path that ends in one of {', '.join(SUFFIXES)}")


def strip(findings: Findings) -> Figure:
    """Draw it."""
    low, high = _range_mv(findings.samples_mv)
    row_mm = (high - low) * MM_PER_MV
    sound_mm = SOUND_ROW_MM if findings.sound is not None else 0.0
    per_row = round(ROW_S * findings.rate_hz)
    starts = range(0, max(1, len(findings.samples_mv)), per_row)
    height_mm = TOP_MM + len(starts) * (row_mm + sound_mm + BETWEEN_MM)
    width_mm = LEFT_MM + ROW_S * MM_PER_S + RIGHT_MM
    figure = Figure(figsize=(width_mm / 25.4, height_mm / 25.4))
    _head(figure, findings, height_mm)
    for i, start in enumerate(starts):
        bottom_mm = height_mm - TOP_MM - (i + 1) * (row_mm + sound_mm + BETWEEN_MM) + BETWEEN_MM
        row = Row(start, min(start + per_row, len(findings.samples_mv)))
        at = (LEFT_MM / width_mm, (bottom_mm + sound_mm) / height_mm, ROW_S * MM_PER_S / width_mm, row_mm / height_mm)
        _row(figure.add_axes(at), findings, row, low, high)
        if findings.sound is not None:
            _sound_row(figure.add_axes((at[0], bottom_mm / height_mm, at[2], sound_mm / height_mm)), findings, row)
    return figure


def _range_mv(samples_mv: NDArray[np.float64]) -> tuple[float, float]:
    """Return the millivolt between which a row lies, in half millivolts; rare peaks may leave it."""
    known = samples_mv[np.isfinite(samples_mv)]
    if not len(known):
        return -1.5, 1.5
    middle = float(np.median(known))
    least, most = (float(np.percentile(known, share)) for share in (0.05, 99.95))
    low, high = np.floor((least - 0.3 - middle) * 2) / 2, np.ceil((most + 0.7 - middle) * 2) / 2
    lacking = max(0.0, LEAST_ROW_MM / MM_PER_MV - (high - low))
    excess = max(0.0, (high - low) - MOST_ROW_MM / MM_PER_MV)
    return middle + low - lacking / 2 + excess / 2, middle + high + lacking / 2 - excess / 2


def _head(figure: Figure, findings: Findings, height_mm: float) -> None:
    begins, ends = (findings.start_sample / findings.rate_hz + at for at in (0.0, findings.seconds))
    texts = [f"lead {findings.lead}, {findings.rate_hz:g} Hz, {begins:.1f} to {ends:.1f} s", "25 mm/s  10 mm/mV"]
    if len(findings.beats) > 2:
        rr_s = np.diff([beat.sample for beat in findings.beats]) / findings.rate_hz
        texts.insert(1, f"{len(findings.beats)} beats, {60 / np.median(rr_s):.0f}/min")
    left = LEFT_MM / (LEFT_MM + ROW_S * MM_PER_S + RIGHT_MM)
    figure.text(left, 1 - 8 / height_mm, findings.name, fontsize=12, fontweight="bold", color=INK)
    figure.text(left, 1 - 14 / height_mm, "    ".join(texts), fontsize=8, color=SOFT)
    if said := _said(findings):
        figure.text(0.98, 1 - 8 / height_mm, said, fontsize=9, color=INK, ha="right")
    figure.text(0.98, 1 - 14 / height_mm, "edgeecg. Not a medical device.", fontsize=7, color=SOFT, ha="right")


def _said(findings: Findings) -> str:
    if findings.alerts:
        return findings.alerts[0].text
    answers = [one for one in findings.predictions if not one.abstained]
    if not answers:
        return ""
    best = max(answers, key=lambda one: max(one.probabilities))
    return f"{findings.name_of(best.label)} {max(best.probabilities):.0%} ({best.model})"


def _row(axes: Axes, findings: Findings, row: Row, low: float, high: float) -> None:
    rate_hz, begin_s = findings.rate_hz, (findings.start_sample + row.start) / findings.rate_hz
    _paper(axes, begin_s, low, high)
    _shade(axes, findings, begin_s)
    times = (findings.start_sample + np.arange(row.start, row.stop)) / rate_hz
    axes.plot(times, findings.samples_mv[row.start : row.stop], color=INK, linewidth=0.7, solid_joinstyle="round")
    _marks(axes, findings, begin_s, high)
    for alert in {one.alert_id: one for one in findings.alerts}.values():
        onset_s = alert.onset_sample / rate_hz
        if begin_s <= onset_s < begin_s + ROW_S:
            axes.axvline(onset_s, color=ALERT, linewidth=1, linestyle=(0, (4, 3)))
            axes.text(onset_s + 0.05, low + 0.1, alert.rule, color=ALERT, fontsize=7, fontweight="bold")
    axes.text(begin_s - 0.05, low, f"{begin_s:.0f} s", ha="right", va="bottom", fontsize=7, color=SOFT)


def _paper(axes: Axes, begin_s: float, low: float, high: float) -> None:
    """Squares of one and of five millimetres."""
    axes.set_xlim(begin_s, begin_s + ROW_S)
    axes.set_ylim(low, high)
    axes.set_facecolor(PAPER)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(GRID_STRONG)
        side.set_linewidth(0.6)
    for step_mm, colour, width in ((1.0, GRID, 0.35), (5.0, GRID_STRONG, 0.5)):
        across = np.arange(round(ROW_S * MM_PER_S / step_mm) + 1) * step_mm / MM_PER_S + begin_s
        up = np.arange(np.ceil((high - low) * MM_PER_MV / step_mm) + 1) * step_mm / MM_PER_MV + low
        lines: list[Any] = [[(x, low), (x, high)] for x in across]
        lines += [[(begin_s, y), (begin_s + ROW_S, y)] for y in up]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=width, zorder=0))


def _shade(axes: Axes, findings: Findings, begin_s: float) -> None:
    """Shade where the model looked: of windows that overlap, the first to answer."""
    rate_hz, shaded_to = findings.rate_hz, -1.0
    looks = [(one.start_sample, one.len_samples, one.activation) for one in findings.predictions]
    looks += [(one.looked_from, one.looked_len, one.activation) for one in findings.alerts]
    for start, length, activation in looks:
        if not activation or start / rate_hz < shaded_to:
            continue
        edges = (start + np.arange(len(activation) + 1) * length / len(activation)) / rate_hz
        shaded_to = float(edges[-1])
        for left, right, strength in zip(edges[:-1], edges[1:], activation, strict=True):
            if strength > 0 and right > begin_s and left < begin_s + ROW_S:
                axes.axvspan(left, right, color=LOOK, alpha=0.28 * strength**2, linewidth=0, zorder=0.5)


def _marks(axes: Axes, findings: Findings, begin_s: float, high: float) -> None:
    """Say each beat's kind above it, and the interval since the one before, in milliseconds."""
    before: Beat | None = None
    for beat in findings.beats:
        at_s = beat.sample / findings.rate_hz
        if begin_s <= at_s < begin_s + ROW_S:
            is_wide = beat.morphology == Morphology.WIDE
            colour = WIDE if is_wide else SOFT
            weight = "bold" if is_wide else "normal"
            axes.text(at_s, high - 0.06, LABELS[beat.morphology], ha="center", va="top", fontsize=7, color=colour, fontweight=weight)
            axes.plot([at_s, at_s], [high - 0.42, high - 0.3], color=colour, linewidth=0.9)
            if before is not None and before.sample / findings.rate_hz >= begin_s:
                rr_ms = (beat.sample - before.sample) / findings.rate_hz * 1000
                middle_s = (beat.sample + before.sample) / 2 / findings.rate_hz
                axes.text(middle_s, high - 0.08, f"{rr_ms:.0f}", ha="center", va="top", fontsize=5.5, color=SOFT)
        before = beat


def _sound_row(axes: Axes, findings: Findings, row: Row) -> None:
    """Draw the sound under its ECG, S1 and S2 marked, and the delay of each beat."""
    sound = findings.sound
    assert sound is not None
    begin_s = (findings.start_sample + row.start) / findings.rate_hz
    axes.set_xlim(begin_s, begin_s + ROW_S)
    axes.set_axis_off()
    first, last = (round(at * sound.rate_hz) for at in (begin_s, begin_s + ROW_S))
    heard = sound.samples[first:last]
    if not len(heard):
        return
    most = max(float(np.nanpercentile(np.abs(heard), 99.8)), 1e-12)
    axes.set_ylim(-1.3, 1.9)
    axes.plot(begin_s + np.arange(len(heard)) / sound.rate_hz, np.clip(heard / most, -1.25, 1.25), color=SOUND, linewidth=0.35)
    for one in sound.sounds:
        at_s = one.sample / sound.rate_hz
        if begin_s <= at_s < begin_s + ROW_S:
            is_first = one.kind == SoundKind.S1
            axes.text(at_s, 1.35, "S1" if is_first else "S2", ha="center", fontsize=6, fontweight="bold", color=S1 if is_first else S2)
    beats = {beat.sample for beat in findings.beats}
    for coupling in sound.couplings:
        at_s = coupling.beat_sample / findings.rate_hz
        if coupling.delay_ms > 0 and coupling.beat_sample in beats and begin_s <= at_s < begin_s + ROW_S:
            axes.text(at_s, -1.3, f"{coupling.delay_ms:.0f} ms", ha="left", fontsize=5.5, color=SOFT)
