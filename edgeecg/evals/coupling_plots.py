"""Coupling's figures as pictures: truth and steadiness against SNR, one line a method. Needs the extra `plot`."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from edgeecg.errors import InputError
from edgeecg.evals.coupling_methods import ALL

Row = dict[str, Any]


def draw(truth: Sequence[Row], steadiness: Sequence[Row], path: Path) -> None:
    """Write one picture: Pearson by regime, and the median MSE on recordings."""
    if not (truth or steadiness):
        raise InputError("--to", "nothing to draw", "given where truth or stability is measured")
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = import_module("matplotlib.pyplot")
    groups = list(dict.fromkeys(row["group"] for row in truth if row["pearson_mean"] is not None))
    figure, axes = pyplot.subplots(1, len(groups) + bool(steadiness), figsize=(4 * (len(groups) + 1), 4), squeeze=False)
    panels = [
        (axis, [row for row in truth if row["group"] == group], "pearson_mean", f"truth, {group}")
        for axis, group in zip(axes[0], groups, strict=False)
    ]
    if steadiness:
        panels.append((axes[0][-1], list(steadiness), "mse_median", "noisy against clean, recordings"))
    for axis, rows, figure_name, title in panels:
        for method in ALL:
            points = sorted((row["snr_db"], row[figure_name]) for row in rows if row["method"] == method)
            axis.plot(*zip(*points, strict=True), marker="o", label=method)
        axis.set(title=title, xlabel="SNR, dB", ylabel="Pearson, mean" if figure_name == "pearson_mean" else "MSE, median")
    axes[0][0].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
