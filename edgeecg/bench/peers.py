"""What others take for the same work, in turns with us in one process. They come with `pip install edgeecg[bench]`; who is missing is named."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.bench.effort import Effort
from edgeecg.bench.rounds import Spread, Way, in_turns, ratios, spread
from edgeecg.bench.stages import NAME
from edgeecg.data import load_excerpt
from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.models import card as cards
from edgeecg.models import golden
from edgeecg.models.card import FileKey
from edgeecg.models.classifier import Classifier
from edgeecg.models.preprocess import Preprocessor
from edgeecg.models.registry import Registry
from edgeecg.stages.transport import semi_relaxed
from edgeecg.types import Chunk, SourceChange, SourceState

Signal = NDArray[np.float64]
Detect = Callable[[Signal, float], object]

WINDOW_S, STEP_S, LIVE_S = 10.0, 1.0, 10
CHUNK: Final = 64
BATCH_S = 60.0
LIVE = f"R peaks live, {LIVE_S} s: ours every {CHUNK} samples, theirs on the last {WINDOW_S:g} s every {STEP_S:g} s"
BEATS, LAGS = 32, 73
TURNS: Final = 3
"""Rounds of a visit. Then the next pair has its turn: nobody is timed on what he alone has just done fifty times over."""
VISITS: Final = 50
MOST_S: Final = 120.0
"""No visit begins after so many seconds: a board has its minutes too."""
POT_METHODS = ("sinkhorn", "sinkhorn_stabilized")
"""Its solvers of the semi-relaxed problem that give our plan."""
PLAN = f"the plan of coupling, {BEATS} beats over {LAGS} lags"
FILTER = "a minute in chunks of 10: through the whole engine / through one band-pass"


@dataclass(frozen=True, slots=True)
class Measured:
    """One peer at one kind of work."""

    work: str
    peer: str
    ours_us: float
    peer_us: float
    ratio: Spread
    """How many times as long the peer takes."""


def measure(effort: Effort, say: Callable[[str], None] = lambda _: None) -> tuple[list[Measured], list[str]]:
    """Return all that could be compared, and who is not installed.

    Every pair is visited again and again, for a minute and more, because a machine that others share is another one from second to second:
    what falls into one of them alone cannot be a ratio's median.
    """
    skipped: list[str] = []
    ready: list[tuple[str, str, Mapping[str, Way]]] = []
    for work, packages, peer, ours, theirs in _pairs(effort):
        if missing := [package for package in packages if find_spec(package) is None]:
            skipped.append(f"{peer} ({' and '.join(missing)} not installed)")
        else:
            ready.append((work, peer, {"ours": ours(), "theirs": theirs()}))
    taken: list[dict[str, list[float]]] = [{"ours": [], "theirs": []} for _ in ready]
    end_s = time.monotonic() + MOST_S
    for visit in range(VISITS):
        if visit and time.monotonic() > end_s:
            break
        say(f"peers, visit {visit + 1} of {VISITS}")
        for (_, _, ways), so_far in zip(ready, taken, strict=True):
            for name, us in in_turns(ways, TURNS).items():
                so_far[name] += us
    return [_compared(work, peer, so_far) for (work, peer, _), so_far in zip(ready, taken, strict=True)], skipped


def _compared(work: str, peer: str, taken: Mapping[str, list[float]]) -> Measured:
    ours, theirs = spread(taken["ours"]).median, spread(taken["theirs"]).median
    return Measured(work, peer, ours, theirs, ratios(taken["theirs"], taken["ours"]))


Pair = tuple[str, tuple[str, ...], str, Callable[[], Way], Callable[[], Way]]
"""The work, the packages it takes, the peer's name, and how to make ready our way and theirs."""


def _pairs(effort: Effort) -> Iterator[Pair]:
    excerpt = load_excerpt()
    rate_hz, x = excerpt.rate_hz, excerpt.samples_mv
    minute, live = x[: round(BATCH_S * rate_hz)], x[: round((WINDOW_S + LIVE_S) * rate_hz)]
    for package, name, detector in DETECTORS:
        yield (
            "R peaks, a minute at once",
            (package,),
            name,
            partial(_fed, minute, rate_hz, round(10 * rate_hz)),
            partial(_batch, detector, minute, rate_hz),
        )
    for package, name, detector in DETECTORS:
        ours = partial(_fed, live[: round(LIVE_S * rate_hz)], rate_hz, CHUNK)
        yield LIVE, (package,), name, ours, partial(_sliding, detector, live, rate_hz)
    yield FILTER, ("scipy",), "scipy sosfilt", partial(_fed, minute, rate_hz, 10), partial(_filtered, minute, rate_hz)
    for name in effort.models:
        if FileKey.FP32_ONNX in Registry().card(name).nets:
            work = f"a window of {name}, features included: as shipped / its net in fp32"
            yield work, ("onnxruntime",), "onnxruntime fp32", partial(_window, name), partial(_window, name, FileKey.FP32_ONNX)
            yield (
                f"the net of {name} alone: as shipped / in fp32",
                ("torch", "onnx"),
                "PyTorch eager",
                partial(_net, name),
                partial(_eager, name),
            )
    for method in POT_METHODS:
        yield PLAN, ("ot",), f"POT {method}", _plan, partial(_pot, method)


def _fed(x: Signal, rate_hz: float, length: int) -> Way:
    facts = StreamFacts(name=NAME, rate_hz=rate_hz)
    pieces = [Chunk(NAME, x[at : at + length], round((at + length) / rate_hz * 1e9)) for at in range(0, len(x) - length + 1, length)]

    def way() -> None:
        engine = Engine(EngineConfig(streams=(facts,)))
        engine.feed(SourceState(NAME, SourceChange.OPENED, 0, 1))
        for piece in pieces:
            engine.feed(piece)

    return way


def _batch(detector: Callable[[], Detect], x: Signal, rate_hz: float) -> Way:
    detect = detector()
    return lambda: detect(x, rate_hz)


def _sliding(detector: Callable[[], Detect], x: Signal, rate_hz: float) -> Way:
    """As batch detectors are used live: the last seconds again and again."""
    detect, window, step = detector(), round(WINDOW_S * rate_hz), round(STEP_S * rate_hz)
    return lambda: [detect(x[at : at + window], rate_hz) for at in range(step, len(x) - window + 1, step)]


def _sleepecg() -> Detect:
    from sleepecg import detect_heartbeats  # noqa: PLC0415

    detect: Detect = detect_heartbeats
    return detect


def _xqrs() -> Detect:
    from wfdb.processing import xqrs_detect  # noqa: PLC0415

    return lambda x, rate_hz: xqrs_detect(x, rate_hz, verbose=False)


def _neurokit() -> Detect:
    import neurokit2  # noqa: PLC0415

    def detect(x: Signal, rate_hz: float) -> object:
        return neurokit2.ecg_findpeaks(neurokit2.ecg_clean(x, sampling_rate=int(rate_hz)), sampling_rate=int(rate_hz))

    return detect


DETECTORS: Final[tuple[tuple[str, str, Callable[[], Detect]], ...]] = (
    ("sleepecg", "sleepecg", _sleepecg),
    ("wfdb", "wfdb xqrs", _xqrs),
    ("neurokit2", "NeuroKit2", _neurokit),
)


def _filtered(x: Signal, rate_hz: float, length: int = 10) -> Way:
    """One band-pass of order 4, its state carried from chunk to chunk."""
    from scipy.signal import butter, sosfilt  # noqa: PLC0415

    sos = butter(2, (0.5, 40.0), "bandpass", fs=rate_hz, output="sos")
    pieces = [x[at : at + length] for at in range(0, len(x) - length + 1, length)]

    def way() -> None:
        state: Any = np.zeros((len(sos), 2))
        for piece in pieces:
            _, state = sosfilt(sos, piece, zi=state)

    return way


def _window(name: str, key: FileKey | None = None) -> Way:
    classifier = Classifier(Registry().load(name, key=key))
    samples, beats = golden.window(cards.read(Registry().entry(name).path).input)
    return lambda: classifier.opinion(samples, beats)


def _net(name: str) -> Way:
    model = Registry().load(name)
    given, net = _preprocessed(name), model.net
    assert net is not None, f"{name} has no net"
    return lambda: net(given)


def _eager(name: str) -> Way:
    from edgeecg.bench.eager import net  # noqa: PLC0415

    entry, given = Registry().entry(name), _preprocessed(name)
    run = net(entry.path.parent / cards.read(entry.path).files[FileKey.FP32_ONNX].path)
    return lambda: run(given)


def _preprocessed(name: str) -> NDArray[np.float32]:
    given = cards.read(Registry().entry(name).path).input
    return Preprocessor(given)(golden.window(given)[0])


def _problem() -> tuple[Signal, Signal]:
    """Return costs of moving beats by lags, and how likely each lag is beforehand."""
    cost = np.random.default_rng(7).uniform(0, 12, (BEATS, LAGS))
    prior = np.exp(-((np.arange(LAGS) - LAGS // 2) ** 2) / 98) + 0.002
    return cost, prior / prior.sum()


def _plan() -> Way:
    cost, prior = _problem()
    log_prior = np.log(prior)
    return lambda: semi_relaxed(cost, log_prior, 1.0)


def _pot(method: str) -> Way:
    from ot.unbalanced import sinkhorn_unbalanced  # noqa: PLC0415

    cost, prior = _problem()
    mass = np.full(BEATS, 1 / BEATS)
    pairs = np.outer(mass, prior)
    return lambda: sinkhorn_unbalanced(mass, prior, cost, 1.0, [np.inf, 0.0], method=method, reg_type="kl", c=pairs)
