"""The fresh process of `benchmarks.models_runtime`: `python -m benchmarks.first_answer NAME` classifies ten seconds and says what that took.

It loads nothing that its answer does not need, nor what numba loads only where developers installed it.
"""

import json
import os
import sys
import time
from pathlib import Path


def answer(name: str) -> None:
    """Classify; say how long since the process began, and the memory it took."""
    sys.modules.update(dict.fromkeys(("scipy", "coverage", "cffi", "yaml")))  # type: ignore[arg-type]
    from edgeecg.data import load_excerpt
    from edgeecg.facts import StreamFacts
    from edgeecg.models.recording import classify
    from edgeecg.models.registry import Registry
    from edgeecg.models.windows import STREAM

    excerpt = load_excerpt()
    model = Registry().load(name, untrained=True)
    samples = excerpt.samples_mv[: round(10 * excerpt.rate_hz)]
    result = classify(samples, StreamFacts(name=STREAM, rate_hz=excerpt.rate_hz), model)
    assert result.windows
    begun_ticks = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
    up_s = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    answer_s = up_s - begun_ticks / os.sysconf("SC_CLK_TCK")
    peak = next(line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"answer_s": answer_s, "cpu_s": time.process_time(), "rss_mb": int(peak.split()[1]) / 1024}))


if __name__ == "__main__":
    answer(sys.argv[1])
