"""`edgeecg simulate`: a heart by a model, with the truth beside it, to files or as a device on a pty or a broker."""

import argparse
import json
import math
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import TypeVar

from edgeecg.cli.broker_options import add_broker_options, broker_of
from edgeecg.cli.parser import Parser, checked
from edgeecg.cli.signals import Signals
from edgeecg.errors import InputError
from edgeecg.io.device import DEVICE_ID, MAX_COUNT, SimulatedDevice, is_device_id
from edgeecg.io.mqttline import MqttLine
from edgeecg.io.newfile import open_new
from edgeecg.io.ptyline import PtyLine
from edgeecg.io.simulated import Files, Truth
from edgeecg.io.sources import capture
from edgeecg.io.sources.pace import Pace
from edgeecg.simulate.device import Packet, Tally, Trouble, packets
from edgeecg.simulate.noise import ECG_NOISES, PCG_NOISES, Noise
from edgeecg.simulate.scenario import NAMED, Scenario, from_table
from edgeecg.simulate.simulation import STRETCH_S, Block, Setup, Simulation
from edgeecg.simulate.sounds import JITTERS

T = TypeVar("T")
PCG_HZ = 1000.0
SECONDS = 60.0
FILES = ("", ".hea", ".csv")
"""What names of files end in: WFDB's have no dots. Another ending would be another format."""
OF_FRAMES = ("packet", "drift_ppm", "late_ms", "loss", "duplication", "reordering", "wrap", "restart")
"""Options that say what becomes of frames; files of samples have none."""
QUIET_S = 2.0
"""A run that takes longer shows how far it is."""


def configure(parser: Parser) -> None:
    """Name the heart, the noise, the way, and where it goes."""
    share = checked(float, "a share from 0 to 1", lambda share: 0 <= share <= 1)
    number = checked(float, "a number > 0", lambda x: 0 < x < math.inf)
    parser.add_argument("--scenario", default="normal", help=f"{', '.join(NAMED)}; or a .toml or .json of your own (default: normal)")
    parser.add_argument("--seconds", type=number, help="how long (default: 60, and without end on a pty or a broker)")
    parser.add_argument("--rate", type=number, default=250.0, help="samples of ECG a second (default: 250)")
    parser.add_argument("--pcg", action="store_true", help="heart sounds too")
    parser.add_argument("--pcg-rate", type=number, help="samples of sound a second (default: the multiple of --rate from 1000 on)")
    parser.add_argument("--noise", type=_noises, default=(), metavar="KIND:DB,...", help=f"{', '.join(ECG_NOISES)}; each at an SNR")
    parser.add_argument("--pcg-noise", type=_noises, default=(), metavar="KIND:DB,...", help=", ".join(PCG_NOISES))
    parser.add_argument("--jitter", choices=JITTERS, default="rest", help="how much the sounds' delays vary (default: rest)")
    parser.add_argument("--murmur", type=float, default=0.0, help="height of a systolic murmur; S1 is 1 (default: 0)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same bytes (default: 0)")
    parser.add_argument(
        "--to",
        required=True,
        help=f"PATH (WFDB), PATH.csv, PATH{capture.SUFFIX}, pty, or mqtt://[user@]host[:port], mqtts:// with --ca-file",
    )
    parser.add_argument("--truth", type=Path, metavar="PATH", help="PATH.atr and PATH.json; a file has its own beside it anyway")
    parser.add_argument("--json", action="store_true", help="say at the end what was made as one JSON object")
    way = parser.add_argument_group("the way of frames to a host")
    way.add_argument(
        "--packet", type=checked(int, "a number of samples > 0", lambda n: n > 0), help="samples of ECG a frame (default: 0.1 s)"
    )
    way.add_argument("--device", type=_device_id, default=DEVICE_ID, help=f"who it says it is (default: {DEVICE_ID})")
    way.add_argument("--speed", type=number, default=1.0, help="on a pty or a broker: so many times as fast as it happens")
    way.add_argument("--drift-ppm", type=float, default=0.0, help="how much too fast the device's clock runs")
    way.add_argument("--late-ms", type=float, default=0.0, help="frames come up to this much late")
    way.add_argument("--loss", type=share, default=0.0, help="share of frames that never come")
    way.add_argument("--duplication", type=share, default=0.0, help="share of frames that come twice")
    way.add_argument("--reordering", type=share, default=0.0, help="share of frames that come after the next")
    way.add_argument("--wrap", action="store_true", help="the device's clock has 32 bits, and comes round after ten seconds")
    way.add_argument(
        "--restart", type=number, action="append", default=[], metavar="S", help="the device restarts then; may be given again"
    )
    add_broker_options(parser.add_argument_group("a broker that lets in who shows something"))


def run(options: argparse.Namespace) -> int:
    """Simulate it."""
    simulation = Simulation(_setup(options))
    if options.to == "pty":
        summary = _to_line(options, simulation, PtyLine())
    elif "://" in options.to:
        broker = broker_of(options.to, options, client_id=f"edgeecg-simulate-{options.device}")
        summary = _to_line(options, simulation, MqttLine(broker, device_id=options.device))
    elif options.to.endswith(capture.SUFFIX):
        summary = _to_frames_file(options, simulation)
    else:
        summary = _to_files(options, simulation)
    _say(options, summary)
    return 0


def _setup(options: argparse.Namespace) -> Setup:
    pcg_rate_hz = None
    if options.pcg or options.pcg_rate:
        pcg_rate_hz = options.pcg_rate or options.rate * math.ceil(PCG_HZ / options.rate)
    return Setup(
        scenario=_scenario(options.scenario),
        seed=options.seed,
        rate_hz=options.rate,
        pcg_rate_hz=pcg_rate_hz,
        noise=options.noise,
        pcg_noise=options.pcg_noise,
        jitter=options.jitter,
        murmur=options.murmur,
    )


def _scenario(name: str) -> Scenario:
    if name in NAMED:
        return NAMED[name]
    path = Path(name)
    if path.suffix not in {".toml", ".json"}:
        raise InputError("--scenario", repr(name), f"one of {', '.join(NAMED)}, nor a .toml or .json file")
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise InputError(name, error.strerror, "a readable file") from error
    except ValueError as error:
        raise InputError(name, str(error), f"valid {path.suffix[1:].upper()}") from error
    if not isinstance(table, dict):
        raise InputError(name, f"a {type(table).__name__}", "a table of settings")
    return from_table(table, path.stem)


def _noises(text: str) -> tuple[Noise, ...]:
    noises = []
    for part in text.split(","):
        kind, _, level = part.partition(":")
        try:
            noises.append(Noise(kind, float(level)))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{part!r} is not KIND:DB, as in muscle:12") from None
    return tuple(noises)


_device_id = checked(str, "a letter or digit, then letters, digits, '.', '_' or '-', 16 at most", is_device_id)


def _trouble(options: argparse.Namespace) -> Trouble:
    ten_s_before = 2**32 - 10_000_000
    return Trouble(
        drift_ppm=options.drift_ppm,
        jitter_ms=options.late_ms,
        loss=options.loss,
        duplication=options.duplication,
        reordering=options.reordering,
        clock_bits=32 if options.wrap else 64,
        first_clock_us=ten_s_before if options.wrap else 0,
        restarts_s=tuple(sorted(options.restart)),
    )


def _to_files(options: argparse.Namespace, simulation: Simulation) -> dict[str, object]:
    setup, path = simulation.setup, Path(options.to)
    if path.suffix not in FILES:
        allowed = f"a path that ends in one of {', '.join(filter(None, (*FILES, capture.SUFFIX)))}, or in nothing"
        raise InputError("--to", repr(options.to), allowed)
    if asked := [f"--{name.replace('_', '-')}" for name in OF_FRAMES if getattr(options, name)]:
        allowed = f"a way of frames, which {', '.join(asked)} needs: a pty, a broker, or a path that ends in {capture.SUFFIX}"
        raise InputError(f"--to {path}", "a file of samples", allowed)
    n_samples = round((options.seconds or SECONDS) * setup.rate_hz)
    n_beats = 0
    with Files(path, simulation, n_samples) as files:
        blocks = simulation.blocks(round(STRETCH_S * setup.rate_hz), n_samples=n_samples)
        for block in _shown(blocks, n_samples / setup.rate_hz, STRETCH_S):
            files.take(block)
            n_beats += len(block.beats)
    return {
        "to": str(path),
        "seconds": n_samples / setup.rate_hz,
        "rate_hz": setup.rate_hz,
        "pcg_rate_hz": setup.pcg_rate_hz,
        "beats": n_beats,
    }


def _shown(steps: Iterator[T], seconds: float, step_s: float) -> Iterator[T]:
    """Pass on, and show how far it is where that takes long."""
    begun, shown = time.monotonic(), False
    for i, step in enumerate(steps, start=1):
        yield step
        if sys.stderr.isatty() and time.monotonic() - begun > QUIET_S:
            shown = True
            done = min(1.0, i * step_s / seconds)
            sys.stderr.write(f"\r{'#' * round(40 * done):40} {done:4.0%} of {seconds:g} s")
    if shown:
        sys.stderr.write("\r" + " " * 60 + "\r")


def _packets(
    options: argparse.Namespace, simulation: Simulation, tally: Tally, seconds: float | None, seen: Callable[[Block], None] | None
) -> Iterator[Packet]:
    n_samples, packet_len = _n_samples(simulation, seconds), _packet_len(options, simulation.setup)
    return packets(simulation, n_samples=n_samples, packet_len=packet_len, trouble=_trouble(options), tally=tally, seen=seen)


def _packet_len(options: argparse.Namespace, setup: Setup) -> int:
    per_sample = max(1, setup.pcg_per_sample)
    packet_len: int = options.packet or min(max(1, round(0.1 * setup.rate_hz)), MAX_COUNT // per_sample)
    if not 1 <= packet_len * per_sample <= MAX_COUNT:
        raise InputError("--packet", f"{packet_len} samples of ECG, {per_sample} of sound to each,", f"what a frame holds: {MAX_COUNT}")
    return packet_len


def _n_samples(simulation: Simulation, seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * simulation.setup.rate_hz)


def _to_frames_file(options: argparse.Namespace, simulation: Simulation) -> dict[str, object]:
    seconds, tally, n_bytes = options.seconds or SECONDS, Tally(), 0
    device = SimulatedDevice(simulation.setup, trouble=_trouble(options), device_id=options.device)
    path, n_samples = Path(options.to), _n_samples(simulation, seconds)
    _packet_len(options, simulation.setup)  # what is refused leaves nothing
    with ExitStack() as opened:
        file = opened.enter_context(open_new(path))
        truth = opened.enter_context(Truth(options.truth or path.with_suffix(""), simulation, n_samples))
        sending = device.frames(_packets(options, simulation, tally, seconds, truth.take))
        for sent in sending:
            n_bytes += file.write(sent.data)
    return {"to": options.to, "seconds": seconds, "bytes": n_bytes} | _fate(tally)


def _fate(tally: Tally) -> dict[str, object]:
    return {
        "frames": tally.sent,
        "lost": len(tally.lost),
        "duplicated": tally.duplicated,
        "reordered": tally.reordered,
        "unsent": tally.unsent,
    }


def _to_line(options: argparse.Namespace, simulation: Simulation, line: PtyLine | MqttLine) -> dict[str, object]:
    """Be a device until the time is over or somebody interrupts; either way, say what was sent."""
    device, tally = SimulatedDevice(simulation.setup, trouble=_trouble(options), device_id=options.device), Tally()
    with ExitStack() as opened:
        opened.callback(line.close)
        signals = opened.enter_context(Signals(SIGINT, SIGTERM))
        seen = None
        if options.truth is not None:
            seen = opened.enter_context(Truth(options.truth, simulation, _n_samples(simulation, options.seconds))).take
        sending = device.frames(_packets(options, simulation, tally, options.seconds, seen))
        print(line.name, flush=True)
        pace = Pace(options.speed, wait=lambda wait_s: signals.next(wait_s) is not None)
        for sent in sending:
            if not pace.wait_for(sent.due_s):
                break
            line.send(device.answer(line.received()))
            line.send(sent.data)
    return {"to": line.name, "bytes": line.n_bytes, "overrun": line.n_overrun, "withheld": device.n_withheld} | _fate(tally)


def _say(options: argparse.Namespace, summary: dict[str, object]) -> None:
    summary = {"scenario": options.scenario, "seed": options.seed} | summary
    if options.json:
        print(json.dumps(summary))
    else:
        print("".join(f"{name:12} {value}\n" for name, value in summary.items() if value is not None), end="", file=sys.stderr)
