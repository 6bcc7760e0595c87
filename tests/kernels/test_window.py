import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels.state import EVENT, KIND_WINDOW
from edgeecg_kernels.window import window, window_block, window_skip, window_start
from edgeecg_kernels.window_state import MODEL_PARAMS, WINDOW_STATE
from tests.naive.window import Model, NaiveWindows

models = st.lists(st.tuples(st.integers(5, 400), st.integers(3, 150), st.integers(1, 300)), min_size=0, max_size=4)
blocks = st.lists(
    st.tuples(st.integers(1, 300), st.sampled_from(("good", "bad", "gap", "wild"))),
    min_size=1,
    max_size=12,
)


def table(rows: list[Model]) -> np.ndarray:
    return np.array(rows, MODEL_PARAMS)


@given(models=models, blocks=blocks, hop_factor=st.integers(1, 3))
def test_says_what_the_oracle_says(models: list[Model], blocks: list[tuple[int, str]], hop_factor: int) -> None:
    state, rows = np.zeros(1, WINDOW_STATE), table(models)
    window_start(state[0], rows, 0)
    naive = NaiveWindows(models, hop_factor)
    out = np.zeros(4096, EVENT)
    said = []
    at = 0
    for n, kind in blocks:
        if kind == "gap":
            window_skip(state[0], rows, hop_factor, at, at + n)
            naive.skip(n)
            at += n
            continue
        y = np.full(n, 1e9 if kind == "wild" else 0.5)
        flags = np.full(n, 2 if kind == "bad" else 16, np.uint8)
        n_out = window_block(state[0], rows, hop_factor, y, flags, n, at, out, 0)
        for row in out[:n_out]:
            model, window_id, bad, start = (int(value) for value in row["value"][:4])
            said.append(("window" if row["kind"] == KIND_WINDOW else "expired", int(row["known_at"]), model, window_id, start, bad))
        for value, flag in zip(y, flags, strict=True):
            naive.sample(float(value), int(flag))
        at += n
    assert said == naive.said


def test_the_ring_holds_the_window_that_was_announced() -> None:
    state, rows = np.zeros(1, WINDOW_STATE), table([(100, 50, 20)])
    window_start(state[0], rows, 0)
    y = np.sin(np.arange(130) / 9.0)
    out = np.zeros(64, EVENT)
    assert window(state, rows, 1, y, np.zeros(130, np.uint8), 0, out) == 2
    start = int(out[0]["value"][3])
    assert np.array_equal(state[0]["mv"][start : start + 100], y[start : start + 100].astype(np.float32))


def test_answers_that_nobody_gives_do_not_pile_up() -> None:
    state, rows = np.zeros(1, WINDOW_STATE), table([(5, 3, 1000)] * 4)
    window_start(state[0], rows, 0)
    out = np.zeros(4096, EVENT)
    n = window(state, rows, 1, np.zeros(300), np.zeros(300, np.uint8), 0, out)
    announced = int((out[:n]["kind"] == KIND_WINDOW).sum())
    assert announced == 4 * ((300 - 5) // 3 + 1)
    assert n - announced == announced - 16
