"""All that is measured, in order, as one report that JSON can hold."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edgeecg.bench import capacity, growth, hearing, kernels, machine, memory, models, path, peers, stages
from edgeecg.bench.effort import Effort
from edgeecg.bench.stages import Timing

SCHEMA = 1
Report = dict[str, Any]
Say = Callable[[str], None]


def measure(effort: Effort, say: Say) -> Report:
    """Measure everything; `say` hears what comes next."""
    report: Report = {"schema": SCHEMA, "effort": effort.name, "machine": machine.facts()}
    with TemporaryDirectory(prefix="edgeecg-bench-") as folder:
        report["timings"] = [row(timing) for timing in _timings(effort, Path(folder), say)]
    report["growth"] = [asdict(curve) for curve in _told(growth.measure(effort), lambda one: f"cost by {one.name}", say)]
    report["capacity"] = [_capacity(setting, effort, say) for setting in capacity.settings(effort)]
    report["memory"] = [asdict(one) | {"name": one.name} for one in _told(memory.measure(effort), lambda one: f"memory, {one.name}", say)]
    if effort.daemon:
        say("the whole daemon")
        report["daemon"] = path.measure().to_json()
    if effort.peers:
        measured, skipped = peers.measure(effort, say)
        report["peers"] = {"measured": [asdict(one) for one in measured], "skipped": skipped}
    report["machine"]["load_average_after"] = machine.load()
    return report


def _timings(effort: Effort, folder: Path, say: Say) -> Iterator[Timing]:
    for measured in (stages.measure(effort, folder), hearing.measure(effort), models.measure(effort), kernels.measure(effort)):
        yield from _told(measured, lambda one: one.name, say)


def _told(measured: Iterator[Any], name: Callable[[Any], str], say: Say) -> Iterator[Any]:
    for one in measured:
        say(name(one))
        yield one


def _capacity(setting: capacity.Setting, effort: Effort, say: Say) -> Report:
    runs = capacity.on_one_core(setting, effort)
    found = capacity.best(runs)
    say(f"{setting.name}: {found['spec']['streams'] if found else 'too few'} streams")
    return {"name": setting.name, "model": setting.model, "hop_s": setting.hop_s, "best": found, "runs": runs}


def row(timing: Timing) -> Report:
    """Return a timing as JSON."""
    return {"name": timing.name, "stage": timing.stage, "case": timing.case, "per": timing.per, "clock": timing.clock} | (
        timing.histogram.to_json()
    )


def same_machine(a: Report, b: Report) -> bool:
    """Say whether two reports are of one kind of machine."""
    return all(a["machine"].get(key) == b["machine"].get(key) for key in ("processor", "architecture", "cores"))
