"""What looking on costs, and what is seen: `python -m benchmarks.dashboard WHAT [--json]`. All of it on loopback, with simulated hearts.

    engine [--streams 4] [--rounds 6] [--turn-s 15] [--browser]   arrival to decision, somebody looking and nobody, turn by turn
    alert [--episodes 6]                                          from a V-tach alert until it stands on the page, from a click to the outbox
    frames [--streams 4 or 50]                                    frames a second, the longest between two, what one costs to draw
    memory [--minutes 30]                                         the tab's heap, minute by minute, after a collection

`--browser` and all but the first need Chromium and playwright; the browser then shares this machine's cores with the engine.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from threading import Thread
from typing import Any
from urllib.request import urlopen

from benchmarks.dashboard_wards import PATIENCE_S, crowd, dashboard, onlooker, tab, ward
from edgeecg.types import Alert, AlertState, Chunk
from tests.daemon.rehearsal import Running


def look(options: argparse.Namespace) -> dict[str, Any]:
    """Read all that a page is told, until standard input ends."""
    from websockets.sync.client import connect

    with urlopen(options.address) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    origin: Any = options.address.rstrip("/")
    n_told = 0
    with connect(f"{origin.replace('http', 'ws')}/live", origin=origin, additional_headers={"Cookie": cookie}, max_size=None) as socket:

        def leave() -> None:
            sys.stdin.read()
            socket.close()

        Thread(target=leave, daemon=True).start()
        for _ in socket:
            n_told += 1
    return {"told": n_told}


def engine(options: argparse.Namespace) -> dict[str, Any]:
    """Alternate turns with and without somebody who looks; milliseconds from arrival to decision, of every call that had samples."""
    with ward(options.streams) as (daemon, folder):
        took = Taken(daemon)
        turns: dict[bool, list[list[float]]] = {False: [], True: []}
        for turn in range(2 * options.rounds):
            is_seen = bool(turn % 2) != bool(turn // 2 % 2)  # nobody, somebody, somebody, nobody: a drift hits both alike
            with ExitStack() as stack:
                if is_seen:
                    address = stack.enter_context(dashboard(folder))
                    stack.enter_context(tab(address) if options.browser else onlooker(address))
                time.sleep(2.0)
                took.clear()
                time.sleep(options.turn_s)
                turns[is_seen].append(took.clear())
    alone, seen = (percentiles(turns[is_seen]) for is_seen in (False, True))
    ratios = {f"{name}_ratio": round(seen[name] / alone[name], 3) for name in ("p50_ms", "p99_ms", "p99_of_turns_ms")}
    return {"streams": options.streams, "alone": alone, "seen": seen, **ratios}


class Taken:
    """Hears when each call of the engine is over."""

    def __init__(self, daemon: Running) -> None:
        clock, decided = daemon.app._clock, daemon.app._decided  # noqa: SLF001
        self._taken_ms: list[float] = []
        heard = decided.heard

        def hear(records: Any, given: Any) -> None:
            arrivals = [record.arrival_ns for record in records if isinstance(record, Chunk)]
            heard(records, given)
            if arrivals:
                self._taken_ms.append((clock.now_ns() - min(arrivals)) / 1e6)

        decided.heard = hear

    def clear(self) -> list[float]:
        """Return what was taken since."""
        taken, self._taken_ms[:] = list(self._taken_ms), []
        return taken


def percentiles(turns: Sequence[Sequence[float]]) -> dict[str, float]:
    """Of all turns together, and the median of the turns' own: one turn in which the machine was busy elsewhere does not decide it."""
    cuts = statistics.quantiles([one for turn in turns for one in turn], n=100)
    own = statistics.median(statistics.quantiles(turn, n=100)[98] for turn in turns)
    found = {"p50_ms": cuts[49], "p90_ms": cuts[89], "p99_ms": cuts[98], "p99_of_turns_ms": own}
    return {"calls": sum(map(len, turns)), **{name: round(value, 3) for name, value in found.items()}}


def alert(options: argparse.Namespace) -> dict[str, Any]:
    """From an alert in the outbox to its card on the page, and from a click to what a person said in the outbox; all clocks are this machine's."""
    with ward(options.streams, is_restless=True) as (daemon, folder):
        told: dict[AlertState, dict[str, float]] = {AlertState.RAISED: {}, AlertState.ACKNOWLEDGED: {}}
        heard = daemon.app._decided.heard  # noqa: SLF001

        def hear(records: Any, given: Any) -> None:
            for event in (event for events in given for event in events):
                if isinstance(event, Alert) and event.rule == "v-tach" and event.state in told:
                    told[event.state].setdefault(event.alert_id, time.time() * 1000)
            heard(records, given)

        daemon.app._decided.heard = hear  # noqa: SLF001
        with dashboard(folder) as address, tab(address) as page:
            page.locator("#by").fill("nurse")
            page.evaluate(WATCH_CARDS)
            wait(lambda: _acknowledged(page, len(told[AlertState.ACKNOWLEDGED]), options.episodes), 60.0 + 45.0 * options.episodes)
            seen, clicked = page.evaluate("window.seenAt"), page.evaluate("window.clickedAt")
    raised, taken = (list(told[state].values()) for state in (AlertState.RAISED, AlertState.ACKNOWLEDGED))
    delays = {"alert_to_card_ms": [_since(raised, at) for at in seen], "click_to_outbox_ms": [_since(clicked, at) for at in taken]}
    return {"alerts": len(seen)} | {name: [round(one) for one in sorted(of)] for name, of in delays.items()}


def _since(told: Sequence[float], at: float) -> float:
    """Return how long after the last that was told something came."""
    return at - max(one for one in told if one <= at)


def _acknowledged(page: Any, n_taken: int, wanted: int) -> bool:
    n_seen: int = page.evaluate(SEEN)
    print(f"{n_seen} alerts on the page, {n_taken} of {wanted} acknowledged", file=sys.stderr)
    return min(n_seen, n_taken) >= wanted


WATCH_CARDS = """() => { window.seenAt = []; window.clickedAt = []; const known = new WeakSet();
  new MutationObserver((records) => { for (const r of records) for (const node of r.addedNodes)
    if (node.dataset?.rule === "v-tach" && !known.has(node)) { known.add(node); requestAnimationFrame(() => window.seenAt.push(Date.now())); }
  }).observe(document.getElementById("alerts"), { childList: true }); }"""
SEEN = """() => { const buttons = document.querySelectorAll(".alert.high[data-rule='v-tach'] button.ack:not([hidden])");
  buttons.forEach((button) => { window.clickedAt.push(Date.now()); button.click(); });
  return window.seenAt.length; }"""
"""An alert that nobody has seen stays, and the next episode is told as a revision of it: so each is acknowledged."""
WATCH_FRAMES = """() => { window.gaps = []; let last = performance.now();
  const turn = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(turn); }; requestAnimationFrame(turn); }"""


def wait(holds: Callable[[], bool], timeout_s: float) -> None:
    end_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end_s, "waited too long"
        time.sleep(1.0)


def frames(options: argparse.Namespace) -> dict[str, Any]:
    """How evenly the page is drawn, and what one picture of it costs."""
    with crowd(options.streams) as folder, dashboard(folder) as address, tab(address) as page:
        page.locator(".tile").nth(options.streams - 1).wait_for(timeout=PATIENCE_S * 1000)
        time.sleep(5.0)
        page.evaluate(WATCH_FRAMES)
        time.sleep(options.turn_s)
        gaps = sorted(page.evaluate("window.gaps")[1:])
        work_ms = page.evaluate(DRAW_MS)
    return {
        "streams": options.streams,
        "frames_per_s": round(1000 / statistics.mean(gaps), 1),
        "p50_gap_ms": round(gaps[len(gaps) // 2], 1),
        "p99_gap_ms": round(gaps[int(0.99 * len(gaps))], 1),
        "most_ms": round(gaps[-1], 1),
        "one_frame_of_work_ms": round(work_ms, 2),
    }


DRAW_MS = """async () => { const { state } = await import("/page/state.js"); const { drawEcg, drawTile, Canvas } = await import("/page/strip.js");
  const ecg = new Canvas(document.getElementById("ecg")), tiles = [...document.querySelectorAll(".tile canvas")].map((one) => new Canvas(one));
  const streams = [...state.streams.values()], begun = performance.now();
  for (let i = 0; i < 100; i++) { drawEcg(ecg, streams[0], { mmPerMv: 10, alerts: [] });
    for (let k = i % 5; k < tiles.length; k += 5) drawTile(tiles[k], streams[k]); }
  return (performance.now() - begun) / 100; }"""


def memory(options: argparse.Namespace) -> dict[str, Any]:
    """Four streams, one of them in and out of V-tach: alerts come and go all the time."""
    with ward(4, is_restless=True) as (_, folder), dashboard(folder) as address, tab(address) as page:
        devtools = page.context.new_cdp_session(page)  # performance.memory is coarse, and may be of before the collection
        megabytes = []
        for minute in range(options.minutes + 1):
            devtools.send("HeapProfiler.collectGarbage")
            megabytes.append(round(devtools.send("Runtime.getHeapUsage")["usedSize"] / 2**20, 2))
            nodes = page.evaluate("document.querySelectorAll('*').length")
            print(f"minute {minute}: {megabytes[-1]} MiB, {nodes} elements", file=sys.stderr)
            if minute < options.minutes:
                time.sleep(60.0)
    settled = megabytes[1:]
    return {"minutes": options.minutes, "heap_mib": megabytes, "last_over_first": round(settled[-1] / settled[0], 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["engine", "alert", "frames", "memory", "look"], metavar="engine|alert|frames|memory")
    parser.add_argument("--streams", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--turn-s", type=float, default=15.0)
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--address", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {"engine": engine, "alert": alert, "frames": frames, "memory": memory, "look": look}[options.what](options)
    print(json.dumps(found) if options.json else "\n".join(f"{name:22} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
