"""Streams that were recorded together come in turn, as a device would send them."""

from itertools import pairwise

import numpy as np

from edgeecg.io.sources.together import Recorded, together
from edgeecg.types import Chunk, SourceChange, SourceState


def test_chunks_come_in_the_order_of_their_last_samples_and_all_of_each_stream() -> None:
    ecg, pcg = np.arange(255.0), np.arange(1500.0)
    given = list(together([Recorded("e", ecg, 250.0), Recorded("s", pcg, 1000.0)], epoch=7, start_ns=10**9))
    records = [record for _, record in given]
    states = [record for record in records if isinstance(record, SourceState)]
    assert [(one.stream, one.change) for one in states] == [(s, c) for c in (SourceChange.OPENED, SourceChange.LOST) for s in "es"]
    assert [(one.epoch, one.now_ns) for one in states[:2]] == [(7, 10**9)] * 2
    assert records[:2] == states[:2]
    assert records[-2:] == states[2:]
    dues = [due_s for due_s, _ in given]
    assert all(before <= after for before, after in pairwise(dues))
    chunks = [record for record in records if isinstance(record, Chunk)]
    assert [chunk.stream for chunk in chunks] == [*"es" * 10, "e", *"sssss"], "20 ms of ECG are left, and half a second of sound"
    for name, samples in (("e", ecg), ("s", pcg)):
        mine = [chunk for chunk in chunks if chunk.stream == name]
        np.testing.assert_array_equal(np.concatenate([chunk.samples for chunk in mine]), samples)
        assert [chunk.sequence for chunk in mine] == list(range(len(mine)))
    assert all(chunk.arrival_ns == 10**9 + round(due_s * 1e9) for due_s, chunk in given if isinstance(chunk, Chunk))
