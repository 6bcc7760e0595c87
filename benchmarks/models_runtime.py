"""What classifying costs: `python -m benchmarks.models_runtime [NAME ...]`, by default every model that was shipped.

One window from millivolt to scores; a fleet of 100 streams at a hop of 2 s through the scheduler's threads; the first
answer of a fresh process with its memory. Processor time of one core, medians. Beside them a net of CLEF-small's size at
100 Hz with random weights, an untrained model that says what the architecture costs, whatever was trained.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgeecg.data import load_excerpt
from edgeecg.models import card as cards
from edgeecg.models import folders, golden
from edgeecg.models.classifier import Classifier, Model
from edgeecg.models.net1d.shape import CLEF_SMALL, Net1dShape
from edgeecg.models.registry import Registry
from edgeecg.models.windows import STREAM, of_recording
from edgeecg.models.workers import Workers
from edgeecg.ready import keep_bytecode

STAND_IN = "stand-in"
LABELS = ["N", "A", "O", "~"]
STREAMS, HOP_S = 100, 2.0
REPEATS = 5
STARTS = 7


def median_ms(work: Any, *, least_s: float = 0.3) -> float:
    """Return the processor time of a call, the median of rounds."""
    work()
    rounds = []
    for _ in range(REPEATS):
        n, begun = 0, time.process_time()
        while time.process_time() - begun < least_s / REPEATS:
            work()
            n += 1
        rounds.append((time.process_time() - begun) * 1e3 / n)
    return statistics.median(rounds)


def one_window(model: Model) -> Iterator[str]:
    """Time a window's way, whole and in parts."""
    samples, beats = golden.window(model.card.input)
    classifier = Classifier(model)
    yield f"one window                {median_ms(lambda: classifier.opinion(samples, beats)):8.3f} ms   (mark: 3 ms; of a beat 0.3 ms)"
    if model.net and classifier.preprocess:
        x, net, preprocess = classifier.preprocess(samples), model.net.fork(), classifier.preprocess
        yield f"  preprocessing           {median_ms(lambda: preprocess(samples)):8.3f} ms"
        yield f"  net                     {median_ms(lambda: net(x)):8.3f} ms"
    if model.tree and model.features:
        tree, make = model.tree, model.features
        features = make(samples, beats)
        yield f"  features                {median_ms(lambda: make(samples, beats)):8.3f} ms"
        yield f"  tree                    {median_ms(lambda: tree(features)):8.3f} ms"


def fleet(model: Model) -> Iterator[str]:
    """Have the windows of many streams classified by the threads; say what share of a core they need."""
    excerpt = load_excerpt()
    samples = excerpt.samples_mv[: round(60 * excerpt.rate_hz)]
    windows = [one for one in of_recording(samples, excerpt.rate_hz, cards.to_facts(model.card)) if one.readable]
    said: list[object] = []
    used_s = 0.0
    with Workers({model.card.name: model}, {STREAM: excerpt.rate_hz}, said.append, n_workers=1, clock=lambda: 0) as workers:
        for n_timed in (20, 400):  # the first warm up
            begun = time.process_time()
            for i in range(n_timed):
                workers.submit(windows[i % len(windows)], 0)
            workers.drain()
            used_s = time.process_time() - begun
    assert len(said) == 420
    if model.card.input.before_s is not None:
        yield f"a beat through a worker   {used_s / 400 * 1e3:8.3f} ms   (mark: 0.3 ms), of a recording's own beats"
        return
    share = used_s / 400 * STREAMS / HOP_S
    yield f"100 streams, hop 2 s      {share:8.1%} of a core (mark: 20 %), {used_s / 400 * 1e3:.3f} ms a window through a worker"


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def starts(name: str) -> Iterator[str]:
    """Start fresh processes; a warm-up and the first of them fill the caches."""
    keep_bytecode()
    command = [sys.executable, "-m", "benchmarks.first_answer", name]
    runs = [json.loads(_output(command)) for _ in range(STARTS + 1)][1:]
    answer, cpu, rss = (statistics.median(run[key] for run in runs) for key in ("answer_s", "cpu_s", "rss_mb"))
    yield f"first answer, fresh       {answer:8.2f} s    (mark: 1.2 s), {cpu:.2f} s of processor time, best {min(run['answer_s'] for run in runs):.2f} s"
    yield f"its peak memory           {rss:8.0f} MB   (mark: 210 MB)"


def stand_in(shape: Net1dShape, length: int) -> bytes:
    """Return a net of this shape with random weights, as ONNX."""
    from edgeecg.models.net1d.onnx_graph import build

    rng = np.random.default_rng(0)
    weights = {
        name: (rng.normal(size=dims) / np.sqrt(max(1, int(np.prod(dims[1:]))))).astype(np.float32)
        for name, dims in shape.weights(len(LABELS)).items()
    }
    return bytes(build(shape, len(LABELS), weights, length).SerializeToString())


def stand_in_table(name: str, rate_hz: float) -> dict[str, Any]:
    """Return the card of an untrained net, but for its files."""
    return {
        "name": name,
        "version": "1",
        "summary": "A known shape, random weights.",
        "architecture": "Net1D",
        "task": "window",
        "labels": LABELS,
        "licence": "Apache-2.0",
        "origin": "made by a benchmark",
        "untrained": True,
        "limits": ["It was never trained."],
        "input": {"rate_hz": rate_hz, "window_s": 10.0, "preprocessing": {"order": 5, "low_hz": 0.67, "high_hz": 40.0}},
    }


def make_stand_in(folder: Path) -> None:
    """Write a net of CLEF-small's shape and its card."""
    path = folder / f"{STAND_IN}-1.fp32.onnx"
    path.write_bytes(stand_in(CLEF_SMALL, 1000))
    cards.write(
        golden.completed(stand_in_table(STAND_IN, 100.0) | {"files": {"fp32_onnx": cards.file_entry(path).model_dump()}}, folder), folder
    )


def main(arguments: list[str]) -> int:
    """Print a paragraph a model."""
    with tempfile.TemporaryDirectory() as made:
        os.environ["EDGEECG_MODELS"] = made
        make_stand_in(Path(made))
        registry = Registry()
        for name in arguments or [
            STAND_IN,
            *sorted({entry.name for entry in registry.entries() if entry.path.parent == folders.shipped()}),
        ]:
            model = registry.load(name, untrained=True)
            print(model.spoken)
            for lines in (one_window(model), fleet(model), starts(name)):
                for line in lines:
                    print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
