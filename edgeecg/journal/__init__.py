"""The input log: what each engine call was given is written before the engine runs, and what it gave is checked later.

A folder of segments, each beginning at a snapshot of the engine that lies beside it. Nothing in here knows what time it is.
"""

from edgeecg.journal.files import DISK, Disk, Files
from edgeecg.journal.last import last_time
from edgeecg.journal.limits import Limits
from edgeecg.journal.reader import Report, read, recover
from edgeecg.journal.replay import Replayable, Replayed, replay
from edgeecg.journal.segment import Entry
from edgeecg.journal.writer import Journal, open_for_append

__all__ = [
    "DISK",
    "Disk",
    "Entry",
    "Files",
    "Journal",
    "Limits",
    "Replayable",
    "Replayed",
    "Report",
    "last_time",
    "open_for_append",
    "read",
    "recover",
    "replay",
]
