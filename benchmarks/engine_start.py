"""How long a fresh process takes to the first beat, its kernels compiled before: each round starts processes of its own."""

import json
import subprocess
import sys
import time

IMPORT = """
import time
began = time.perf_counter()
import edgeecg
wall_s = time.perf_counter() - began
"""

FIRST_BEAT = """
import time
from edgeecg.api import run
from edgeecg.data import load_excerpt
from edgeecg.types import Beat
excerpt = load_excerpt()
next(event for event in run(excerpt.samples_mv, excerpt.rate_hz) if isinstance(event, Beat))
wall_s = time.time() - BEGAN
"""

REPORT = "\nimport json; print(json.dumps([wall_s, time.process_time()]))"


def run(program: str) -> tuple[float, float]:
    """Return the seconds a program says it took by the clock, and those its process had taken of a processor by then."""
    program = f"BEGAN = {time.time()!r}\n{program}{REPORT}"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    wall_s, processor_s = json.loads(done.stdout)
    return wall_s, processor_s


def start() -> dict[str, float]:
    """Import, and find a first beat: from the start of the process on, the interpreter's own included."""
    imported_s, _ = run(IMPORT)
    wall_s, processor_s = run(FIRST_BEAT)
    return {"import edgeecg": imported_s, "first beat of a process": wall_s, "first beat, processor time": processor_s}
