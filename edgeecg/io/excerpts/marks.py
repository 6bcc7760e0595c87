"""Beats and alerts as marks on a recording."""

from collections.abc import Iterator

from edgeecg.io.excerpts.cutting import Excerpt
from edgeecg.types import Morphology

SYMBOLS = {Morphology.NORMAL: "N", Morphology.WIDE: "V", Morphology.UNKNOWN: "Q"}
NOTE = '"'


def marks(excerpt: Excerpt) -> Iterator[tuple[int, str, str]]:
    """Give (sample from the excerpt's start, symbol, text) in order: beats, and a note where an alert's condition began or changed."""
    rows = [(beat.sample - excerpt.start_sample, SYMBOLS[beat.morphology], "") for beat in excerpt.beats]
    for alert in excerpt.alerts:
        text = f"{alert.rule} {alert.state.name.lower()} ({alert.priority.name.lower()}) {alert.alert_id[:8]}.{alert.revision}"
        at = min(max(0, alert.sample - excerpt.start_sample), len(excerpt.samples_mv) - 1)
        rows.append((at, NOTE, text))
    yield from sorted(rows, key=lambda row: row[0])
