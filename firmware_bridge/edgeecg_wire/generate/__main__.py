"""`python -m edgeecg_wire.generate` writes the generated files; with `--check` it only says which are stale."""

import sys

from edgeecg_wire.generate import ROOT, generated, stale


def main(arguments: list[str]) -> int:
    """Return 0, or 1 where `--check` found a stale file."""
    old = stale()
    if arguments == ["--check"]:
        for path in old:
            print(f"{path.relative_to(ROOT)}: does not say what edgeecg_wire/schema.py says")
        return 1 if old else 0
    if arguments:
        print(f"generate: {' '.join(arguments)!r} is not --check or nothing")
        return 2
    texts = generated()
    for path in old:
        path.write_text(texts[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


sys.exit(main(sys.argv[1:]))
