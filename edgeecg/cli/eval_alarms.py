"""`edgeecg eval alarms`: tables for people, or `--json` for programs."""

import argparse
import json
import math
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeecg.cli.parser import checked
from edgeecg.cli.progress import Progress
from edgeecg.errors import InputError

if TYPE_CHECKING:
    from edgeecg.evals.alarm_truth import AlarmScore
    from edgeecg.evals.alarms import NoisyHour

PARTS = ("delays", "noise", "sparks", "lost", "recorded")
EPILOGUE = """\
delays: simulated hearts, from the onset to the alarm. noise: simulated normal rhythm, by turns two minutes clean and two with
nstdb's bw or the motion of 118e06, at 24 to 6 dB: every urgent alarm is false. sparks: normal rhythm with a spark a minute, of 1 to 3 samples and 2 to 300 mV. lost: hearts of both kinds simulated, over radios that lose frames, and with frames that hold no numbers. recorded: mitdb as it is, urgent alarms against
its annotations. The engine has the default rules and no model; urgent alarms are acknowledged at once and so told anew."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = f"{EPILOGUE}\n\n{parser.epilog}"
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="recordings in PhysioNet's layout (default: $EDGEECG_DATA)")
    parser.add_argument("--records", nargs="+", default=[], metavar="NAME", help="for recorded (default: all of mitdb/)")
    parser.add_argument("--hearts", type=checked(int, "1 or more", lambda n: n > 0), default=20, metavar="N", help="a case (default: 20)")
    parser.add_argument(
        "--hours",
        type=checked(int, "1 or more", lambda n: n > 0),
        default=24,
        metavar="N",
        help="of noise, of sparks, and over all radios (default: 24)",
    )
    parser.add_argument(
        "--seed", type=checked(int, "0 or more", lambda n: n >= 0), default=1000, metavar="N", help="the first (default: 1000)"
    )
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    measured = {part: MEASURES[part](options) for part in options.parts}
    if options.json:
        print(json.dumps({"seed": options.seed, **measured}, indent=1))
    else:
        print("\n\n".join(TABLES[part](measured[part]) for part in options.parts))
    return 0


def _data(options: argparse.Namespace) -> Path:
    data = options.data or os.environ.get("EDGEECG_DATA")
    if not data:
        raise InputError("--data", "nothing", "a folder of recordings, and EDGEECG_DATA names none")
    return Path(data)


def _delays(options: argparse.Namespace) -> dict[str, Any]:
    from edgeecg.evals.alarms import CASES, delay_figures, delays

    progress = Progress(options.hearts * len(CASES))
    return delay_figures(list(progress.over(delays(range(options.seed, options.seed + options.hearts)))))


def _noise(options: argparse.Namespace) -> dict[str, Any]:
    from edgeecg.evals.alarms import noisy_hours

    return _hours(list(Progress(options.hours).over(noisy_hours(_data(options), options.hours, options.seed))))


def _sparks(options: argparse.Namespace) -> dict[str, Any]:
    from edgeecg.evals.alarms import sparked_hours

    return _hours(list(Progress(options.hours).over(sparked_hours(options.hours, options.seed))))


def _hours(hours: "Sequence[NoisyHour]") -> dict[str, Any]:
    return {"hours": len(hours), "false_urgent": sum(len(hour.false) for hour in hours), "by_hour": [_hour(hour) for hour in hours]}


def _hour(hour: "NoisyHour") -> dict[str, Any]:
    told = [f"{alert.rule} at sample {alert.reported_at}: {alert.text}" for alert in hour.false]
    return {"hour": hour.record, "false_urgent": told, "alerts_of_all_priorities": hour.told}


def _lost(options: argparse.Namespace) -> dict[str, Any]:
    from edgeecg.evals.alarms import CASES
    from edgeecg.evals.alarms_lost import LOSSES, SLOW, lost, lost_figures

    hours = math.ceil(options.hours / len(LOSSES))
    progress = Progress(len(LOSSES) * (hours + options.hearts * len(CASES + SLOW)))
    return {"radios": lost_figures(list(progress.over(lost(range(options.seed, options.seed + options.hearts), hours))))}


def _recorded(options: argparse.Namespace) -> dict[str, Any]:
    from edgeecg.evals.alarm_truth import add_up
    from edgeecg.evals.alarms import recorded
    from edgeecg.evals.rpeaks import find_records

    paths = find_records(_data(options), options.records)
    scores = list(Progress(len(paths)).over(recorded(paths)))
    return {"records": [_score(one) for one in scores], "all": _score(add_up(scores))}


def _score(one: "AlarmScore") -> dict[str, Any]:
    named = {name: dict(getattr(one, name)) for name in ("true", "false", "neither")}
    return {"record": one.record, "hours": round(one.hours, 3), "tachycardias": one.runs, "found": one.found, **named}


def _delays_table(figures: dict[str, Any]) -> str:
    from edgeecg.columns import columns

    rows = [["from onset to alarm", "hearts", "told", "median s", "max s", "must be s", "as another", ""]]
    for name, own in figures.items():
        numbers = [str(own[key]) for key in ("hearts", "told", "median_s", "max_s", "must_be_s", "as_another")]
        rows.append([name, *numbers, "" if own["within"] else "NOT MET"])
    return columns(rows, rules=(1,))


def _noise_table(figures: dict[str, Any], what: str = "noise") -> str:
    told = [f"  {hour['hour']}, {line}" for hour in figures["by_hour"] for line in hour["false_urgent"]]
    return "\n".join([f"normal rhythm with {what}: {figures['false_urgent']} false urgent alarms in {figures['hours']} h", *told])


def _sparks_table(figures: dict[str, Any]) -> str:
    return _noise_table(figures, "sparks")


def _lost_table(figures: dict[str, Any]) -> str:
    groups = (("frames lost", False), ("frames without numbers", True))
    tables = [_radios_table(title, [one for one in figures["radios"] if one["without_numbers"] == of]) for title, of in groups]
    return "\n\n".join(filter(None, tables))


def _radios_table(title: str, radios: Sequence[dict[str, Any]]) -> str:
    from edgeecg.columns import columns

    if not radios:
        return ""
    rows = [[title, *(one["lost"] for one in radios)]]
    rows.append([f"normal, {radios[0]['hours']} h each: false urgent", *(str(one["false_urgent"]) for one in radios)])
    rows += [[f"{name}: told, median", *(_told(one["told"][name]) for one in radios)] for name in radios[0]["told"]]
    return columns(rows, rules=(1,))


def _told(own: dict[str, Any]) -> str:
    return f"{own['told']} of {own['hearts']}" + (f", {own['median_s']:.1f} s" if own["told"] else "")


def _recorded_table(figures: dict[str, Any]) -> str:
    from edgeecg.columns import columns

    rows = [["record", "tachycardias", "found", "true", "false", "neither"]]
    for own in (*figures["records"], figures["all"]):
        counts = [_counts(own[name]) for name in ("true", "false", "neither")]
        rows += [[own["record"], str(own["tachycardias"]), str(own["found"]), *counts]]
    return columns(rows, rules=(1, len(rows) - 1))


def _counts(counts: Counter[str] | dict[str, int]) -> str:
    return ", ".join(f"{n} {rule}" for rule, n in sorted(counts.items())) or "-"


MEASURES = {"delays": _delays, "noise": _noise, "sparks": _sparks, "lost": _lost, "recorded": _recorded}
TABLES = {"delays": _delays_table, "noise": _noise_table, "sparks": _sparks_table, "lost": _lost_table, "recorded": _recorded_table}
