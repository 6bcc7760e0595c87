"""Does what waits of a calm heart change what is said? `python -m benchmarks.calm_fuzz [--rounds 60] [--seed 0] [--data FOLDER] [--json]`.

A round hears some streams twice: stretches of recordings (where FOLDER, else EDGEECG_DATA, has any) and simulated hearts, in chunks of any
length, in calls of any size, with time passing and snapshots taken between them. Once events may wait in the kernel, once none may. All
events must be equal. Exit status 1: they were not, and the round's seed is said.
"""

import argparse
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from edgeecg.bench.workloads import ARRHYTHMIA, FLEET, MV_PER_COUNT, WORKLOADS, WORST, hearts_of
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.wfdb import read_record
from edgeecg.rulefacts import default_rules
from edgeecg.stages.rules.calm import Calm
from edgeecg.types import Alert, Chunk, Event, Record, SourceChange, SourceState, Tick

S = 1_000_000_000
STRETCH_S = (60.0, 300.0)
MOST_STREAMS = 4
MISHAP_S = 60.0
FOLDERS = ("mitdb", "nstdb", "cpsc2021")
SIMULATED_HZ = 250.0
Heart = tuple[NDArray[np.floating], float]
"""Millivolts, and their rate."""


def recorded(folder: Path | None) -> list[Path]:
    """Return the recordings there are."""
    return [header.with_suffix("") for name in FOLDERS if folder for header in sorted((folder / name).glob("*.hea"))]


def heart(paths: Sequence[Path], luck: random.Random) -> Heart:
    """Return a stretch of a heart, recorded if there are recordings, or else simulated; one in four is anyway."""
    seconds = luck.uniform(*STRETCH_S)
    if paths and luck.random() < 0.75:
        record = read_record(luck.choice(paths))
        first, length = luck.random(), round(seconds * record.rate_hz)
        x = luck.choice(record.leads).millivolts()
        begin = round(first * max(0, len(x) - length))
        return x[begin : begin + length], record.rate_hz
    load = WORKLOADS[luck.choice((FLEET, ARRHYTHMIA, WORST))]
    counts = luck.choice(hearts_of(load, seconds, rate_hz=SIMULATED_HZ, seed=luck.randrange(2**20)))
    return counts * MV_PER_COUNT, SIMULATED_HZ


def records_of(name: str, heart: Heart, luck: random.Random) -> list[Record]:
    """Return what a stream sends: chunks of any length, a moment's silence now and then, a minute of it at the end.

    And what leaves alerts open while a heart beats on: samples that never come, or are no numbers, a clock that jumps.
    """
    x, rate_hz = heart[0].astype(np.float64), heart[1]
    longest_s, first, waited_ns, sequence, jumped_us = luck.choice((0.04, 0.5, 3.0)), 0, 0, 0, 0
    records: list[Record] = [SourceState(name, SourceChange.OPENED, 0, epoch=1)]
    while first < len(x):
        upto = first + luck.randint(1, max(1, round(longest_s * rate_hz)))
        if not luck.randrange(200):
            waited_ns += luck.randrange(10 * S)
            records.append(Tick(waited_ns + round(first / rate_hz * S)))
        piece, arrival_ns = x[first:upto], waited_ns + round(min(upto, len(x)) / rate_hz * S)
        records.append(Chunk(name, piece, arrival_ns, sequence & 0xFFFF, jumped_us + round(first / rate_hz * 1e6)))
        first, sequence = upto, sequence + 1
        if luck.random() < len(piece) / rate_hz / MISHAP_S:
            length, mishap = round(luck.choice((0.1, 0.3, 1.0, 2.0)) * rate_hz), luck.choice(("lost", "no numbers", "clock"))
            if mishap == "lost":
                first, sequence = first + length, sequence + 1
            elif mishap == "no numbers":
                x[first : first + length] = np.nan
            else:
                jumped_us += luck.randrange(200_000, 2_000_000)
    return [*records, Tick(waited_ns + round(len(x) / rate_hz * S) + 60 * S)]


def in_turns(streams: list[list[Record]], luck: random.Random) -> Iterator[list[Record]]:
    """Yield calls of some records; each stream's own stay in order."""
    left = [iter(records) for records in streams]
    while left:
        call: list[Record] = []
        for _ in range(luck.choice((1, 3, 40))):
            records = luck.choice(left)
            one = next(records, None)
            if one is None:
                left.remove(records)
                break
            call.append(one)
        if call:
            yield call


def said(config: EngineConfig, calls: list[list[Record]], *, snapshot_after: set[int], may_wait: bool) -> list[Event]:
    """Return all events; after some calls, another engine goes on from a snapshot."""
    with nullcontext() if may_wait else patch.object(Calm, "look", lambda calm, *_: calm.forget()):
        engine, events = Engine(config), list[Event]()
        for number, call in enumerate(calls):
            events += [event for given in engine.feed_many(call) for event in given]
            if number in snapshot_after:
                state, engine = engine.snapshot(), Engine(config)
                events += engine.restore(state)
        return events


def played(paths: Sequence[Path], seed: int) -> tuple[list[Event], list[Event]]:
    """Play a round; return what was said where events might wait, and where none might."""
    luck = random.Random(seed)
    hearts = [heart(paths, luck) for _ in range(luck.randint(1, MOST_STREAMS))]
    facts = tuple(
        StreamFacts(name=f"s{n}", rate_hz=rate_hz, mv_per_unit=1.0, sequence_bits=16, device_clock_bits=64)
        for n, (_, rate_hz) in enumerate(hearts)
    )
    config = EngineConfig(streams=facts, rules=default_rules())
    calls = list(in_turns([records_of(one.name, heart, luck) for one, heart in zip(facts, hearts, strict=True)], luck))
    snapshot_after = {luck.randrange(len(calls)) for _ in range(luck.randrange(4))}
    waiting, asked = (said(config, calls, snapshot_after=snapshot_after, may_wait=may_wait) for may_wait in (True, False))
    return waiting, asked


def main() -> int:
    """Return 0 where all was equal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path(os.environ["EDGEECG_DATA"]) if "EDGEECG_DATA" in os.environ else None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths, told, unequal = recorded(options.data), Counter[str](), []
    for number in range(options.rounds):
        seed = options.seed * 1_000_000 + number
        waiting, asked = played(paths, seed)
        told += Counter(events=len(asked), alerts=sum(isinstance(event, Alert) for event in asked))
        if waiting != asked:
            unequal.append(seed)
        print(f"\r  {number + 1} of {options.rounds} rounds, {told['events']} events", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    result = {"rounds": options.rounds, "recordings": len(paths), **told, "unequal_seeds": unequal}
    print(json.dumps(result) if options.json else "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in result.items()))
    return int(bool(unequal))


if __name__ == "__main__":
    sys.exit(main())
