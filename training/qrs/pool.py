"""Everything the networks learn from, conditioned once: each recording as it is, and many times altered. Seeded."""

from collections.abc import Iterator
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


def altered(
    recording: Recording, others: list[Recording], bw: Any, electrode: noise.Electrode, rng: Rng, *, morph: bool, spoil: bool
) -> Recording:
    """Return an excerpt as another heart, another lead, or under noise."""
    start = int(rng.integers(2**31))
    short = excerpt(recording, np.random.default_rng(start))
    if morph:
        partner = others[rng.integers(len(others))] if others else recording
        short = noise.morphed(short, excerpt(partner, np.random.default_rng(start)), rng)
    if spoil:
        short = replace(short, raw=noise.spoiled(short.raw, short.beats, bw, rng, electrode))
    return short


def first_lead(r: Recording, others: list[Recording], bw: Any, electrode: noise.Electrode, rng: Rng, copies: int) -> Iterator[Piece]:
    """Yield a record's first lead as it is, begun anew all the time, altered in every way, and with runs."""
    yield piece(r, "first")
    yield piece(excerpt(r, rng), "restart", int(rng.integers(4, 20)))
    for _ in range(copies):
        yield piece(altered(r, others, bw, electrode, rng, morph=False, spoil=True), "spoiled")
        yield piece(altered(r, others, bw, electrode, rng, morph=True, spoil=False), "morphed")
        yield piece(altered(r, others, bw, electrode, rng, morph=True, spoil=True), "both")
    for spoil in (False, True) * copies if runs.possible(r) else ():
        run = runs.inserted(excerpt(r, rng), rng)
        yield piece(replace(run, raw=noise.spoiled(run.raw, run.beats, bw, rng, electrode)) if spoil else run, "runs")


def in_motion(recording: Recording, electrode: noise.Electrode, rng: Rng) -> Piece:
    """Shake a recording's electrode."""
    return piece(replace(recording, raw=noise.moved(recording.raw, recording.beats, electrode, rng)), "moved")


def odd(r: Recording, others: list[Recording], bw: Any, electrode: noise.Electrode, rng: Rng) -> Recording:
    """Return an excerpt with runs, or else as another heart: in motion too, not all that is wide and odd is motion."""
    short = excerpt(r, rng)
    return runs.inserted(short, rng) if runs.possible(r) else altered(r, others, bw, electrode, rng, morph=True, spoil=False)


def build(
    mitdb: list[Recording],
    ludb: list[Recording],
    cpsc: list[Recording],
    sims: list[Recording],
    bw: Any,
    electrode: noise.Electrode,
    seed: int,
    *,
    motion: bool,
    copies: int = 3,
) -> list[Piece]:
    """Return the pool; where much motion is to be taught, also with nothing but that."""
    rng = np.random.default_rng(seed)
    leads: dict[str, list[Recording]] = {}
    for r in mitdb + ludb:
        leads.setdefault(r.name, []).append(r)
    others = {id(r): [q for q in leads[r.name] if q.channel != r.channel] for r in mitdb + ludb}
    firsts = [r for r in mitdb if r.channel == 0]
    pool: list[Piece] = []
    for r in mitdb:
        pool += first_lead(r, others[id(r)], bw, electrode, rng, copies) if r.channel == 0 else [piece(r, "second")]
    for _ in range(copies if motion else 0):
        pool += [in_motion(excerpt(r, rng), electrode, rng) for r in firsts]
        pool += [in_motion(odd(r, others[id(r)], bw, electrode, rng), electrode, rng) for r in firsts]
    for r in sims:
        pool += [in_motion(r, electrode, rng)] if motion else []
        pool.append(piece(r, "sim"))
        pool.append(piece(altered(r, [], bw, electrode, rng, morph=True, spoil=rng.random() < 0.5), "sim"))
    for r in ludb:
        short = altered(r, others[id(r)], bw, electrode, rng, morph=rng.random() < 0.5, spoil=rng.random() < 0.5)
        pool.append(piece(short, "ludb"))
    pool += [piece(r, "cpsc") for r in cpsc]
    return pool
