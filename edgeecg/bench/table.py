"""A report as lines of text."""

from typing import Any

from edgeecg.bench.capacity import holds
from edgeecg.columns import columns

Report = dict[str, Any]
DISTURBED = 0.02
"""From this share of the time on, what was measured by the clock was also other programs' doing."""


LATE = {"p50": "p50_us", "p99": "p99_us", "p99.9": "p99.9_us", "at most": "max_us"}


def timing_rows(report: Report) -> list[list[str]]:
    """Give each stage a row, in microseconds."""
    head = ["stage", "of", "n", "p50 us", "p95", "p99", "p99.9", "max", "over deadline"]
    return [head, *(_timing_row(one) for one in report["timings"])]


def _timing_row(one: Report) -> list[str]:
    few = one["n"] < 1000  # a percentile needs some calls beyond it
    tail = ["", ""] if one["n"] < 100 else [_three(one["p99_us"]), "" if few else _three(one["p99.9_us"])]
    late = f"{one['misses']} of {one['n']} > {one['deadline_us']:g} us" if one["deadline_us"] else ""
    middle = [_three(one["p50_us"]), _three(one["p95_us"]) if one["n"] >= 20 else ""]
    per = one["per"] if one["clock"] == "processor" else f"{one['per']}, waited"
    return [one["name"], per, str(one["n"]), *middle, *tail, _three(one["max_us"]), late]


def _three(value: float) -> str:
    """Write three digits, or all before the point."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def capacity_rows(report: Report) -> list[list[str]]:
    """Answer: how many streams, with which p99, in how much memory."""
    head = ["asked of every stream", "streams held", "p50 ms", "p99 ms", "p99.9 ms", "busy", "windows lost", "memory MB"]
    return [head, *(_capacity_row(one) for one in report["capacity"])]


def _capacity_row(one: Report) -> list[str]:
    best = one["best"]
    if best is None:
        return [one["name"], "none that was tried", *[""] * 6]
    late = best["latency"]
    lost = f"{best['windows_lost']} of {best['windows']}" if one["model"] else ""
    times = [f"{late[name] / 1e3:.3g}" for name in ("p50_us", "p99_us", "p99.9_us")]
    return [one["name"], str(best["spec"]["streams"]), *times, f"{best['busy']:.0%}", lost, f"{best['memory_mb']:.0f}"]


def _tried(runs: list[Report]) -> str:
    """Say what was run, and what of it was not held: short runs, then those whose answer counts."""
    said = [f"{run['spec']['streams']}{'' if holds(run) else ' (no)'}{_disturbed(run)}" for run in runs]
    n_short = sum(bool(run.get("short")) for run in runs)
    return "; long: ".join(filter(None, (", ".join(said[:n_short]), ", ".join(said[n_short:]))))


def _disturbed(run: Report) -> str:
    return f" [kept waiting {run['kept_waiting']:.0%}]" if run["kept_waiting"] > DISTURBED else ""


def knee(one: Report) -> str:
    """Say what a chunk's time is made of where no more streams are held."""
    run = one["best"] or one["runs"][-1]
    parts = {name: us for name, us in run["parts_us"].items() if name != "idle"}
    total = sum(parts.values())
    said = ", ".join(f"{name} {us:.2f}" for name, us in sorted(parts.items(), key=lambda part: -part[1]))
    model = f"; the model's threads take the rest of {run['busy']:.0%} of a core" if one["model"] else ""
    return f"{one['name']}, {run['spec']['streams']} streams: {total:.2f} us a chunk: {said}{model}"


def ward(one: Report) -> str:
    """Say what became of one run."""
    (run,) = one["runs"]
    late, streams = run["latency"], run["spec"]["streams"]
    lines = [
        f"{streams} streams, {one['name']}: {'held' if one['best'] else 'NOT held'}",
        f"  from due to events: {', '.join(f'{name} {late[key] / 1e3:.2f}' for name, key in LATE.items())} ms",
        f"  {late['misses']} of {late['n']} chunks over {late['deadline_us'] / 1e3:g} ms, {run['waiting']} left over",
        f"  one core was busy for {run['busy']:.0%} of the time; other programs kept it waiting for {run['kept_waiting']:.0%}",
        f"  memory {run['memory_mb']:.0f} MB (at most {run['memory_peak_mb']:.0f}); {run['events']} events, {run['alerts']} alerts",
    ]
    if one["model"]:
        lines.append(f"  {run['windows_lost']} of {run['windows']} windows lost, slowed down {run['slowed']} times")
    return "\n".join([*lines, f"  {knee(one)}"])


def memory_rows(report: Report) -> list[list[str]]:
    """Give each process a row."""
    return [
        ["process with", "memory MB", "at most MB"],
        *([one["name"], f"{one['memory_mb']:.0f}", f"{one['peak_mb']:.0f}"] for one in report["memory"]),
    ]


def growth_rows(report: Report) -> list[list[str]]:
    """Give each place on a curve a row."""
    rows = [["a second of a stream costs, by", "at", "us"]]
    for curve in report["growth"]:
        rows += [[curve["name"], f"{x:g} {curve['unit']}".strip(), f"{us:.3g}"] for x, us in zip(curve["x"], curve["us"], strict=True)]
    return rows


def peer_rows(report: Report) -> list[list[str]]:
    """Give each peer a row: how many times as long as ours it takes."""
    head = ["work", "peer", "ours us", "peer us", "peer takes", "middle half"]
    rows = [
        [
            one["work"],
            one["peer"],
            _three(one["ours_us"]),
            _three(one["peer_us"]),
            f"{one['ratio']['median']:.3g} x",
            f"{one['ratio']['low']:.3g}-{one['ratio']['high']:.3g}",
        ]
        for one in report.get("peers", {}).get("measured", [])
    ]
    return [head, *rows]


def path_rows(report: Report) -> list[list[str]]:
    """Give each figure of the whole daemon a row."""
    return [["the daemon, whole", ""], *([name, value] for name, value in report.get("daemon", {}).get("said", {}).items())]


def sections(report: Report) -> list[tuple[str, list[list[str]]]]:
    """Return every table that has something in it, with its title."""
    found = [
        ("How many streams one core holds, each run to see", capacity_rows(report)),
        ("Stages, each call", timing_rows(report)),
        ("Memory, each in a fresh process", memory_rows(report)),
        ("Cost as it grows", growth_rows(report)),
        ("The whole daemon", path_rows(report)),
        ("Beside others, in turns within one run", peer_rows(report)),
    ]
    return [(title, rows) for title, rows in found if len(rows) > 1]


def remarks(report: Report) -> list[tuple[str, list[str]]]:
    """Return what is said in sentences, one for each thing asked of streams, with its title."""
    asked = report["capacity"]
    return [
        ("How many were tried", [f"{one['name']}: {_tried(one['runs'])}" for one in asked]),
        ("What the knee is made of", [knee(one) for one in asked]),
    ]


def machine_line(report: Report) -> str:
    """Say what was measured on."""
    told = report["machine"]
    units = f" ({', '.join(told['vector_units'])})" if told["vector_units"] else ""
    busy = f"load average {told['load_average']:g} before, {told.get('load_average_after', 0):g} after"
    return f"{told['processor']}{units}, {told['architecture']}, {told['cores']} cores, {told['memory_mb']} MB; Python {told['python']}, numba {told['numba']}; {busy}"


def text(report: Report) -> str:
    """Return all of it."""
    parts = [machine_line(report), *(f"{title}\n\n{columns(rows, rules=(1,))}" for title, rows in sections(report))]
    parts += [f"{title}\n\n" + "\n".join(said) for title, said in remarks(report)]
    skipped = report.get("peers", {}).get("skipped", [])
    if skipped:
        parts.append("not compared with: " + ", ".join(skipped))
    return "\n\n".join(parts)
