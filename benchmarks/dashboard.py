"""What looking on costs, and what is seen: `python -m benchmarks.dashboard WHAT [--json]`. All of it on loopback, with simulated devices on ptys.

    engine [--streams 4] [--rounds 6] [--turn-s 15] [--browser]   arrival to decision, somebody looking and nobody, turn by turn
    alert [--episodes 6]                                          from a V-tach alert in the outbox until it stands on the page
    frames [--streams 4]                                          frames a second, and the longest between two
    memory [--minutes 30]                                         the tab's heap, minute by minute, after a collection

`--browser` and all but the first need Chromium and playwright; the browser then shares this machine's cores with the engine.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any
from urllib.request import urlopen

from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.types import Alert, AlertState, Chunk
from tests.daemon.rehearsal import Running, free_port, playing, running

RESTLESS = Scenario(name="restless", episodes=tuple(Episode(20.0 * i, "vt" if i % 2 else "normal") for i in range(200)))
PATIENCE_S = 60.0
CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome") or ""


@contextmanager
def ward(streams: int, scenario: Scenario | str) -> Iterator[tuple[Running, Path]]:
    """Run a daemon in this process, with devices in others."""
    with TemporaryDirectory(prefix="edgeecg-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        ports = [stack.enter_context(device(i)) for i in range(streams - 1)]
        own = stack.enter_context(playing(scenario, speed=1.0))
        serial = "".join(f'[[sources.serial]]\nport = "{port}"\nformat = "edgeecg"\n' for port in [*ports, own.port])
        text = f'[state]\nfolder = "{folder}"\n[broker]\nport = {free_port()}\n[health]\nport = 0\n[dashboard]\nport = 0\n{serial}'
        (folder / "edgeecg.toml").write_text(text)
        daemon = stack.enter_context(running(lambda: text))
        daemon.until(lambda app: len(app.keeper.engine.config.streams) == streams, "all devices")
        yield daemon, folder


@contextmanager
def device(seed: int) -> Iterator[str]:
    command = [sys.executable, "-m", "edgeecg", "simulate", "--to", "pty", "--device", f"bed-{seed + 1}", "--seed", str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.communicate()


@contextmanager
def dashboard(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "edgeecg", "dashboard", "--tied", "--config", str(folder / "edgeecg.toml")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    yield process.stderr.readline().removeprefix("dashboard: ").strip()
    process.communicate()


@contextmanager
def onlooker(address: str) -> Iterator[None]:
    """Read as a browser does that runs elsewhere."""
    from websockets.sync.client import connect

    with urlopen(address) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    origin: Any = address.rstrip("/")
    stopping = Event()
    with connect(f"{origin.replace('http', 'ws')}/live", origin=origin, additional_headers={"Cookie": cookie}, max_size=None) as socket:

        def read() -> None:
            while not stopping.is_set():
                socket.recv()

        thread = Thread(target=read, daemon=True)
        thread.start()
        yield
        stopping.set()
        thread.join()


@contextmanager
def tab(address: str, options: Sequence[str] = ()) -> Iterator[Any]:
    """Open the page; what its console says ends the benchmark."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *options])
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        page.locator(".tile").first.wait_for(timeout=PATIENCE_S * 1000)
        yield page
        browser.close()
        assert not said, said


def engine(options: argparse.Namespace) -> dict[str, Any]:
    """Alternate turns with and without somebody who looks; milliseconds from arrival to decision, of every call that had samples."""
    with ward(options.streams, "normal") as (daemon, folder):
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
    """The page's clock says when a card came to stand there: both clocks are this machine's."""
    with ward(4, RESTLESS) as (daemon, folder):
        raised: dict[str, float] = {}
        heard = daemon.app._decided.heard  # noqa: SLF001

        def hear(records: Any, given: Any) -> None:
            for events in given:
                for event in events:
                    if isinstance(event, Alert) and event.rule == "v-tach" and event.state == AlertState.RAISED:
                        raised[event.alert_id] = time.time() * 1000
            heard(records, given)

        daemon.app._decided.heard = hear  # noqa: SLF001
        with dashboard(folder) as address, tab(address) as page:
            page.locator("#by").fill("nurse")
            page.evaluate(WATCH_CARDS)
            wait(lambda: page.evaluate(SEEN) >= options.episodes, 90.0 * options.episodes)
            seen = page.evaluate("window.seenAt")
    delays = sorted(at - max(told for told in raised.values() if told <= at) for at in seen)
    return {"alerts": len(delays), "median_ms": round(statistics.median(delays)), "most_ms": round(delays[-1])}


WATCH_CARDS = """() => { window.seenAt = [];
  new MutationObserver((records) => { for (const r of records) for (const node of r.addedNodes)
    if (node.dataset?.rule === "v-tach") requestAnimationFrame(() => window.seenAt.push(Date.now()));
  }).observe(document.getElementById("alerts"), { childList: true }); }"""
SEEN = """() => { document.querySelectorAll(".alert.high button.ack:not([hidden])").forEach((button) => button.click());
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
    """How evenly the page is drawn."""
    with ward(options.streams, "normal") as (_, folder), dashboard(folder) as address, tab(address) as page:
        time.sleep(5.0)
        page.evaluate(WATCH_FRAMES)
        time.sleep(options.turn_s)
        gaps = sorted(page.evaluate("window.gaps")[1:])
        work_ms = page.evaluate(DRAW_MS)
    return {
        "streams": options.streams,
        "frames_per_s": round(1000 / statistics.mean(gaps), 1),
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
    with ward(4, RESTLESS) as (_, folder), dashboard(folder) as address, tab(address, ["--js-flags=--expose-gc"]) as page:
        megabytes = []
        for minute in range(options.minutes + 1):
            page.evaluate("() => { gc(); gc(); }")
            megabytes.append(round(page.evaluate("performance.memory.usedJSHeapSize") / 2**20, 2))
            nodes = page.evaluate("document.querySelectorAll('*').length")
            print(f"minute {minute}: {megabytes[-1]} MiB, {nodes} elements", file=sys.stderr)
            if minute < options.minutes:
                time.sleep(60.0)
    settled = megabytes[1:]
    return {"minutes": options.minutes, "heap_mib": megabytes, "last_over_first": round(settled[-1] / settled[0], 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["engine", "alert", "frames", "memory"])
    parser.add_argument("--streams", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--turn-s", type=float, default=15.0)
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {"engine": engine, "alert": alert, "frames": frames, "memory": memory}[options.what](options)
    print(json.dumps(found) if options.json else "\n".join(f"{name:22} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
