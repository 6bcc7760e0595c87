"""Coupling's figures as a person reads them."""

from collections.abc import Sequence
from typing import Any

from edgeecg.columns import columns
from edgeecg.evals.coupling_methods import ALL

NAMES = {"none": "no jitter", "rest": "rest", "heavy": "heavy", "simulate": "edgeecg simulate", "real": "recordings"}
HEARING = ("tikhonov", "aligned", "nmcse", "shipped")
"""Who says when S1 is heard; the others give a kernel alone."""
TRUTH_HEAD = ("truth: Pearson, mean/median", *ALL)
STEADY_HEAD = ("noisy against clean: MSE, median/mean", *ALL)
SLIPS_HEAD = ("gross slips (MSE > .5), % of cases", *ALL)
DELAY_HEAD = ("delay R to S1 as heard, mean abs error, ms", *HEARING, "beats: shipped", "aligned", "told %")
KERNEL_HEAD = ("place of S1 in the kernel, mean abs error, ms", *ALL)
DRIFT_HEAD = ("drift of the delay, ms: 90 %", *HEARING, "shipped told: cases %", "beats %")

Row = dict[str, Any]


def truth_table(rows: Sequence[Row]) -> str:
    """Give each regime and SNR a line: how like the kernels are to the one that made the sound."""
    return _by_method(
        TRUTH_HEAD,
        [row for row in rows if row["pearson_mean"] is not None],
        lambda row: f"{_text(row['pearson_mean'])}/{_text(row['pearson_median'])}",
    )


def steadiness_table(rows: Sequence[Row]) -> str:
    """Give each SNR a line: how far noise moves the kernels."""
    return _by_method(STEADY_HEAD, rows, lambda row: f"{_text(row['mse_median'])}/{_text(row['mse_mean'])}")


def slips_table(rows: Sequence[Row]) -> str:
    """Give each SNR a line: how often noise changes the kernels grossly."""
    return _by_method(SLIPS_HEAD, rows, lambda row: f"{100 * row['slips']:.1f}")


def delay_table(rows: Sequence[Row]) -> str:
    """Give each regime and SNR a line: how far the delays err."""
    lines = [list(DELAY_HEAD)]
    for title, found in _lines(rows):
        ours = [_text(found[name]["beat_delay_mean_abs_ms"], 1) for name in ("shipped", "aligned")]
        told = _text(100 * (found["shipped"]["told_beats"] or 0.0), 0)
        lines.append([title, *(_text(found[name]["delay_mean_abs_ms"], 1) for name in HEARING), *ours, told])
    return columns(lines, rules=(1,))


def kernel_table(rows: Sequence[Row]) -> str:
    """Give each regime and SNR a line: how far S1 lies off in the kernel itself."""
    return _by_method(
        KERNEL_HEAD, [row for row in rows if row["pearson_mean"] is not None], lambda row: _text(row["kernel_mean_abs_ms"], 1)
    )


def drift_table(rows: Sequence[Row]) -> str:
    """Give each SNR a line: how far noise moves the delays, and how many are told."""
    lines = [list(DRIFT_HEAD)]
    for title, found in _lines(rows):
        told = [_text(100 * (found["shipped"][name] or 0.0), 0) for name in ("told_cases", "told_beats")]
        lines.append([title, *(_text(found[name]["delay_p90_ms"], 1) for name in HEARING), *told])
    return columns(lines, rules=(1,))


def time_lines(beat: dict[str, float], pot: Row | None) -> str:
    """Say what a beat costs, and the plan beside POT."""
    said = f"a beat, filters and all: median {beat['median']:.0f}, 99 % {beat['p99']:.0f}, most {beat['max']:.0f} us of {beat['beats']:.0f} beats"
    if pot is None:
        return f"{said}\nthe plan against POT: not measured (pip install pot)"
    times = ", ".join(f"{name} {us:.0f} us" for name, us in pot["times_us"].items())
    ratio = f"; {pot['ratio']:.1f} times the fastest, {pot['fastest']}" if "ratio" in pot else "; none of POT's gives the same plan"
    return f"{said}\nthe plan ({pot.get('problem', 'semi-relaxed')}): {times}{ratio}"


def _by_method(head: Sequence[str], rows: Sequence[Row], cell: Any) -> str:
    lines = [list(head)]
    lines += [[title, *(cell(found[name]) for name in ALL)] for title, found in _lines(rows)]
    return columns(lines, rules=(1,))


def _lines(rows: Sequence[Row]) -> list[tuple[str, dict[str, Row]]]:
    keys = list(dict.fromkeys((row["group"], row["snr_db"]) for row in rows))
    return [
        (f"{NAMES[group]}, {snr_db:g} dB", {row["method"]: row for row in rows if (row["group"], row["snr_db"]) == (group, snr_db)})
        for group, snr_db in keys
    ]


def _text(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
