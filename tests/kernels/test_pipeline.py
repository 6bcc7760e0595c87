import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels.pipeline import sort_rows
from edgeecg_kernels.state import EVENT
from tests.naive.pipeline import Key, in_order

small = st.integers(0, 3)


@given(keys=st.lists(st.tuples(small, small, small, small), max_size=30), begin=st.integers(0, 3))
def test_rows_come_in_the_order_of_decision(keys: list[Key], begin: int) -> None:
    out = np.zeros(begin + len(keys) + 2, EVENT)
    rows = out[begin : begin + len(keys)]
    for row, (known_at, kind, lead, sample) in zip(rows, keys, strict=True):
        row["known_at"], row["kind"], row["lead"], row["sample"] = known_at, kind, lead, sample
        row["value"] = known_at * 1000 + kind * 100 + lead * 10 + sample
    sort_rows(out, begin, begin + len(keys), np.zeros(1, EVENT)[0])
    got = [tuple(int(row[name]) for name in ("known_at", "kind", "lead", "sample")) for row in rows]
    assert got == in_order(keys)
    assert [int(row["value"][7]) for row in rows] == [a * 1000 + b * 100 + c * 10 + d for a, b, c, d in got]
    assert not out[begin + len(keys) :].tobytes().strip(b"\0")
