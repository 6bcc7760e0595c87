"""What a journal's end says of the time, found without an engine and without reading all of it."""

from pathlib import Path
from typing import Final

from edgeecg.errors import JournalError
from edgeecg.journal.files import DISK, Files
from edgeecg.journal.reader import LOCK_NAME, load, refusing, segment_numbers
from edgeecg.journal.segment import Segment
from edgeecg.types import time_of

NEVER: Final = 0
CALLS: Final = 32
"""At the end: times are stamped in the order of calls, but for what waited between its stamp and its place in the queue."""


def last_time(folder: Path, files: Files = DISK) -> int:
    """Return the latest time near its end; 0: there is none. JournalError: somebody else has it open."""
    with refusing(folder, "a folder that can be written, by one journal at a time"):
        if not files.sizes(folder):
            return NEVER
        files.close(files.open(folder / LOCK_NAME))
    try:
        for number in reversed(segment_numbers(folder, files)):
            if last_ns := _last_of(load(folder, number, files)):
                return last_ns
    except JournalError:  # what cannot be read is said by who recovers from it
        pass
    return NEVER


def _last_of(segment: Segment) -> int:
    if segment.header is None:
        return NEVER
    return max(
        (time_of(record) or NEVER for entry in segment.entries(max(0, len(segment.calls) - CALLS)) for record in entry.records),
        default=NEVER,
    )
