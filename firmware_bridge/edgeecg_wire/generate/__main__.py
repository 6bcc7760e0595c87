"""`python -m edgeecg_wire.generate` writes the generated files; with `--check` it only says which are stale."""

import subprocess
import sys

from edgeecg_wire.generate import ROOT, generated, stale
from edgeecg_wire.vectors import PATH, text


def _check() -> int:
    old = stale()
    if not old and (not PATH.exists() or PATH.read_text(encoding="utf-8") != text()):
        old = [PATH]
    for path in old:
        print(f"{path.relative_to(ROOT)}: is not what edgeecg_wire/schema.py says")
    return 1 if old else 0


def _write() -> int:
    texts = generated()
    for path in stale():
        path.write_text(texts[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    # The vectors are made by the records just written: another interpreter reads them anew.
    return subprocess.run([sys.executable, "-m", "edgeecg_wire.vectors"], check=False).returncode


def main(arguments: list[str]) -> int:
    """Return 0, or 1 where `--check` found a stale file."""
    if arguments == ["--check"]:
        return _check()
    if arguments:
        print(f"generate: {' '.join(arguments)!r} is not --check or nothing")
        return 2
    return _write()


sys.exit(main(sys.argv[1:]))
