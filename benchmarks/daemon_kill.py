"""kill -9 of the daemon at random moments: `python -m benchmarks.daemon_kill --kills 200 [--json]`.

A simulated device on a pty, 20 times as fast as a heart, with an episode every 20 s of its time; the daemon, on a clock as fast; a broker and
a subscriber that live on. At the end the whole journal is fed to one engine that was never killed: its alerts are what the subscriber
must have got, each once and word for word. Samples that came while no daemon ran are lost on the wire, and gaps in both.
"""

import argparse
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.daemon.killing import SPEED, killed


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to report."""

    kills: int
    speed: float
    seed: int
    alerts: int
    lost: int
    invented: int
    duplicates: int
    differing: int
    rules: dict[str, int]
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--within", type=float, default=1.0, metavar="S", help="a daemon lives up to this long once it is ready (default: 1)"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="edgeecg-kill-") as folder:
        outcome = killed(options.kills, Path(folder), seed=options.seed, within_s=options.within)
    rules = Counter(alert.rule for alert in outcome.expected.values())
    figures = Figures(
        kills=outcome.kills,
        speed=SPEED,
        seed=options.seed,
        alerts=len(outcome.expected),
        lost=outcome.lost,
        invented=outcome.invented,
        duplicates=outcome.duplicates,
        differing=outcome.differing,
        rules=dict(rules.most_common()),
        seconds=round(outcome.seconds, 1),
    )
    if options.json:
        print(json.dumps(asdict(figures)))
        return
    print(f"{figures.kills} kills in {figures.seconds:g} s: {figures.alerts} revisions of alerts, {figures.lost} lost, ", end="")
    print(f"{figures.invented} that no unkilled engine makes, {figures.duplicates} seen twice, {figures.differing} otherwise")
    print(", ".join(f"{rule} {count}" for rule, count in rules.most_common()))


if __name__ == "__main__":
    main()
