"""`edgeecg eval fibrillation`: a table for people, or `--json` for programs."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from edgeecg.cli.progress import Progress
from edgeecg.columns import columns
from edgeecg.errors import InputError

EPILOGUE = """\
Windows: those wholly in marked fibrillation, and those wholly outside it and flutter; called A and not abstained from.
Alerts: of the default rule. Told: one is open in an episode of half a minute or more, or comes within a minute of its end; delay: from the
annotated onset. False: no fibrillation or flutter in the minute before."""
HEAD = {
    "record": "record",
    "hours": "hours",
    "hours_of_fibrillation": "fibrillating",
    "windows_in_fibrillation": "windows in",
    "sensitivity": "called %",
    "windows_outside": "windows out",
    "specificity": "not called %",
    "episodes": "episodes",
    "told": "told",
    "median_delay_s": "median s",
    "max_delay_s": "max s",
    "false_alerts": "false alerts",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = f"{EPILOGUE}\n\n{parser.epilog}"
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="recordings in PhysioNet's layout (default: $EDGEECG_DATA)")
    parser.add_argument(
        "--records", nargs="+", default=[], metavar="NAME", help="such as 202, or cpsc2021 for that folder (default: all of mitdb/)"
    )
    parser.add_argument("--model", default="rhythm", help="name, name and version, or path of the card (default: rhythm)")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    from edgeecg.evals.fibrillation import LABEL, add_up, fibrillation
    from edgeecg.evals.rpeaks import find_records
    from edgeecg.models import registry

    data = options.data or os.environ.get("EDGEECG_DATA")
    if not data:
        raise InputError("--data", "nothing", "a folder of recordings, and EDGEECG_DATA names none")
    paths = find_records(Path(data), options.records)
    model = registry.loaded(options.model)
    if LABEL not in model.card.labels or model.hears:
        raise InputError("--model", model.card.id, f"a model of the ECG with the label {LABEL}")
    found = list(Progress(len(paths)).over(fibrillation(paths, model)))
    records, together = [one.figures() for one in found], add_up(found).figures()
    if options.json:
        print(json.dumps({"model": model.spoken, "records": records, "all": together}, indent=1))
    else:
        print(columns([list(HEAD.values()), *map(_cells, [*records, together])], rules=(1, len(records) + 1)))
    return 0


def _cells(figures: dict[str, Any]) -> list[str]:
    return ["-" if figures[key] is None else str(figures[key]) for key in HEAD]
