"""A card to start from: sound, small, and about files that nobody has to have."""

from typing import Any

HASH = "0123456789abcdef" * 4


def table(**changes: Any) -> dict[str, Any]:
    """Return the table of a sound card, with top-level keys changed."""
    card: dict[str, Any] = {
        "name": "toy",
        "version": "1.0",
        "summary": "A model for tests.",
        "architecture": "one convolution",
        "task": "window",
        "labels": ["N", "A", "~"],
        "licence": "Apache-2.0",
        "origin": "made by a test",
        "limits": ["It knows nothing."],
        "input": {"rate_hz": 100.0, "window_s": 10.0, "preprocessing": {"order": 3, "low_hz": 0.67, "high_hz": 40.0}},
        "files": {"fp32_onnx": {"path": "toy-1.0.fp32.onnx", "sha256": HASH, "bytes": 10}},
        "calibration": {"temperature": 1.5, "abstain_below": 0.5, "fitted_on": "five folds"},
        "data": [{"name": "cinc2017", "use": "training and measuring", "licence": "ODC-By 1.0", "recordings": 8528}],
        "split": {"method": "five folds", "by": "recording", "folds": 5, "left_out": ["A00001"]},
        "metrics": [
            {"name": "F1", "value": 0.86, "low": 0.85, "high": 0.87, "on": "held-out folds", "n": 8528},
            {"name": "F1", "value": 0.5, "on": "held-out folds", "of": "a random encoder"},
        ],
        "quantization": {"method": "static", "windows": 200, "float_layers": ["first"], "layers": [{"name": "second", "snr_db": 30.5}]},
        "golden": {"formula": "heart", "outputs": {"fp32_onnx": {"values": [0.1, -2.0, 1e-05], "tolerance": 0.001}}},
    }
    return card | changes
