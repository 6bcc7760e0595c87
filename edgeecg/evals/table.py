"""Reports as a person reads them: columns of text."""

from collections.abc import Sequence
from typing import Any

from edgeecg.columns import columns
from edgeecg.evals.ec57 import Score
from edgeecg.evals.rpeaks import Report

SCORE_HEAD = ("beats", "missed", "false", "Se %", "PPV %", "F1 %", "error ms", "p50 ms", "p95 ms", "p99 ms", "max ms")


def score_cells(score: Score) -> list[str]:
    """Write a score in the columns of `SCORE_HEAD`."""
    figures = score.figures()
    delay = figures["delay_ms"] or {}
    return [
        *(str(figures[name]) for name in ("beats", "missed", "false")),
        *(_decimal(figures[name], 2) for name in ("sensitivity", "predictivity", "f1")),
        _decimal(figures["mean_abs_error_ms"], 1),
        *(_decimal(delay.get(name), 0) for name in ("p50", "p95", "p99", "max")),
    ]


def records_table(report: Report) -> str:
    """Give each recording a row, then all together; `F1 5+` counts from minute 5 on."""
    rows = [["record", *SCORE_HEAD, "F1 5+"]]
    rows += [[one.record, *score_cells(one.whole), _decimal(one.after_learning.figures()["f1"], 2)] for one in report.records]
    for name, score in (("gross", report.whole), ("gross from minute 5", report.after_learning)):
        rows.append([name, *score_cells(score), ""])
    return columns(rows, rules=(1, len(rows) - 2))


def conditions_table(reports: Sequence[Report]) -> str:
    """Give each condition two rows: the whole recordings, and from minute 5 on."""
    rows = [["gross", *SCORE_HEAD]]
    for report in reports:
        condition = "as recorded" if report.snr_db is None else f"{report.snr_db:g} dB"
        rows.append([f"{condition}, whole", *score_cells(report.whole)])
        rows.append([f"{condition}, from minute 5", *score_cells(report.after_learning)])
    return columns(rows, rules=(1,))


def crossval_lines(crossval: dict[str, Any] | None) -> str:
    """Set the out-of-fold figures beside the fitted ones, or say that there are none."""
    if crossval is None:
        return "cross-validated: no figures here. If parameters were chosen on these recordings, the figures above flatter."
    f1 = {part: float(crossval[part]["f1"]) for part in ("whole", "from_minute_5")}
    return f"cross-validated (each recording judged by parameters chosen without it): F1 {f1['whole']:.2f} whole, {f1['from_minute_5']:.2f} from minute 5"


def _decimal(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
