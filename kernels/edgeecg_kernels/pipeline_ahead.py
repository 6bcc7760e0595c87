"""What the chunks that come next will touch, asked of memory while the one before is worked on.

No paper. A fleet's state is larger than a processor's caches, and to wait for memory at the first touch of each line of it
would be half of a short chunk's time. Which lines is known before: the heads of the stages' states, and once those are
here, the places in the rings that the new samples go to. To ask changes nothing but time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.arena import LEAD_STATE, STREAM_PARAMS, STREAM_STATE
from edgeecg_kernels.flutter_state import MEANS
from edgeecg_kernels.machine import LINE_BYTES, touch
from edgeecg_kernels.resample_state import RING_LEN
from edgeecg_kernels.window_state import RING


def _lines(state: Any, spans: tuple[tuple[str, str, str], ...]) -> NDArray[np.int64]:
    """Return a byte of each line that holds a stage's fields from one to another, and the first; each row's lines begin elsewhere."""
    places = [0]
    for stage, first, last in spans:
        inner, at = state.fields[stage][:2]
        (_, begin), (kind, end) = inner.fields[first][:2], inner.fields[last][:2]
        places += [*range(at + begin, at + end + kind.itemsize - 1, LINE_BYTES), at + end + kind.itemsize - 1]
    return np.array(places)


STREAM_LINES = _lines(
    STREAM_STATE,
    (
        ("align", "next_index", "minima_count"),
        ("align", "drift_ppb", "held_count"),
        ("window", "started", "earliest_deadline"),
        ("flutter", "whole", "bad_at"),
    ),
)
LEAD_LINES = _lines(
    LEAD_STATE,
    (
        ("resample", "next_input", "slot"),
        ("condition", "previous", "silent"),
        ("signal", "reported", "reported"),
        ("qrs", "fill", "judged"),
        ("qrs", "waiting", "strength"),
        ("qrs", "alarm", "alarm"),
        ("quality", "tail", "now"),
        ("quality", "halves", "beats"),
    ),
)
"""What nearly every chunk touches."""
STREAM_BYTES, LEAD_BYTES, PARAM_BYTES = STREAM_STATE.itemsize, LEAD_STATE.itemsize, STREAM_PARAMS.itemsize


@kernel
def ask_heads(streams: Any, leads: Any, params: Any, slot: int) -> None:
    """Ask for the heads of a stream's states."""
    for line in STREAM_LINES:
        touch(streams, slot * STREAM_BYTES + line)
    first = params[slot]["first_lead"]
    for lead in range(first, first + params[slot]["leads"]):
        for line in LEAD_LINES:
            touch(leads, lead * LEAD_BYTES + line)


@kernel
def _ask_between(array: Any, begin: int, end: int) -> None:
    """Ask for an array's bytes begin..end; those before its beginning are none of it."""
    for byte in range(max(begin, 0), end, LINE_BYTES):
        touch(array, byte)
    touch(array, end)


@kernel
def ask_rings(streams: Any, leads: Any, params: Any, slot: int) -> None:
    """Ask for the ends of a stream's rings: where some ten samples go, and where the filters reach back to."""
    p = params[slot]
    first, width = p["first_lead"], p["resample"]["width"]
    for lead in range(first, first + p["leads"]):
        resample, qrs = leads[lead]["resample"], leads[lead]["qrs"]
        if p["resample"]["half"] > 0:  # a lead that is sampled as the grid is keeps nothing there
            at = resample["slot"]
            _ask_between(resample["ring"], 8 * at, 8 * at + 79)
            _ask_between(resample["ring"], 8 * (at + RING_LEN - width), 8 * (at + RING_LEN) + 79)
        fill = qrs["fill"]
        _ask_between(qrs["line"], 8 * fill, 8 * fill + 63)
        _ask_between(qrs["smooth"], 8 * (fill - 16), 8 * fill + 63)
        _ask_between(qrs["energy"], 8 * fill, 8 * fill + 63)
    flutter = streams[slot]["flutter"]
    at = flutter["count"] % MEANS
    _ask_between(flutter["means"], 8 * at, 8 * at + 15)
    at = leads[first]["resample"]["next_output"] % RING
    window = streams[slot]["window"]
    _ask_between(window["mv"], 4 * at, 4 * at + 31)
    _ask_between(window["bad"], at, at + 7)


@kernel
def ask_ahead(streams: Any, leads: Any, params: Any, pieces: Any, now: int) -> None:
    """While pieces[now] is taken, ask for what those after it will touch: parameters first, then heads, for they say where the rings end."""
    if now + 3 < len(pieces):
        begin = pieces[now + 3]["slot"] * PARAM_BYTES
        _ask_between(params, begin, begin + PARAM_BYTES - 1)
    if now + 2 < len(pieces):
        ask_heads(streams, leads, params, pieces[now + 2]["slot"])
    if now + 1 < len(pieces):
        ask_rings(streams, leads, params, pieces[now + 1]["slot"])
