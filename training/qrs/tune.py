"""Teach the R-peak detector and judge it by records it was not taught on. One command, seeded, resumable.

    EDGEECG_DATA=... python -m qrs.tune --work DIR [--write]        (from training/)

Folds are by person. The electrode motion in the pool comes from 118e06 minus 118; the figure for 118e06 itself is
therefore taken from a teaching without that noise and without 118. What is finished lies in DIR and is not done again.
"""

import argparse
import json
import pickle
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qrs import network, pool, recordings, table
from qrs.harvest import Harvest, detect, harvest
from qrs.recordings import GRID_HZ, Recording
from qrs.score import MINUTE_5, Score, score

FOLDS = 5
ROUNDS = 4
EPOCHS = 6
DECAY = 1e-4
WEIGHTS = {"first": 3.0, "second": 0.2, "spoiled": 0.5, "morphed": 0.6, "both": 0.3, "ludb": 0.5, "cpsc": 0.5, "restart": 0.5}
"""What a candidate counts, by the kind of its piece."""
RULES = {"accept": 0.0, "rescue": -2.5, "patience": 1.4, "gate": 0.12, "doubtful": 2.3, "outdone": 0.75}
EASY_LOGIT = 4.5
EASY_SHARE = 1.0 / 6.0

Params = NDArray[Any]
Table = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int8], NDArray[np.float32]]


def kept(path: Path, make: Any) -> Any:
    """Return what lies at `path`, else make it and put it there."""
    if not path.exists():
        made = make()
        path.with_suffix(".part").write_bytes(pickle.dumps(made, protocol=5))
        path.with_suffix(".part").rename(path)
    return pickle.loads(path.read_bytes())  # noqa: S301 our own file


def folds(persons: set[str]) -> dict[str, int]:
    """Deal persons to folds, by a fixed shuffle."""
    order = np.random.default_rng(7).permutation(len(persons))
    names = sorted(persons)
    return {names[k]: i % FOLDS for i, k in enumerate(order)}


def stacked(harvests: list[Harvest]) -> Table:
    """Join the candidates of many pieces."""
    return (
        np.concatenate([h.x for h in harvests]),
        np.concatenate([h.beat for h in harvests]),
        np.concatenate([h.wide for h in harvests]),
        np.concatenate([h.weight for h in harvests]),
    )


def joined(a: Table, b: Table) -> Table:
    """Put two tables one under the other."""
    return (
        np.concatenate([a[0], b[0]]),
        np.concatenate([a[1], b[1]]),
        np.concatenate([a[2], b[2]]),
        np.concatenate([a[3], b[3]]),
    )


def thinned(rows: Table, weights: network.Weights | None, rng: np.random.Generator) -> Table:
    """Keep the candidates there is something to learn from, and a sixth of the easy ones at six times the weight."""
    x, beat, wide, weight = rows
    if weights is None:
        chosen = rng.random(len(x)) < 0.4
        return x[chosen], beat[chosen], wide[chosen], weight[chosen]
    logit = np.maximum(x @ weights["w1"] + weights["b1"], 0.0) @ weights["w2"][:, 0] + weights["b2"][0]
    hard = logit * (2.0 * beat - 1.0) < EASY_LOGIT
    chosen = hard | (rng.random(len(x)) < EASY_SHARE)
    grown = np.where(hard, weight, weight / EASY_SHARE).astype(np.float32)
    return x[chosen], beat[chosen], wide[chosen], grown[chosen]


def teach(pieces: list[pool.Piece], persons: set[str], seed: int) -> Params:
    """Run, label, learn, and again with what was learned: the levels depend on the verdicts, so the inputs do too."""
    rng = np.random.default_rng(seed)
    params = network.untaught()
    weights: network.Weights | None = None
    before: Table | None = None
    for turn in range(ROUNDS):
        used = [p for p in pieces if p.kind in ("ludb", "cpsc") or p.recording.person in persons]
        rows = thinned(stacked([harvest(p, params, WEIGHTS[p.kind]) for p in used]), weights, rng)
        if before is not None and turn >= 2:
            rows = joined(rows, before)
        epochs = EPOCHS if turn < ROUNDS - 1 else 2 * EPOCHS
        weights = network.train(*rows, rng, epochs, DECAY, start=weights, rate=4e-3 if turn == 0 else 2e-3)
        before, params = rows, network.as_params(weights, RULES)
    return params


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


def main() -> None:
    """Teach, judge, and with --write put the result into the kernel's table and crossval.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is finished")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write qrs_tables.py and crossval.json")
    options = parser.parse_args()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    mitdb, ludb, cpsc = (list(source()) for source in (recordings.mitdb, recordings.ludb, recordings.cpsc2021))
    bw, em = recordings.wander_noise(), recordings.motion_noise()
    pieces = kept(work / "pool.pickle", lambda: pool.build(mitdb, ludb, cpsc, bw, em, options.seed))
    persons = {r.person for r in mitdb}
    fold_of = folds(persons)
    first = [r for r in mitdb if r.channel == 0]
    by_fold = []
    for fold in range(FOLDS):
        others = {p for p in persons if fold_of[p] != fold}
        by_fold.append(kept(work / f"fold{fold}.pickle", lambda others=others, fold=fold: teach(pieces, others, options.seed + fold)))
        print("fold", fold, figures([judged(r, by_fold[fold]) for r in first if fold_of[r.person] == fold]), flush=True)
    result = summary({r.name: by_fold[fold_of[r.person]] for r in first}, first)
    print("cross-validated", result["whole"], result["from_minute_5"], flush=True)

    apart = kept(work / "pool_without_motion.pickle", lambda: pool.build(mitdb, ludb, cpsc, bw, None, options.seed + 1))
    without_118 = {p for p in persons if fold_of[p] != fold_of["118"]}
    stranger = kept(work / "without_118.pickle", lambda: teach(apart, without_118, options.seed))
    for name in ("118e24", "118e12", "118e06"):
        noisy = next(r for r in recordings.nstdb(name) if r.channel == 0)
        result[name] = figures([judged(noisy, stranger, MINUTE_5)])
        print(name, result[name], flush=True)

    final = kept(work / "final.pickle", lambda: teach(pieces, persons, options.seed + 99))
    result["fitted"] = {k: v for k, v in summary({r.name: final for r in first}, first).items() if k != "records"}
    print("fitted", result["fitted"], flush=True)
    if options.write:
        table.write(final, "training/qrs/crossval.json says how well it does on records it was not taught on")
        (Path(__file__).parent / "crossval.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
