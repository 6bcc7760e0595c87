"""What else the detector says of a beat, judged by records it was not taught on: its kind, and how sure it is."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation
from qrs.harvest import detect
from qrs.recordings import GRID_HZ, Recording, wideness
from qrs.score import outside, pairs

Params = NDArray[Any]
PACED = {"102", "107"}
"""EC57 leaves paced recordings out where kinds are counted."""
STEPS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
RATES_BPM = (130.0, 150.0, 180.0, 200.0, 220.0)
MUSCLE_DB = (None, 20.0, 12.0)
SEEDS = (101, 102)
"""None that is taught with."""
CALLED_WIDE = 2.0


def _percent(part: float, whole: float) -> float:
    return round(100.0 * part / whole, 2) if whole else 0.0


def _found(recording: Recording, params: Params) -> tuple[NDArray[Any], list[tuple[int, int]], NDArray[np.int8]]:
    """Return the beats reported, which of them are which annotated ones, and the kinds of those."""
    rows = detect(recording.raw, params)
    rows = rows[outside(rows["sample"].astype(float), recording.skip)]
    counted = outside(recording.beats, recording.skip)
    return rows, pairs(recording.beats[counted], rows["sample"].astype(float)), recording.wide[counted]


def kinds(judge_by: dict[str, Params], recordings: list[Recording]) -> dict[str, Any]:
    """Say how many annotated ventricular beats are called wide, found or not, and how many others are."""
    records: dict[str, dict[str, int]] = {}
    for recording in recordings:
        rows, matched, wide = _found(recording, judge_by[recording.name])
        called = np.array([rows["value"][j, 1] == CALLED_WIDE for _, j in matched])
        kind = wide[[i for i, _ in matched]]
        counts = {"ventricular": int((wide == 1).sum()), "called_wide": int((called & (kind == 1)).sum())}
        records[recording.name] = counts | {"others": int((kind == 0).sum()), "others_called_wide": int((called & (kind == 0)).sum())}
    gross = {key: sum(counts[key] for name, counts in records.items() if name not in PACED) for key in next(iter(records.values()))}
    figures = {
        "sensitivity": _percent(gross["called_wide"], gross["ventricular"]),
        "predictivity": _percent(gross["called_wide"], gross["called_wide"] + gross["others_called_wide"]),
        "others_called_wide": _percent(gross["others_called_wide"], gross["others"]),
    }
    return figures | {"records": records}


def reliability(judge_by: dict[str, Params], recordings: list[Recording]) -> list[dict[str, float]]:
    """Say of beats by their confidence how many are beats."""
    sure, right = [], []
    for recording in recordings:
        rows, matched, _ = _found(recording, judge_by[recording.name])
        truly = np.zeros(len(rows), np.bool_)
        truly[[j for _, j in matched]] = True
        sure.append(rows["value"][:, 0])
        right.append(truly)
    confidence, is_beat = np.concatenate(sure), np.concatenate(right)
    table = []
    for low, high in pairwise(STEPS):
        inside = (confidence >= low) & (confidence < high if high < 1.0 else confidence <= high)
        if inside.any():
            table.append({
                "from": low, "to": high, "beats": int(inside.sum()), "mean": round(float(confidence[inside].mean()), 4),
                "right": round(float(is_beat[inside].mean()), 4),
            })  # fmt: skip
    return table


def tachycardias(params: Params) -> list[dict[str, Any]]:
    """Say of simulated ventricular tachycardias, half a minute each after sinus rhythm, how many beats are found and called wide."""
    table = []
    for bpm in RATES_BPM:
        for snr_db in MUSCLE_DB:
            total = found = wide = usual = usual_wide = false = 0
            for seed in SEEDS:
                episodes = (Episode(0.0, "normal"), Episode(30.0, "vt", {"bpm": bpm}), Episode(60.0, "normal"))
                noise = () if snr_db is None else (Noise("muscle", snr_db),)
                setup = Setup(scenario=Scenario(name="vt", episodes=episodes), noise=noise, seed=seed)
                block = next(Simulation(setup).blocks(90 * GRID_HZ))
                rows = detect(block.ecg_mv, params)
                matched = pairs(np.array([b.sample for b in block.beats], float), rows["sample"].astype(float))
                kind = wideness([b.beat.form.symbol for b in block.beats])
                called = [(kind[i], rows["value"][j, 1] == CALLED_WIDE) for i, j in matched]
                total, false = total + int((kind == 1).sum()), false + len(rows) - len(matched)
                found += sum(k == 1 for k, _ in called)
                wide += sum(k == 1 and w for k, w in called)
                usual += sum(k == 0 for k, _ in called)
                usual_wide += sum(k == 0 and w for k, w in called)
            table.append({
                "bpm": bpm, "muscle_db": snr_db, "beats": total, "found": int(found), "called_wide": int(wide), "false": false,
                "others": int(usual), "others_called_wide": int(usual_wide),
            })  # fmt: skip
    return table
