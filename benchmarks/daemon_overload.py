"""Four times what the daemon can take: `python -m benchmarks.daemon_overload [--times 4] [--seconds 20] [--json]`.

The daemon runs whole in this process: queue, engine, journal and outbox on disk, its own broker, a subscriber. What a source would push is
pushed here, already decoded, in chunks of a second: that is the cheapest a source can be, so the engine's side is what gives out. First
as fast as it is taken (the sustainable rate, chunks a second), then `--times` as fast. Beside the flood a few calm hearts, far within their
share of the queue, have ventricular tachycardia and asystole: nothing of theirs may be dropped, and what is told of them must be what an
engine of its own says to the same samples.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from edgeecg.client import AlertSubscriber
from edgeecg.daemon.app import App
from edgeecg.engine import Engine
from edgeecg.io.sources.items import Item
from edgeecg.rulefacts import Priority
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Alert, Chunk, Record, SourceChange, SourceState
from tests.daemon.killing import restless
from tests.daemon.rehearsal import running
from tests.ports import free_port

RATE_HZ = 250
CALM, FLOODING = 4, 60
CALM_EVERY_S = 0.5
"""A second of each calm heart in so long."""
CALM_WAITING = 8
"""Seconds of a calm heart that may wait, half its share: where a host stands still for longer, calm hearts do too, or were not calm."""
SIGNAL_S = 400
EPOCH = 7
QUEUE_VALUES = 4096
SETTLE_S = 60.0
RECEIVER = "bench"

Key = tuple[str, str, int, int]
"""Stream, rule, onset and revision: epochs, which ids are made of, are drawn anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What there is to report."""

    times: float
    sustainable: float
    """Chunks a second."""
    offered: float
    taken: float
    most_waiting: int
    """Chunks in the queue at once."""
    may_wait: int
    oldest_s: float
    """The greatest age of what waited: what is older was dropped for what is newer."""
    dropped_s: float
    """Of signal, all of it the flood's."""
    overrun_said_s: float
    """From the beginning of the flood until the subscriber had it; -1: never."""
    overrun_over_s: float
    """From its end."""
    calm_alerts: int
    calm_urgent: int
    calm_lost: int
    calm_invented: int
    calm_p50_ms: float
    calm_most_ms: float
    """From the deciding chunk's arrival to the subscriber, in the flood."""

    @property
    def within(self) -> bool:
        """All that must hold does."""
        is_bounded = self.most_waiting <= self.may_wait and self.dropped_s > 0
        is_told = self.overrun_said_s >= 0 and self.overrun_over_s >= 0
        return is_bounded and is_told and self.calm_urgent > 0 and not self.calm_lost and not self.calm_invented


def settings_of(folder: Path, port: int) -> str:
    streams = "".join(f'[[stream]]\nname = "{name}"\nrate_hz = {RATE_HZ}\n' for name in [*calm_names(), *flood_names()])
    return (
        f'[state]\nfolder = "{folder}/state"\n[health]\nport = 0\n[models]\nuse = []\n[broker]\nport = {port}\n'
        f'[queue]\nvalues = {QUEUE_VALUES}\n[alerts]\nreceivers = ["{RECEIVER}"]\n{streams}'
    )


def calm_names() -> list[str]:
    return [f"calm-{i}" for i in range(CALM)]


def flood_names() -> list[str]:
    return [f"flood-{i}" for i in range(FLOODING)]


def seconds_of(seed: int) -> NDArray[np.float64]:
    """Return a restless heart, a row a second."""
    simulation = Simulation(Setup(scenario=restless(n_cycles=SIGNAL_S // 20 + 1), seed=seed, rate_hz=RATE_HZ))
    return next(simulation.blocks(SIGNAL_S * RATE_HZ)).ecg_mv.reshape(SIGNAL_S, RATE_HZ)


class Hearts:
    """Who sends: the flood endlessly, the calm ones a second every half."""

    def __init__(self, app: App, now_ns: Callable[[], int]) -> None:
        self.now_ns, self._push, self._next_sample = now_ns, app.inbox.queue.push_all, app.keeper.engine.next_sample
        self._seconds = [seconds_of(seed) for seed in range(CALM)]
        self.calm: dict[str, list[Chunk]] = {name: [] for name in calm_names()}
        self._places = {name: count() for name in flood_names()}
        self.is_stopping = False
        self._calm_one = Thread(target=self._play_calm, name="calm")
        self._push([SourceState(name, SourceChange.OPENED, now_ns(), epoch=EPOCH) for name in [*calm_names(), *flood_names()]])

    def start_calm(self) -> None:
        self._calm_one.start()

    def stop(self) -> None:
        self.is_stopping = True
        self._calm_one.join()

    def _play_calm(self) -> None:
        begun_s = time.monotonic()
        for place in range(SIGNAL_S):
            time.sleep(max(0.0, begun_s + place * CALM_EVERY_S - time.monotonic()))
            while not self.is_stopping and any(
                len(sent) - self._next_sample(name) / RATE_HZ >= CALM_WAITING for name, sent in self.calm.items()
            ):
                time.sleep(0.01)
            if self.is_stopping:
                return
            for i, (name, sent) in enumerate(self.calm.items()):
                sent.append(Chunk(name, self._seconds[i][place], self.now_ns(), place))
                self._push([sent[-1]])

    def flood(self) -> Iterator[list[Item]]:
        """Give a second of every flooding heart, again and again; they are numbered, so that what is dropped is missed."""
        while True:
            now_ns = self.now_ns()
            round_: list[Item] = []
            for i, (name, places) in enumerate(self._places.items()):
                place = next(places)
                round_.append(Chunk(name, self._seconds[i % CALM][place % SIGNAL_S], now_ns, place))
            yield round_


class Ear(Thread):
    """Takes what comes; nobody acknowledges anything, so that what is told depends on the samples alone."""

    def __init__(self, ear: AlertSubscriber) -> None:
        super().__init__(name="ear")
        self._ear = ear
        self.is_stopping = False
        self.got: list[tuple[float, Alert]] = []

    def run(self) -> None:
        while not self.is_stopping:
            told = self._ear.take(0.2)
            if told is not None:
                self.got.append((time.monotonic(), told.alert))

    def first(self, rule: str, state: str, since_s: float) -> float:
        """Return how long after a moment something was told; -1: never."""
        return next(
            (at_s - since_s for at_s, alert in list(self.got) if alert.rule == rule and alert.state.name == state and at_s >= since_s), -1.0
        )


def chunks_taken(app: App) -> float:
    return app.numbers.records.value("Chunk")


def sustainable(app: App, hearts: Hearts, seconds: float) -> float:
    """Keep a little waiting at all times; return how many chunks a second are taken."""
    rounds, begun_s, before = hearts.flood(), time.monotonic(), chunks_taken(app)
    while time.monotonic() - begun_s < seconds:
        if app.inbox.queue.n_waiting < FLOODING:
            app.inbox.queue.push_all(next(rounds))
        else:
            time.sleep(0.0005)
    return (chunks_taken(app) - before) / (time.monotonic() - begun_s)


def flooded(
    app: App, hearts: Hearts, times: float, rate: float, seconds: float, seen: Callable[[], bool], say: Callable[[str], None]
) -> tuple[float, float, int, float]:
    """Offer `times` as many chunks a second as `rate`, or as are taken where those are more, for so long and until what is to come was seen.

    Return how many were offered and taken a second, most waiting, and the greatest age.
    """
    rounds, begun_s, before = hearts.flood(), time.monotonic(), chunks_taken(app)
    offered = most = 0
    oldest_s, said_s = 0.0, 0.0
    queue = app.inbox.queue
    while (passed_s := time.monotonic() - begun_s) < seconds or (passed_s < seconds + SETTLE_S and not seen()):
        while offered < times * max(rate * passed_s, chunks_taken(app) - before):
            queue.push_all(next(rounds))
            offered += FLOODING
        most = max(most, queue.n_waiting)
        arrived_ns = queue.oldest_ns()
        oldest_s = max(oldest_s, (hearts.now_ns() - arrived_ns) / 1e9 if arrived_ns else 0.0)
        if passed_s - said_s >= 5:
            said_s = passed_s
            say(f"{passed_s:3.0f} s: {queue.n_waiting} wait, {queue.dropped_samples / RATE_HZ:.0f} s of signal dropped")
        time.sleep(0.002)
    passed_s = time.monotonic() - begun_s
    return offered / passed_s, (chunks_taken(app) - before) / passed_s, most, oldest_s


def expected(app: App, hearts: Hearts) -> set[Key]:
    """Return what an engine of its own says to the calm hearts."""
    engine, keys = Engine(app.settings.engine()), set()
    for name, sent in hearts.calm.items():
        records: list[Record] = [SourceState(name, SourceChange.OPENED, sent[0].arrival_ns, epoch=EPOCH), *sent]
        keys |= {key_of(event) for record in records for event in engine.feed(record) if isinstance(event, Alert)}
    return keys


def key_of(alert: Alert) -> Key:
    return alert.stream, alert.rule, alert.onset_sample, alert.revision


def wait_for(holds: Callable[[], bool], seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while not holds() and time.monotonic() < end_s:
        time.sleep(0.05)


def overloaded(times: float, seconds: float, folder: Path, say: Callable[[str], None], *, calm_s: float = SETTLE_S) -> Figures:
    """Run it once. `calm_s`: how long to wait for the end of the overrun to be said, which takes half a minute of calm."""
    port = free_port()
    text = settings_of(folder, port)
    with running(lambda: text) as daemon:
        app = daemon.app
        daemon.until(lambda app: not app.troubles(), "the broker")
        with AlertSubscriber(f"mqtt://127.0.0.1:{port}", name=RECEIVER, store=folder / "subscriber.sqlite") as subscriber:
            ear = Ear(subscriber)
            ear.start()
            hearts = Hearts(app, daemon.clock.now_ns)
            try:
                rate = sustainable(app, hearts, seconds / 4)
                say(f"{rate:.0f} chunks of a second a second are sustainable")
                hearts.start_calm()
                begun_s = time.monotonic()

                def seen() -> bool:
                    is_urgent = any(alert.stream in hearts.calm and alert.priority == Priority.HIGH for _, alert in list(ear.got))
                    return is_urgent and app.inbox.queue.dropped_samples > 0 and ear.first("overload", "RAISED", begun_s) >= 0

                offered, taken, most, oldest_s = flooded(app, hearts, times, rate, seconds, seen, say)
                ended_s = time.monotonic()
                hearts.stop()
                wanted = expected(app, hearts)
                wait_for(lambda: wanted <= {key_of(alert) for _, alert in list(ear.got)}, SETTLE_S)
                wait_for(lambda: ear.first("overload", "CLEARED", ended_s) >= 0, calm_s)
            finally:
                ear.is_stopping = True
                ear.join()
    told = {key_of(alert): (at_s, alert) for at_s, alert in ear.got if alert.stream in hearts.calm and alert.rule != "silent"}
    delays_ms = [delay_ms(hearts, at_s, alert) for at_s, alert in told.values() if begun_s <= at_s <= ended_s]
    return Figures(
        times=times,
        sustainable=round(rate),
        offered=round(offered),
        taken=round(taken),
        most_waiting=most,
        may_wait=(CALM + FLOODING) * (QUEUE_VALUES // RATE_HZ + 2),
        oldest_s=round(oldest_s, 2),
        dropped_s=round(app.inbox.queue.dropped_samples / RATE_HZ, 1),
        overrun_said_s=round(ear.first("overload", "RAISED", begun_s), 2),
        overrun_over_s=round(ear.first("overload", "CLEARED", ended_s), 1),
        calm_alerts=len(wanted),
        calm_urgent=sum(told[key][1].priority == Priority.HIGH for key in wanted & told.keys()),
        calm_lost=len(wanted - told.keys()),
        calm_invented=len(told.keys() - wanted),
        calm_p50_ms=round(float(np.median(delays_ms)), 1) if delays_ms else -1.0,
        calm_most_ms=round(max(delays_ms, default=-1.0), 1),
    )


def delay_ms(hearts: Hearts, at_s: float, alert: Alert) -> float:
    """From the arrival of the chunk that decided it, on the daemon's clock, which counts monotonic time from its start."""
    arrived_ns = hearts.calm[alert.stream][alert.reported_at // RATE_HZ].arrival_ns
    return (at_s - time.monotonic()) * 1e3 + (hearts.now_ns() - arrived_ns) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=float, default=4.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    with TemporaryDirectory(prefix="edgeecg-overload-") as folder:
        figures = overloaded(options.times, options.seconds, Path(folder), lambda line: print(line, file=sys.stderr, flush=True))
    if options.json:
        print(json.dumps(asdict(figures)))
    else:
        print(f"{figures.offered:g} chunks a second offered, {figures.taken:g} taken; sustainable are {figures.sustainable:g}")
        print(
            f"at most {figures.most_waiting} of {figures.may_wait} waited, the oldest {figures.oldest_s:g} s; {figures.dropped_s:g} s of signal dropped"
        )
        print(f"overrun said after {figures.overrun_said_s:g} s, over {figures.overrun_over_s:g} s after the flood")
        print(f"calm hearts: {figures.calm_alerts} revisions, {figures.calm_urgent} urgent, {figures.calm_lost} lost, ", end="")
        print(f"{figures.calm_invented} invented; p50 {figures.calm_p50_ms:g} ms, at most {figures.calm_most_ms:g} ms")
    return 0 if figures.within else 1


if __name__ == "__main__":
    sys.exit(main())
