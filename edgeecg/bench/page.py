"""A report as one HTML file that needs nothing else: tables, and plots drawn in place."""

from html import escape
from typing import Any

from edgeecg.bench.histogram import Histogram
from edgeecg.bench.svg import plot
from edgeecg.bench.table import machine_line, remarks, sections

Report = dict[str, Any]

STYLE = """\
body { font: 15px/1.45 system-ui, sans-serif; color: #222; background: #fff; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.87rem; }
th, td { padding: 0.2rem 0.7rem; text-align: right; border-bottom: 1px solid #e5e5e5; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; border-bottom: 1px solid #888; }
.answer td:nth-child(2) { font-weight: 700; }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; width: 34rem; max-width: 100%; }
figcaption { font-weight: 600; font-size: 0.9rem; } svg { width: 100%; height: auto; } svg text { font-size: 11px; }
svg .grid { stroke: #eee; } .scroll { overflow-x: auto; } p.note { color: #555; }
"""
UPTO = (50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.8, 99.9)


def html(report: Report) -> str:
    """Return the page."""
    body = [
        "<h1>edgeecg on this machine</h1>",
        f'<p class="note">{escape(machine_line(report))}</p>',
        f'<div class="plots">{"".join(_figures(report))}</div>',
    ]
    for number, (title, rows) in enumerate(sections(report)):
        body += [f"<h2>{escape(title)}</h2>", _table(rows, "answer" if number == 0 else "")]
    for title, said in remarks(report):
        body += [f"<h2>{escape(title)}</h2>", *(f"<p>{escape(one)}</p>" for one in said)]
    body.append('<p class="note">Not a medical device: not for diagnosis, treatment or monitoring of patients.</p>')
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>edgeecg bench</title><style>{STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _table(rows: list[list[str]], kind: str) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:])
    return f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _figures(report: Report) -> list[str]:
    streams = {curve["name"]: list(zip(curve["x"], curve["us"], strict=True)) for curve in report["growth"] if not curve["unit"]}
    drawn = [
        (
            "Latency from when a chunk was due, p99, as streams are added",
            plot(_late(report), x_label="streams", y_label="ms", title="latency by streams"),
        ),
        (
            "Latency at the most streams held",
            plot(_tails(report), x_label="1 chunk of so many is later", y_label="ms", title="latency at capacity"),
        ),
        (
            "Streams held, by how often a window is asked for",
            plot(_by_hop(report), x_label="hop, s", y_label="streams", title="streams by hop"),
        ),
        ("A second of a stream, as streams are added", plot(streams, x_label="streams", y_label="us", title="cost by streams")),
    ]
    for curve in report["growth"]:
        if curve["unit"]:
            line = {curve["name"]: list(zip(curve["x"], curve["us"], strict=True))}
            label = f"{curve['name']}, {curve['unit']}"
            drawn.append(
                (f"A second of a stream, by {curve['name']}", plot(line, x_label=label, y_label="us", title=f"cost by {curve['name']}"))
            )
    return [f"<figure><figcaption>{escape(caption)}</figcaption>{figure}</figure>" for caption, figure in drawn if figure]


def _late(report: Report) -> dict[str, list[tuple[float, float]]]:
    return {
        one["name"]: sorted((run["spec"]["streams"], run["latency"]["p99_us"] / 1e3) for run in one["runs"]) for one in report["capacity"]
    }


def _tails(report: Report) -> dict[str, list[tuple[float, float]]]:
    return {one["name"]: _tail(one["best"]["latency"]) for one in report["capacity"] if one["best"] is not None}


def _tail(told: Report) -> list[tuple[float, float]]:
    histogram = Histogram.from_json(told)
    return [(1 / (1 - percent / 100), histogram.percentile_ns(percent) / 1e6) for percent in UPTO]


def _by_hop(report: Report) -> dict[str, list[tuple[float, float]]]:
    lines: dict[str, list[tuple[float, float]]] = {}
    for one in report["capacity"]:
        if one["model"] and one["best"] is not None:
            lines.setdefault(one["model"], []).append((one["hop_s"], one["best"]["spec"]["streams"]))
    return {name: line for name, line in lines.items() if len(line) > 1}
