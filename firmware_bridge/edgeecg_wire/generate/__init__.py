"""Writes what follows from the table in `schema.py`: Python's records, the C header and SPEC's tables."""

from pathlib import Path

from edgeecg_wire.generate import to_c, to_python, to_spec

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "SPEC.md"


def generated() -> dict[Path, str]:
    """Return the text every generated file should hold."""
    return {
        ROOT / "edgeecg_wire" / "frames.py": to_python.text(),
        ROOT / "include" / "edgeecg_wire.h": to_c.wire_header(),
        ROOT / "include" / "edgeecg_rows.h": to_c.rows_header(),
        SPEC: to_spec.refreshed(SPEC.read_text(encoding="utf-8")),
    }


def stale() -> list[Path]:
    """Return the generated files that no longer say what the table says."""
    return [path for path, text in generated().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
