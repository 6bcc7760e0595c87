"""A runtime serves the machine it runs on, and tells nobody."""

import os
import subprocess
import sys
from pathlib import Path

SESSION = """
from edgeecg.models import folders, onnx_backend

onnx_backend.session((folders.shipped() / "rhythm-1.0.int8.onnx").read_bytes(), "rhythm", None)
"""


def test_no_runtime_keeps_a_name_of_this_machine_or_a_store_of_what_to_send(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}}
    done = subprocess.run(
        [sys.executable, "-c", SESSION], env=environment | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
