"""`edgeecg demo beats`: the bundled recording, live, and how well its beats were found."""

import argparse

import numpy as np

from edgeecg.api import records_of
from edgeecg.cli import DISCLAIMER
from edgeecg.cli.monitor import LEGEND, clock
from edgeecg.cli.parser import Parser, checked
from edgeecg.cli.player import CHUNK_S, Player
from edgeecg.cli.replay import watch
from edgeecg.data import load_beats, load_excerpt
from edgeecg.evals.pairing import WINDOW_S, pair
from edgeecg.facts import StreamFacts
from edgeecg.types import Beat, Morphology
from edgeecg.warmup import compile_all


def configure(parser: Parser) -> None:
    """Say how fast."""
    speed = checked(float, "a number > 0", lambda speed: speed > 0)
    parser.add_argument("--speed", type=speed, default=12.0, help="times as fast as it was recorded (default: 12; inf: as fast as it goes)")


def run(options: argparse.Namespace) -> int:
    """Replay it, then compare."""
    excerpt = load_excerpt()
    facts = StreamFacts(
        name="mitdb208",
        rate_hz=excerpt.rate_hz,
        leads=(excerpt.lead,),
        mv_per_unit=1 / excerpt.units_per_mv,
        offset_units=excerpt.offset_units,
        rails_units=excerpt.rails_units,
    )
    print("Compiling the kernels, or fetching them compiled ...", flush=True)
    compile_all()
    lasts_s = len(excerpt.samples) / excerpt.rate_hz
    print(
        f"{excerpt.title}\n{clock(lasts_s)} of lead {excerpt.lead} at {excerpt.rate_hz:g} Hz, {options.speed:g} times as fast\n{LEGEND}\n"
    )
    player = Player(facts, speed=options.speed)
    summary = watch(player.play(records_of(excerpt.samples, facts, chunk_len=round(CHUNK_S * excerpt.rate_hz))), rate_hz=excerpt.rate_hz)
    print("\n" + "\n".join([*summary.lines(), *_against_reference(summary.beats, excerpt.rate_hz)]))
    print(f"computing    {player.computing_s:.2f} s for {lasts_s:.0f} s of signal: {lasts_s / player.computing_s:.0f} times real time")
    print(f"\n{DISCLAIMER}")
    return 0


def _against_reference(beats: list[Beat], rate_hz: float) -> list[str]:
    """Say how the beats found compare with those that cardiologists marked, as EC57 counts."""
    reference, symbols = load_beats()
    beats = sorted(beats, key=lambda beat: beat.sample)
    pairing = pair(reference, np.array([beat.sample for beat in beats], dtype=np.int64), int(WINDOW_S * rate_hz))
    n_found, n_false = int(pairing.found.sum()), int(pairing.false.sum())
    called_wide = np.array([beats[match].morphology == Morphology.WIDE for match in pairing.match[pairing.found]])
    wide = {symbol: f"{called_wide[symbols[pairing.found] == symbol].sum()} of {(symbols == symbol).sum()}" for symbol in "VN"}
    shares = f"sensitivity {n_found / len(reference):.2%}, predictivity {n_found / max(1, len(beats)):.2%}"
    return [
        f"reference    {len(reference)} beats marked by cardiologists: {len(reference) - n_found} missed, {n_false} false; {shares}",
        "             (the detector was taught on recordings that include this one)",
        f"called wide  {wide['V']} ventricular beats, {wide['N']} normal ones",
    ]
