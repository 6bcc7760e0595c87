"""Two reports side by side: what takes longer now, what holds fewer, and whether the machine is the same at all."""

from typing import Any

from edgeecg.bench.suite import same_machine

Report = dict[str, Any]
NOTABLE = 1.15
"""Reports of one machine, an hour apart, differ by as much as this."""


def rows(old: Report, new: Report) -> list[list[str]]:
    """Return a row for each thing that both measured: before, now, and how many times as much."""
    before, now = _figures(old), _figures(new)
    found = [["", "before", "now", "ratio", ""]]
    for name, value in now.items():
        if before.get(name) and value:
            ratio = value / before[name]
            worse = ratio if not name.startswith("streams held") else 1 / ratio
            verdict = "worse" if worse > NOTABLE else "better" if worse < 1 / NOTABLE else ""
            found.append([name, f"{before[name]:.4g}", f"{value:.4g}", f"{ratio:.2f}", verdict])
    return found


def warning(old: Report, new: Report) -> str:
    """Say what makes a comparison idle; empty: nothing."""
    if not same_machine(old, new):
        return f"another machine: {old['machine']['processor']}, {old['machine']['cores']} cores, then; what follows compares machines"
    loads = [one["machine"]["load_average"] for one in (old, new)]
    return f"the machine was busy with other things (load average {loads[0]:g} and {loads[1]:g})" if max(loads) > 1 else ""


def _figures(report: Report) -> dict[str, float]:
    figures = {f"{one['name']}, p50 us": one["p50_us"] for one in report["timings"]}
    figures |= {f"{one['name']}, p99 us": one["p99_us"] for one in report["timings"] if one["n"] >= 100}
    for curve in report["growth"]:
        figures |= {f"a second by {curve['name']} {x:g} {curve['unit']}, us": us for x, us in zip(curve["x"], curve["us"], strict=True)}
    figures |= {f"streams held: {one['name']}": one["best"]["spec"]["streams"] for one in report["capacity"] if one["best"]}
    figures |= {f"memory MB: {one['name']}": one["memory_mb"] for one in report["memory"]}
    return figures
