"""State that nobody has written to takes no memory, and comes back from a snapshot as it was."""

from pathlib import Path

import numpy as np
import pytest

from edgeecg.stages import room

STATUS = Path("/proc/self/statm")
RECORD = np.dtype([("number", "i8"), ("spare", "f8", (8191,))])
ODD = np.dtype([("number", "i8"), ("spare", "f8", (1500,))])
"""Ends within a page."""
N_RECORDS = 1024
"""Of 64 KiB each: 64 MiB."""


def resident_mib() -> float:
    return int(STATUS.read_text().split()[1]) * room.PAGE_BYTES / 2**20


@pytest.mark.skipif(not STATUS.exists(), reason="needs /proc, to ask how much memory there is")
def test_only_what_is_written_takes_memory() -> None:
    numbered = np.zeros(N_RECORDS, RECORD)
    numbered["number"] = np.arange(N_RECORDS)
    data = numbered.tobytes()  # beforehand: malloc may take so much from what was freed long ago and lies in no memory, and keeps it
    before = resident_mib()
    made = room.zeros(N_RECORDS, RECORD)
    made["number"] = np.arange(N_RECORDS)
    copied = room.filled(data, RECORD)
    assert resident_mib() - before < 32
    assert np.array_equal(copied["number"], made["number"])


@pytest.mark.parametrize("n", [0, 1, 3, 7])
def test_a_copy_is_the_same_to_the_last_byte_and_can_be_written(n: int) -> None:
    made = np.zeros(n, ODD)
    made["number"], made["spare"][:, 1000:] = 1 + np.arange(n), np.nan
    copied = room.filled(made.tobytes(), ODD)
    assert copied.tobytes() == made.tobytes()
    copied["number"] = -1
    assert room.zeros(n, ODD).tobytes() == bytes(n * ODD.itemsize)
