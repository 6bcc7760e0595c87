"""Everything the networks learn from, conditioned once: each recording as it is, and many times altered. Seeded."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qrs import noise, runs
from qrs.recordings import GRID_HZ, Recording, condition

Rng = np.random.Generator
PIECE_LEN = 600 * GRID_HZ


@dataclass(frozen=True, slots=True)
class Piece:
    """A conditioned stretch, its beats, and what kind of material it is (the weight is given by kind)."""

    recording: Recording
    kind: str
    clean: NDArray[np.float32]
    flags: NDArray[np.uint8]
    restart_s: int = 0


def piece(recording: Recording, kind: str, restart_s: int = 0) -> Piece:
    """Condition a recording and drop its raw samples."""
    clean, flags = condition(recording.raw)
    return Piece(replace(recording, raw=np.zeros(0)), kind, clean.astype(np.float32), flags, restart_s)


def excerpt(recording: Recording, rng: Rng) -> Recording:
    """Cut ten minutes out, anywhere."""
    if len(recording.raw) <= PIECE_LEN:
        return recording
    start = int(rng.integers(len(recording.raw) - PIECE_LEN))
    inside = (recording.beats >= start) & (recording.beats < start + PIECE_LEN)
    return replace(
        recording,
        raw=recording.raw[start : start + PIECE_LEN],
        beats=recording.beats[inside] - start,
        wide=recording.wide[inside],
        skip=tuple((a - start, b - start) for a, b in recording.skip),
    )


def altered(recording: Recording, others: list[Recording], bw: Any, em: Any, rng: Rng, *, morph: bool, spoil: bool) -> Recording:
    """Return an excerpt as another heart, another lead, or under noise."""
    start = int(rng.integers(2**31))
    short = excerpt(recording, np.random.default_rng(start))
    if morph:
        partner = others[rng.integers(len(others))] if others else recording
        short = noise.morphed(short, excerpt(partner, np.random.default_rng(start)), rng)
    if spoil:
        short = replace(short, raw=noise.spoiled(short.raw, short.beats, bw, rng, em))
    return short


def build(
    mitdb: list[Recording],
    ludb: list[Recording],
    cpsc: list[Recording],
    sims: list[Recording],
    bw: Any,
    em: Any,
    seed: int,
    copies: int = 3,
) -> list[Piece]:
    """Return the pool; `em` is recorded electrode motion, or None where that is to be kept for the judgement."""
    rng = np.random.default_rng(seed)
    leads: dict[str, list[Recording]] = {}
    for r in mitdb + ludb:
        leads.setdefault(r.name, []).append(r)
    pool: list[Piece] = []
    for r in mitdb:
        others = [q for q in leads[r.name] if q.channel != r.channel]
        if r.channel == 1:
            pool.append(piece(r, "second"))
            continue
        pool.append(piece(r, "first"))
        pool.append(piece(excerpt(r, rng), "restart", int(rng.integers(4, 20))))
        for _ in range(copies):
            pool.append(piece(altered(r, others, bw, em, rng, morph=False, spoil=True), "spoiled"))
            pool.append(piece(altered(r, others, bw, em, rng, morph=True, spoil=False), "morphed"))
            pool.append(piece(altered(r, others, bw, em, rng, morph=True, spoil=True), "both"))
        for spoil in (False, True) * copies if runs.possible(r) else ():
            run = runs.inserted(excerpt(r, rng), rng)
            pool.append(piece(replace(run, raw=noise.spoiled(run.raw, run.beats, bw, rng, em)) if spoil else run, "runs"))
    for r in sims:
        pool.append(piece(r, "sim"))
        pool.append(piece(altered(r, [], bw, em, rng, morph=True, spoil=rng.random() < 0.5), "sim"))
    for r in ludb:
        others = [q for q in leads[r.name] if q.channel != r.channel]
        pool.append(piece(altered(r, others, bw, em, rng, morph=rng.random() < 0.5, spoil=rng.random() < 0.5), "ludb"))
    pool += [piece(r, "cpsc") for r in cpsc]
    return pool
