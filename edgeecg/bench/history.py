"""What was measured before, and what was changed for it: a row a run, kept in the page itself."""

from typing import Any

Report = dict[str, Any]

TITLE = "## History"
COLUMNS = (
    "day", "processor", "load before", "streams held", "with a model", "with sound", "feed_many, 1000 streams, p50 us", "bytes to a beat, p99 us",
    "memory MB", "first beat s", "what had changed",
)  # fmt: skip


def told(report: Report, note: str, before: str) -> str:
    """Return the section: the rows of the page as it was, and below them this run's."""
    rows = [*kept(before), _line(row(report, note))]
    return "\n".join([TITLE, "", _line(COLUMNS), "|" + " --- |" * len(COLUMNS), *rows])


def kept(page: str) -> list[str]:
    """Return the rows that a page holds."""
    _, _, section = page.partition(f"\n{TITLE}\n")
    lines = [line for line in section.splitlines() if line.startswith("| ")]  # below a head and a rule
    return lines[2:]


def row(report: Report, note: str) -> list[str]:
    """Return what this run comes to; empty: not measured, or none held."""
    machine, daemon = report["machine"], report.get("daemon", {})
    held = {_asked(one): str(one["best"]["spec"]["streams"]) if one["best"] else "none" for one in reversed(report["capacity"])}
    memory = ", ".join(f"{one['memory_mb']:.0f} ({one['name']})" for one in report["memory"])
    return [
        machine.get("day", ""),
        machine["processor"],
        f"{machine['load_average']:g}",
        *(held.get(asked, "") for asked in ("alone", "model", "sound")),
        _timing(report, "feed_many, 1000 streams", "p50_us"),
        _timing(report, "bytes to events, a beat becomes known", "p99_us"),
        memory,
        f"{daemon['first_beat_s']:.2f}" if daemon else "",
        note,
    ]


def _asked(one: Report) -> str:
    return "model" if one["model"] else "sound" if one["runs"][0]["spec"]["sound"] else "alone"


def _timing(report: Report, name: str, percentile: str) -> str:
    return next((f"{one[percentile]:.3g}" for one in report["timings"] if one["name"] == name), "")


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
