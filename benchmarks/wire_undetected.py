"""How often a harmed frame of each format is taken for a good one: `python -m benchmarks.wire_undetected`.

Each harmed frame stands between six intact ones, the samples are noise of the format's own width, and an instant that none of the
thirteen held counts as a wrong one. The same harm is done to our own frames, whose CRC-32 should let none through.
"""

import argparse
import random
import sys
from collections.abc import Callable

from edgeecg_wire.adapters import ADAPTERS, Block
from edgeecg_wire.codec import Decoder, encode
from edgeecg_wire.damage import KINDS, damage
from edgeecg_wire.frames import Samples
from tests.wire.foreign import FORMATS, Instant

Read = Callable[[bytes], list[Instant]]
Build = Callable[[int, random.Random], tuple[bytes, tuple[Instant, ...]]]
BESIDE = 6


def own_frame(i: int, rng: random.Random) -> tuple[bytes, tuple[Instant, ...]]:
    """Return one of our frames: 25 samples."""
    values = tuple(round(rng.gauss(0, 500)) for _ in range(25))
    data = b"".join(value.to_bytes(2, "little", signed=True) for value in values)
    return encode(Samples(0, i & 0xFFFF, i, 250_000, 1, 16, 0, 0, data)), (values,)


def own_read(line: bytes) -> list[Instant]:
    """Return what our decoder takes for samples."""
    frames = [frame for frame in Decoder().feed(line) if isinstance(frame, Samples)]
    return [tuple(int.from_bytes(f.data[i : i + 2], "little", signed=True) for i in range(0, len(f.data), 2)) for f in frames]


def read_by(name: str) -> Read:
    """Return the reader of an adapter."""
    return lambda line: [instant for reading in ADAPTERS[name]().feed(line) if isinstance(reading, Block) for instant in reading.instants]


def run(frame: Build, read: Read, kind: str, n: int, seed: int) -> tuple[int, int]:
    """Harm n frames, each between intact ones; return how many wrong instants were taken, and how many intact ones were lost."""
    rng = random.Random(seed)
    wrong = lost = 0
    for i in range(n):
        sent = [frame(i + k, rng) for k in range(2 * BESIDE + 1)]
        wires = [wire for wire, _ in sent]
        wires[BESIDE] = damage(wires[BESIDE], wires[BESIDE + 1], kind, rng)
        got = read(b"".join(wires))
        true = {instant for _, instants in sent for instant in instants}
        wrong += sum(instant not in true for instant in got)
        lost += sum(instant not in got for k, (_, instants) in enumerate(sent) if k != BESIDE for instant in instants)
    return wrong, lost


def main() -> int:
    """Print a line for each format: wrong instants and intact instants lost, for every 1000 harmed frames."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=5000, help="harmed frames of each format and kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("wrong instants taken / intact instants lost, for every 1000 harmed frames")
    print(f"{'format':20}" + "".join(f"{kind:>16}" for kind in KINDS))
    formats = [("edgeecg", own_frame, own_read)] + [(f.adapter, f.frame, read_by(f.adapter)) for f in FORMATS]
    for name, frame, read in formats:
        cells = [run(frame, read, kind, options.frames, options.seed) for kind in KINDS]
        scale = 1000 / options.frames
        print(f"{name:20}" + "".join(f"{f'{wrong * scale:.1f} / {lost * scale:.1f}':>16}" for wrong, lost in cells), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
