import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg_kernels.state import EVENT, KIND_BEAT, KIND_WINDOW
from edgeecg_kernels.window import window, window_block, window_finish, window_skip, window_start
from edgeecg_kernels.window_state import MODEL_PARAMS, RING, WINDOW_STATE
from tests.naive.window import Model, NaiveWindows

befores = st.one_of(st.just(-1), st.integers(0, 200))
models = st.lists(st.tuples(st.integers(5, 400), st.integers(3, 150), st.integers(1, 300), befores), min_size=0, max_size=4)
beats = st.lists(st.tuples(st.integers(0, 299), st.integers(0, 400)), max_size=4)
"""Of a block: (place of the sample that made a beat known, how long ago the beat was)."""
blocks = st.lists(
    st.tuples(st.integers(1, 300), st.sampled_from(("good", "bad", "gap", "wild", "last")), beats),
    min_size=1,
    max_size=12,
)


def table(rows: list[Model]) -> np.ndarray:
    return np.array(rows, MODEL_PARAMS)


def heard(out: np.ndarray, told: list[tuple[int, int]]) -> int:
    """Put rows of beats, (known at, R peak), where the stages before leave them."""
    out[: len(told)] = 0
    out["kind"][: len(told)] = KIND_BEAT
    for row, (known_at, beat) in zip(out, told, strict=False):
        row["known_at"], row["sample"] = known_at, beat
    return len(told)


@given(models=models, blocks=blocks, hop_factor=st.integers(1, 3))
def test_says_what_the_oracle_says(models: list[Model], blocks: list[tuple[int, str, list[tuple[int, int]]]], hop_factor: int) -> None:
    state, rows = np.zeros(1, WINDOW_STATE), table(models)
    window_start(state[0], rows, 0)
    naive = NaiveWindows(models, hop_factor)
    out = np.zeros(4096, EVENT)
    said = []
    at = 0
    for n, kind, beats in blocks:
        told = sorted((at + place, at + place - ago) for place, ago in beats if place < n)
        if kind == "gap":
            window_skip(state[0], rows, hop_factor, at, at + n)
            naive.skip(n)
            at += n
            continue
        y = np.full(n, 1e9 if kind == "wild" else 0.5)
        flags = np.full(n, 2 if kind == "bad" else 16, np.uint8)
        n_heard = heard(out, [] if kind == "last" else told)
        n_out = window_block(state[0], rows, hop_factor, y, flags, n, at, out, 0, n_heard)
        new = [out[n_heard:n_out].copy()]
        for place, (value, flag) in enumerate(zip(y, flags, strict=True), at):
            naive.sample(float(value), int(flag), [beat for known_at, beat in told[:n_heard] if known_at == place])
        at += n
        if kind == "last":
            n_heard = heard(out, told)
            n_out = window_finish(state[0], rows, at - 1, out, 0, n_heard)
            new.append(out[n_heard:n_out].copy())
            naive.finish([beat for _, beat in told])
        for row in np.concatenate(new):
            model, window_id, bad, start, _, beat = (int(value) for value in row["value"][:6])
            kind_said = "window" if row["kind"] == KIND_WINDOW else "expired"
            said.append((kind_said, int(row["known_at"]), model, window_id, start, bad, beat))
    assert said == naive.said


def test_beats_are_remembered_with_what_was_said_of_them() -> None:
    state, rows = np.zeros(1, WINDOW_STATE), table([(100, 50, 20, -1)])
    window_start(state[0], rows, 0)
    out = np.zeros(64, EVENT)
    heard(out, [(40, 20), (90, 70)])
    out["value"][:2, 0] = 0.75, 0.5
    window_block(state[0], rows, 1, np.zeros(130), np.zeros(130, np.uint8), 130, 0, out, 0, 2)
    assert state[0]["n_beats"] == 2
    assert state[0]["beat_at"][:2].tolist() == [20, 70]
    assert state[0]["beat_known"][:2].tolist() == [40, 90]
    assert state[0]["beat_value"][:2, 0].tolist() == [0.75, 0.5]


def test_the_ring_holds_the_window_that_was_announced() -> None:
    state, rows = np.zeros(1, WINDOW_STATE), table([(100, 50, 20, -1)])
    window_start(state[0], rows, 0)
    y = np.sin(np.arange(130) / 9.0)
    out = np.zeros(64, EVENT)
    assert window(state, rows, 1, y, np.zeros(130, np.uint8), 0, out, 0) == 2
    start = int(out[0]["value"][3])
    assert np.array_equal(state[0]["mv"][start : start + 100], y[start : start + 100].astype(np.float32))


def test_answers_that_nobody_gives_do_not_pile_up() -> None:
    state, rows = np.zeros(1, WINDOW_STATE), table([(5, 3, 1000, -1)] * 4)
    window_start(state[0], rows, 0)
    out = np.zeros(4096, EVENT)
    n = window(state, rows, 1, np.zeros(300), np.zeros(300, np.uint8), 0, out, 0)
    announced = int((out[:n]["kind"] == KIND_WINDOW).sum())
    assert announced == 4 * ((300 - 5) // 3 + 1)
    assert n - announced == announced - 16


def test_with_nothing_due_ever_every_sample_is_remembered() -> None:
    state, rows = np.zeros(1, WINDOW_STATE), table([])
    window_start(state[0], rows, 0)
    assert window(state, rows, 1, np.ones(30), np.zeros(30, np.uint8), 0, np.zeros(4, EVENT), 0) == 0
    assert state[0]["mv"][:30].tolist() == [1.0] * 30


@pytest.mark.parametrize("length", [7, 300, 1000, RING])
def test_what_is_remembered_goes_round_the_ring(length: int) -> None:
    state, rows, out = np.zeros(1, WINDOW_STATE), table([]), np.zeros(8, EVENT)
    window_start(state[0], rows, 0)
    n = RING + 300
    y, flags = np.arange(float(n)) % 1000, np.where(np.arange(n) % 7, 0, 2).astype(np.uint8)
    for at in range(0, n, length):
        window(state, rows, 1, y[at : at + length], flags[at : at + length], at, out, 0)
    places = np.arange(n - RING, n)
    bad = flags[places] > 0
    assert np.array_equal(state["bad"][0][places % RING], bad)
    assert np.array_equal(state["mv"][0][places % RING], np.where(bad, 0.0, y[places]).astype(np.float32))
