"""A run in a process of its own, on one core: what it measures is nobody else's memory, cache or thread."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from tempfile import TemporaryDirectory
from typing import Any

from edgeecg.errors import EdgeEcgError


class ChildError(EdgeEcgError):
    """A measurement that died."""


def measured(kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Start one, `ward` with a `ward.Spec`'s fields; return what it says."""
    command = [sys.executable, "-m", __name__, kind, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise ChildError(f"bench {kind} {dict(arguments)}: ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(kind: str, arguments: str) -> None:
    """Be the process."""
    if hasattr(os, "sched_setaffinity"):  # before anything starts a thread
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sys.modules.update(scipy=None, coverage=None, cffi=None, yaml=None)  # type: ignore[call-overload]  # numba loads them where developers have them, and no board has
    told = json.loads(arguments)
    if kind == "ward":
        from pathlib import Path  # noqa: PLC0415

        from edgeecg.bench.ward import Spec, run  # noqa: PLC0415

        spec = Spec(**told)
        with TemporaryDirectory(prefix="edgeecg-bench-") as folder:
            print(json.dumps(run(spec, Path(folder)).to_json() | {"spec": asdict(spec)}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
