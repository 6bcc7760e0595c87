"""Reports of quality as a person reads them."""

from collections.abc import Mapping, Sequence

from edgeecg.columns import columns
from edgeecg.evals.quality import QualityScore
from edgeecg.evals.quality_report import QualityReport, RecordQuality

HEAD = ("seconds", "good %", "clean, good %", "beats in good", "F1 in good %", "rate known %", "within 1/min %", "of known %")
NOISY_HEAD = (*HEAD[:2], *HEAD[3:], "noisy good %", "F1 in noisy good %")
NAMES = {
    "clean_rated_good": "clean seconds rated good",
    "f1_in_good_under_noise": "F1 within good seconds under noise",
    "heart_rate_within": "heart rate within 1/min in good seconds",
    "heart_rate_within_where_known": "  where a rate is given",
}


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _cells(one: RecordQuality | QualityReport) -> list[str]:
    quality = one.quality.figures()
    in_good = quality["in_good_seconds"]
    shares = quality["good"], quality["clean_rated_good"]
    rate = one.rate.figures()
    return [
        str(quality["seconds"]),
        *map(_percent, shares),
        str(in_good["beats"]),
        _percent(in_good["f1"]),
        *(_percent(rate[name]) for name in ("known", "within", "within_where_known")),
    ]


def records_table(report: QualityReport) -> str:
    """Give each recording a row, then all together."""
    rows = [["record", *HEAD], *([one.record, *_cells(one)] for one in report.records), ["gross", *_cells(report)]]
    return columns(rows, rules=(1, len(rows) - 1))


def noise_table(reports: Sequence[QualityReport]) -> str:
    """Give each noise at each level a row; the last columns count the noisy stretches alone."""
    rows = [["noise", *NOISY_HEAD]]
    for report in reports:
        seconds, good, _, *others = _cells(report)
        rows.append([f"{report.noise}, {report.snr_db:g} dB", seconds, good, *others, *_noisy_cells(report.noisy)])
    return columns(rows, rules=(1,))


def _noisy_cells(noisy: QualityScore | None) -> list[str]:
    figures = None if noisy is None else noisy.figures()
    return ["-", "-"] if figures is None else [_percent(figures["good"]), _percent(figures["in_good_seconds"]["f1"])]


def summary(fitted: Mapping[str, float | None], crossval: Mapping[str, float] | None) -> str:
    """Set the figures of this run beside the out-of-fold ones, or say that there are none."""
    rows = [["", "here", "cross-validated"]]
    rows += [[name, _percent(fitted[key]), _percent((crossval or {}).get(key))] for key, name in NAMES.items()]
    text = columns(rows, rules=(1,))
    if crossval is None:
        text += "\ncross-validated: no figures here. If quality was calibrated on these recordings and noises, the figures above flatter."
    return text
