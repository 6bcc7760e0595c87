"""Wards to look at, and who looks: a daemon with devices on ptys, an engine with as many streams as wanted, the page, a tab."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

from edgeecg.daemon import pauses
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.broker import free_port
from edgeecg.io.sources.pace import Pace
from edgeecg.live.reader import socket_in
from edgeecg.live.server import LiveServer
from edgeecg.live.tap import Tap
from edgeecg.live.telling import Subject, Telling
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Chunk, SourceChange, SourceState
from edgeecg.warmup import compile_all
from tests.daemon.rehearsal import Running, running

EPISODE_S = 12.0
RESTLESS = {"episodes": [{"start_s": EPISODE_S * i, "kind": "vt" if i % 2 else "normal"} for i in range(1000)]}
PATIENCE_S = 60.0
CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome") or ""
CHUNK_LEN, RATE_HZ, LOOP_S = 25, 250.0, 60
NOT_ELSEWHERE = 19
"""How far behind the engine whoever stands for another machine is on this one."""


@contextmanager
def ward(streams: int, *, is_restless: bool = False) -> Iterator[tuple[Running, Path]]:
    """Run a daemon in this process, alone in it but for a thread that sleeps; a restless first device is in and out of V-tach."""
    with TemporaryDirectory(prefix="edgeecg-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "restless.json").write_text(json.dumps(RESTLESS))
        first = str(folder / "restless.json") if is_restless else "normal"
        ports = [stack.enter_context(device(i, "normal" if i else first)) for i in range(streams)]
        serial = "".join(f'[[sources.serial]]\nport = "{port}"\nformat = "edgeecg"\n' for port in ports)
        text = f'[state]\nfolder = "{folder}"\n[broker]\nport = {free_port()}\n[health]\nport = 0\n[dashboard]\nport = 0\n{serial}'
        (folder / "edgeecg.toml").write_text(text)
        daemon = stack.enter_context(running(lambda: text))
        daemon.until(lambda app: len(app.keeper.engine.config.streams) == streams, "all devices")
        pauses.keep_short()  # as `edgeecg run` does
        yield daemon, folder


@contextmanager
def device(seed: int, scenario: str) -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "edgeecg",
        "simulate",
        "--to",
        "pty",
        "--device",
        f"bed-{seed + 1}",
        "--seed",
        str(seed),
        "--scenario",
        scenario,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.communicate()


@contextmanager
def crowd(streams: int) -> Iterator[Path]:
    """Run an engine and its local socket in this process: a minute of one heart, over and over, each stream at another moment of it."""
    compile_all()
    facts = tuple(StreamFacts(name=f"bed-{i + 1:02d}/ecg", rate_hz=RATE_HZ, leads=("II",)) for i in range(streams))
    engine = Engine(EngineConfig(streams=facts))
    tap = Tap(time.monotonic_ns, engine.next_sample)
    nobody = Subject(
        device="crowd", version="0", speed=1.0, people=(), config=lambda: engine.config, troubles=list, active=list, n_changes=lambda: 0,
        wall_ns=lambda _: time.time_ns(),
    )  # fmt: skip
    with TemporaryDirectory(prefix="edgeecg-bench-") as name:
        folder = Path(name)
        (folder / "edgeecg.toml").write_text(f'[state]\nfolder = "{folder}"\n[dashboard]\nport = 0\n')
        server = LiveServer(socket_in(folder), tap, Telling(nobody), time.monotonic_ns, lambda *_: None)
        stopping = Event()
        feeding = Thread(target=_feed, args=(engine, tap, [one.name for one in facts], stopping))
        server.start()
        feeding.start()
        yield folder
        stopping.set()
        feeding.join()
        server.stop()


def _feed(engine: Engine, tap: Tap, names: list[str], stopping: Event) -> None:
    n_chunks = round(LOOP_S * RATE_HZ / CHUNK_LEN)
    chunks = [block.ecg_mv for block in Simulation(Setup(scenario=NAMED["normal"])).blocks(CHUNK_LEN, n_samples=n_chunks * CHUNK_LEN)]
    opened = [SourceState(name, SourceChange.OPENED, time.monotonic_ns(), epoch=1) for name in names]
    tap.hear(opened, engine.feed_many(opened))
    pace, number = Pace(1.0, wait=stopping.wait), 0
    while pace.wait_for(number * CHUNK_LEN / RATE_HZ):
        now_ns = time.monotonic_ns()
        records = [Chunk(name, chunks[(number + 7 * i) % n_chunks], now_ns) for i, name in enumerate(names)]
        tap.hear(records, engine.feed_many(records))
        number += 1


@contextmanager
def dashboard(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "edgeecg", "dashboard", "--tied", "--config", str(folder / "edgeecg.toml")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    yield process.stderr.readline().removeprefix("dashboard: ").strip()
    process.communicate()


@contextmanager
def onlooker(address: str) -> Iterator[None]:
    """Read as a browser does that runs elsewhere: in a process of its own, or it would hold up the engine in this one."""
    command = [sys.executable, "-m", "benchmarks.dashboard", "look", "--address", address]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        os.setpriority(os.PRIO_PROCESS, process.pid, NOT_ELSEWHERE)
        yield
        process.communicate()


@contextmanager
def tab(address: str) -> Iterator[Any]:
    """Open the page; what its console says ends the benchmark."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        page.locator(".tile").first.wait_for(timeout=PATIENCE_S * 1000)
        yield page
        browser.close()
        assert not said, said
