"""Int8 against fp32 at ECGFounder's size: `python -m benchmarks.models_medium`.

An untrained twin: 30.8 M parameters drawn at random, 10 s at 500 Hz, quantized as an imported checkpoint would be, and
timed by what `edgeecg models bench` times with: processor time of one thread, medians of rounds in which the files take
turns. What the architecture costs does not depend on what it learned. Marks: int8 at most 0.55 of fp32 on
onnxruntime, 0.42 on LiteRT.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.models_runtime import stand_in, stand_in_table
from edgeecg.data import load_excerpt
from edgeecg.models import card as cards
from edgeecg.models import golden
from edgeecg.models.bench import measure
from edgeecg.models.net1d.shape import ECGFOUNDER
from edgeecg.models.preprocess import Preprocessor
from edgeecg.models.quantize import quantize

NAME, RATE_HZ, LENGTH = "medium-stand-in", 500.0, 5000
WINDOWS = 16
ROUNDS = 9


def windows() -> NDArray[np.float32]:
    """Return windows of the bundled recording as the net is given them, to calibrate with."""
    excerpt = load_excerpt()
    front = Preprocessor(cards.Input.model_validate(stand_in_table(NAME, RATE_HZ)["input"]))
    t = np.arange(0, len(excerpt.samples_mv) / excerpt.rate_hz, 1 / cards.GRID_HZ)
    on_grid = np.interp(t, np.arange(len(excerpt.samples_mv)) / excerpt.rate_hz, excerpt.samples_mv)
    starts = np.linspace(0, len(on_grid) - 2500, WINDOWS).astype(int)
    return np.concatenate([front(on_grid[start : start + 2500]).reshape(1, -1) for start in starts])


def main() -> int:
    """Print a line for each file."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        fp32 = folder / f"{NAME}-1.fp32.onnx"
        fp32.write_bytes(stand_in(ECGFOUNDER, LENGTH))
        files = {"fp32_onnx": fp32, "int8_onnx": folder / f"{NAME}-1.int8.onnx"}
        quantize(fp32, windows(), files["int8_onnx"], by_layer=False)
        try:
            from edgeecg.models.quantize_tflite import quantize_tflite, to_tflite
        except ImportError as missing:
            print(f"without TFLite: {missing}")
        else:
            files |= {"fp32_tflite": folder / f"{NAME}-1.fp32.tflite", "int8_tflite": folder / f"{NAME}-1.int8.tflite"}
            to_tflite(fp32, files["fp32_tflite"])
            quantize_tflite(fp32, windows(), files["int8_tflite"])
        table = stand_in_table(NAME, RATE_HZ) | {"files": {key: cards.file_entry(path).model_dump() for key, path in files.items()}}
        card = golden.completed(table, folder)
        timings = {timing.key: timing for timing in measure(card, folder, None, rounds=ROUNDS)}
    base_ms = timings[cards.FileKey.FP32_ONNX].window_ms
    for key, timing in timings.items():
        print(f"{key:12} {timing.runtime:24} {timing.window_ms:7.2f} ms a window, {timing.window_ms / base_ms:5.2f} of fp32 on onnxruntime")
    return 0


if __name__ == "__main__":
    sys.exit(main())
