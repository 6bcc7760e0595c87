"""What a second lead is worth: records with both leads, as they are, with motion on the first alone, and with the first off now and then."""

from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.qrs import qrs_block, qrs_finish, qrs_reset
from edgeecg_kernels.qrs_second import hear
from edgeecg_kernels.qrs_state import QRS_STATE
from edgeecg_kernels.state import EVENT, FLAG_LEAD_OFF
from qrs.harvest import kernel
from qrs.noise import motion, qrs_power, scaled
from qrs.recordings import GRID_HZ, Recording, condition
from qrs.score import MINUTE_5, Score, score

Params = NDArray[Any]
Lead = tuple[NDArray[np.float64], NDArray[np.uint8]]
MOTION_DB = (6.0, 0.0)
SEED = 5
SPOILED_S = 120
"""Noise comes and goes, as in the noise stress test."""
OFF_S = 60
"""The first lead is off for one such stretch of every three."""


@kernel
def _run(state: Any, params: Any, y0: Any, f0: Any, y1: Any, f1: Any, listen: bool, out: Any) -> int:
    """Take a second at a time, the second lead first, as the pipeline does."""
    n, p = 0, params[0]
    qrs_reset(state[0])
    qrs_reset(state[1])
    for a in range(0, len(y0), GRID_HZ):
        b = min(a + GRID_HZ, len(y0))
        if listen:
            hear(state[0], out, n, qrs_block(state[1], p, y1[a:b], f1[a:b], b - a, a, 1, out, n))
        n = qrs_block(state[0], p, y0[a:b], f0[a:b], b - a, a, 0, out, n)
    if listen:
        hear(state[0], out, n, qrs_finish(state[1], p, 1, out, n))
    return int(qrs_finish(state[0], p, 0, out, n))


def detect(first: Lead, second: Lead, params: Params, *, listen: bool) -> NDArray[Any]:
    """Return the beats' rows of a stream with two leads."""
    out = np.zeros(len(first[0]) // 15 + 400, EVENT)
    return out[: _run(np.zeros(2, QRS_STATE), params, *first, *second, listen, out)]


def spoiled(recording: Recording, snr_db: float) -> Lead:
    """Put motion on a lead for two minutes of every four."""
    n = len(recording.raw)
    on = np.arange(n) // (SPOILED_S * GRID_HZ) % 2 == 1
    noise = motion(n, np.random.default_rng([SEED, int(recording.name)]))
    return condition(recording.raw + on * scaled(noise, qrs_power(recording.raw, recording.beats), snr_db))


def off(lead: Lead) -> Lead:
    """Take a lead off for a minute of every three."""
    gone = np.arange(len(lead[0])) // (OFF_S * GRID_HZ) % 3 == 2
    return np.where(gone, 0.0, lead[0]), np.where(gone, FLAG_LEAD_OFF, lead[1]).astype(np.uint8)


def two_leads(judge_by: dict[str, Params], recordings: list[Recording]) -> dict[str, dict[str, Any]]:
    """Score every record from minute 5, without and with its second lead, under each condition; no record was taught on."""
    firsts, seconds = ([r for r in recordings if r.channel == k] for k in (0, 1))
    clean = {r.name: condition(r.raw) for r in firsts}
    second = {r.name: condition(r.raw) for r in seconds}
    conditions = {"as it is": clean, "first lead off a third": {name: off(lead) for name, lead in clean.items()}}
    conditions |= {f"motion on the first, {db:g} dB": {r.name: spoiled(r, db) for r in firsts} for db in MOTION_DB}
    table: dict[str, dict[str, Any]] = {}
    for title, leads in conditions.items():
        for listen in (False, True):
            gross: Score = reduce(add, (_judged(r, leads[r.name], second[r.name], judge_by[r.name], listen=listen) for r in firsts))
            figures = {"f1": round(gross.f1, 4), "fn": gross.fn, "fp": gross.fp}
            table.setdefault(title, {})["with the second" if listen else "alone"] = figures
    return table


def _judged(recording: Recording, first: Lead, second: Lead, params: Params, *, listen: bool) -> Score:
    rows = detect(first, second, params, listen=listen)
    return score(recording, rows["sample"].astype(float), rows["known_at"].astype(float), MINUTE_5)
