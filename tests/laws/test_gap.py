"""Law 8: a gap is one event, nothing is put in its place, and no window spans it unmarked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.types import Beat, Chunk, Event, Gap, GapReason, SourceChange, SourceState, WindowReady
from edgeecg_kernels.state import GRID_HZ
from tests.laws.signals import heart

FRAME = 36
EDGE = 12
"""Samples on either side of a gap that the resampler gives up, in input samples at 360 Hz."""


def run(rate_hz: float, lost: range, n_frames: int, frame_len: int) -> tuple[list[Event], np.ndarray]:
    """Take a heart through an engine, all but some frames of it; return the events and the signal."""
    facts = StreamFacts(name="chest", rate_hz=rate_hz, sequence_bits=16, frame_len=frame_len)
    model = ModelFacts(name="m", sha256="0" * 64, labels=("a",), window_s=2.0, hop_s=0.5, max_missing_share=0.2)
    engine = Engine(EngineConfig(streams=(facts,), models=(model,)))
    x, _ = heart(rate_hz, n_frames * frame_len / rate_hz, seed=5)
    events = list(engine.feed(SourceState("chest", SourceChange.OPENED, 0)))
    for frame in range(n_frames):
        if frame not in lost:
            samples = x[frame * frame_len : (frame + 1) * frame_len]
            events += engine.feed(Chunk("chest", samples, round(frame * frame_len / rate_hz * 1e9), sequence=frame))
    return events, x


@given(
    rate_hz=st.sampled_from((100.0, 250.0, 360.0, 1000.0)),
    first=st.integers(5, 80),
    n_lost=st.integers(1, 60),
    frame_len=st.sampled_from((10, 36, 64)),
)
def test_one_gap_is_one_event_of_the_right_length(rate_hz: float, first: int, n_lost: int, frame_len: int) -> None:
    events, _ = run(rate_hz, range(first, first + n_lost), 160, frame_len)
    gaps = [event for event in events if isinstance(event, Gap)]
    start = first * frame_len
    assert gaps == [Gap("chest", start, n_lost * frame_len, GapReason.LOST, start + n_lost * frame_len)]


@given(first=st.integers(30, 80), n_lost=st.integers(1, 40))
def test_nothing_is_said_of_what_is_missing(first: int, n_lost: int) -> None:
    events, _ = run(360.0, range(first, first + n_lost), 150, FRAME)
    begin, end = first * FRAME, (first + n_lost) * FRAME
    assert not [event for event in events if isinstance(event, Beat) and begin <= event.sample < end]


@given(first=st.integers(30, 80), n_lost=st.integers(1, 15))
def test_windows_mark_exactly_what_is_missing(first: int, n_lost: int) -> None:
    events, x = run(360.0, range(first, first + n_lost), 150, FRAME)
    begin, end = first * FRAME - EDGE, (first + n_lost) * FRAME + EDGE
    windows = [event for event in events if isinstance(event, WindowReady)]
    assert any(window.missing_share > 0 for window in windows)
    for window in windows:
        samples = np.frombuffer(window.samples_mv, "<f4")
        at = window.start_sample + np.arange(len(samples)) * 360.0 / GRID_HZ
        missing = np.isnan(samples)
        assert window.missing_share == pytest.approx(missing.mean())
        assert window.readable == (window.missing_share <= 0.2)
        well_inside, well_outside = (at > begin + 3) & (at < end - 3), (at < begin - 3) | (at > end + 3)
        assert missing[well_inside].all()
        assert not missing[well_outside].any()
        assert np.abs(samples[~missing] - np.interp(at, np.arange(len(x)), x)[~missing]).max() < 0.2


def test_a_stream_learns_again_within_two_seconds_of_a_gap() -> None:
    events, _ = run(360.0, range(60, 90), 200, FRAME)
    after = [event for event in events if isinstance(event, Beat) and event.sample > 90 * FRAME]
    assert after[0].sample < 90 * FRAME + 360 * 1.2
    assert after[0].reported_at < 90 * FRAME + 360 * 2
