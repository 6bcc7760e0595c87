"""Teach the R-peak detector and judge it by records it was not taught on. One command, seeded, resumable.

    EDGEECG_DATA=... python -m qrs.tune --work DIR [--write]        (from training/)

Folds are by person. The electrode motion in the pool comes from 118e06 minus 118. The figure for 118e06 itself therefore
comes from two panels taught without 118's fold: minutes 5 to 17 are judged by the one that was taught with the noise of minutes
17 to 30 alone, and the other way round. What is finished lies in DIR and is not done again.
"""

import argparse
import json
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from qrs import recordings, report, table
from qrs.harvest import detect
from qrs.panel import Sources, Teaching, panels
from qrs.recordings import GRID_HZ, Recording
from qrs.score import MINUTE_5, Score, score
from qrs.second import two_leads
from qrs.sims import sims
from qrs.teach import Params

FOLDS = 5
FINAL_SEED, APART_SEED = 99, 10
HALVES_MIN = ((5.0, 17.0), (17.0, 30.0))
"""Minutes of 118e06: what a panel makes of the noise of either half is told by one that was taught with the other's."""
SIMS = 40


def folds(persons: set[str]) -> dict[str, int]:
    """Deal persons to folds, by a fixed shuffle."""
    order = np.random.default_rng(7).permutation(len(persons))
    names = sorted(persons)
    return {names[k]: i % FOLDS for i, k in enumerate(order)}


def within(recording: Recording, from_min: float, to_min: float) -> Recording:
    """Return the recording judged between two minutes alone; all of it is heard."""
    minute = 60.0 * GRID_HZ
    around = ((-1.0, from_min * minute), (to_min * minute, len(recording.raw) + minute))
    return replace(recording, skip=(*recording.skip, *around))


def judged(recording: Recording, params: Params, start: float = 0.0) -> Score:
    """Score one recording as the live chain would hear it."""
    rows = detect(recording.raw, params)
    return score(recording, rows["sample"].astype(float), rows["known_at"].astype(float), start)


def figures(scores: list[Score]) -> dict[str, float]:
    """Gross figures over records."""
    gross = reduce(add, scores)
    delays = np.array(gross.delays) * 1000.0 / GRID_HZ
    p50, p99 = np.percentile(delays, [50, 99])
    return {
        "f1": round(gross.f1, 4),
        "tp": gross.tp,
        "fn": gross.fn,
        "fp": gross.fp,
        "mean_error_ms": round(gross.mean_error_ms, 3),
        "delay_p50_ms": round(float(p50), 1),
        "delay_p99_ms": round(float(p99), 1),
        "delay_max_ms": round(float(delays.max()), 1),
    }


def summary(judge_by: dict[str, Params], recordings_: list[Recording]) -> dict[str, Any]:
    """Whole records, from minute 5, and each record."""
    whole = {r.name: judged(r, judge_by[r.name]) for r in recordings_}
    late = [judged(r, judge_by[r.name], MINUTE_5) for r in recordings_]
    records = {name: {"tp": s.tp, "fn": s.fn, "fp": s.fp, "f1": round(s.f1, 3)} for name, s in whole.items()}
    return {"whole": figures(list(whole.values())), "from_minute_5": figures(late), "records": records}


def teachings(fold_of: dict[str, int]) -> list[Teaching]:
    """Name all that is to be taught: without each fold, on all, and without 118 and half the motion."""
    without = [frozenset(p for p in fold_of if fold_of[p] != fold) for fold in range(FOLDS)]
    by_fold = [Teaching(f"fold{fold}", persons, fold) for fold, persons in enumerate(without)]
    final = Teaching("final", frozenset(fold_of), FINAL_SEED)
    halves = [Teaching(f"half{k}", without[fold_of["118"]], APART_SEED, minutes) for k, minutes in enumerate(HALVES_MIN)]
    return [*by_fold, final, *halves]


def in_motion(taught: dict[str, Params]) -> dict[str, Any]:
    """Judge 118 with motion, each half of it by the panel that was taught with the other half's."""
    result = {}
    for name in ("118e24", "118e12", "118e06"):
        noisy = next(r for r in recordings.nstdb(name) if r.channel == 0)
        result[name] = figures([judged(within(noisy, *HALVES_MIN[k]), taught[f"half{1 - k}"]) for k in range(2)])
    return result


def main() -> None:
    """Teach, judge, and with --write put the result into the kernel's table and crossval.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is finished")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write qrs_tables.py and crossval.json")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    mitdb, ludb, cpsc = (list(source()) for source in (recordings.mitdb, recordings.ludb, recordings.cpsc2021))
    sources = Sources(mitdb, ludb, cpsc, list(sims(SIMS)), recordings.wander_noise())
    fold_of = folds({r.person for r in mitdb}) | folds({r.person for r in sources.hearts})
    taught = panels(options.work, sources, options.seed, teachings(fold_of))

    first = [r for r in mitdb if r.channel == 0]
    by_record = {r.name: taught[f"fold{fold_of[r.person]}"] for r in first}
    result = summary(by_record, first)
    result["kinds"], result["reliability"] = report.kinds(by_record, first), report.reliability(by_record, first)
    result["two_leads"], result["tachycardias"] = two_leads(by_record, mitdb), report.tachycardias(taught["fold0"])
    fitted = summary({r.name: taught["final"] for r in first}, first)
    result["fitted"] = {k: v for k, v in fitted.items() if k != "records"}
    result |= in_motion(taught)
    for title, said in result.items():
        print(title, {k: v for k, v in said.items() if k != "records"} if isinstance(said, dict) else said, flush=True)

    if options.write:
        table.write(taught["final"], "training/qrs/crossval.json says how well it does on records it was not taught on")
        (Path(__file__).parent / "crossval.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
