"""What `align` is told of each piece of a frame, what it remembers, and what it answers."""

import numpy as np
from numpy.typing import NDArray

HELD_FRAMES = 8
HELD_VALUES = 512  # of one held frame: samples x leads
MAX_REORDER_FRAMES = HELD_FRAMES - 1  # one slot stays free, so that nothing a call answers with is overwritten by it
MAX_FRAME_LEN = 1 << 24
MAX_INDEX = 1 << 50
LAST_START = MAX_INDEX - 2 * MAX_FRAME_LEN  # no frame begins after it, so no index is ever above MAX_INDEX
MAX_RATE_MHZ = (1 << 23) - 1
MINIMA = 32
ANCHORS = 32
ANCHOR_US = 100_000  # from one anchor to the next, at least: three seconds are remembered, whatever the length of frames
SPANS_LEN = 48
"""No call answers with more spans: every held frame with a gap, a jump, a drift and its own missing end, and one more."""

# Kinds of span, and the reason each gives.
DATA, GAP, REJECT, CLOCK = 1, 2, 3, 4
LOST, SILENCE, REOPENED, RESTARTED, TRUNCATED, DROPPED = 1, 2, 3, 4, 5, 6  # of a GAP
DUPLICATE, STALE, BAD_LEN, BAD_SEQUENCE, BAD_DEVICE_TIME, NOT_CONTINUING, EXHAUSTED = 11, 12, 13, 14, 15, 16, 17  # of a REJECT
JUMP, DRIFT = 21, 22  # of a CLOCK: `value` is microseconds jumped, parts per billion the source's clock is fast

FATE_NONE, FATE_DELIVERED, FATE_HELD, FATE_REFUSED = 0, 1, 2, 3  # what became of the frame that is arriving
VERDICT_FORWARD, VERDICT_RESTART = 0, 1  # on a frame; the other verdicts are reasons of a REJECT
REMEMBERED = 31  # frames back for which `delivered` tells a duplicate from one that came too late

PIECE = -1  # `source` of samples that lie in the piece just given; 0 .. HELD_FRAMES - 1 is a row of held_values

CHUNK_META = np.dtype(
    [
        ("n", "i8"),  # samples in this piece
        ("sequence", "i8"),  # the counter as the device sent it; -1 = none
        ("device_us", "i8"),  # the device's clock at the frame's first sample, as sent; -1 = none
        ("arrival_ns", "i8"),  # host monotonic time at which the frame was complete
        ("offset", "i8"),  # of this piece inside its frame
        ("frame_len", "i8"),
    ],
    align=True,
)

ALIGN_PARAMS = np.dtype(
    [
        ("rate_mhz", "i8"),  # of the samples, in millihertz
        ("leads", "i8"),
        ("nominal_len", "i8"),  # of a frame; 0 = unknown
        ("sequence_mask", "i8"),  # 2**bits - 1; 0 = frames are not numbered
        ("device_modulus", "i8"),  # microseconds after which the device's clock starts again; 0 = never
        ("device_max", "i8"),  # the largest device time that can be; -1 = frames carry none
        ("reorder_frames", "i8"),  # how many frames late is still put in its place; 0 = what is missing is a gap at once
        ("reorder_ns", "i8"),
        ("silence_len", "i8"),  # samples' worth of time without a frame that is a gap where nothing else can tell
    ],
    align=True,
)

ALIGN_STATE = np.dtype(
    [
        ("next_index", "i8"),  # of the next sample, on the stream's own clock
        ("next_number", "i8"),  # of the next frame, counted without wrapping
        ("started", "i8"),
        ("fresh", "i8"),  # the next frame opens a run: neither counter nor device clock is known to go on
        ("last_sequence", "i8"),  # of the newest frame in the stream, as are the six that follow; -1 = none
        ("last_device_us", "i8"),  # as sent; -1 = none
        ("last_us", "i8"),  # on the source's clock, unwrapped: the device's, or failing that the samples' own
        ("last_arrival_ns", "i8"),
        ("last_len", "i8"),
        ("regular", "i8"),  # every frame of the run was as long as the last
        ("longest", "i8"),
        ("delivered", "i8"),  # bit i: frame next_number - 1 - i was delivered
        ("stale_run", "i8"),  # unnumbered frames in a row that came with an old device time
        ("dropped", "i8"),  # samples the source says it dropped since the last frame
        ("anchors", "i8"),  # ever; the newest lies at (anchors - 1) % ANCHORS
        # the frame that is arriving, piece by piece
        ("frame_sequence", "i8"),
        ("frame_device_us", "i8"),
        ("frame_arrival_ns", "i8"),
        ("frame_len", "i8"),
        ("frame_received", "i8"),
        ("frame_fate", "i8"),
        ("frame_slot", "i8"),
        # the source's clock against arrival
        ("clock_is_device", "i8"),
        ("block_start_us", "i8"),
        ("block_min_us", "i8"),  # the least delay of this block and where it was
        ("block_min_at_us", "i8"),
        ("previous_min_us", "i8"),
        ("minima_count", "i8"),
        ("minima_at_us", "i8", (MINIMA,)),
        ("minima_us", "i8", (MINIMA,)),
        ("drift_ppb", "i8"),
        ("drift_said_ppb", "i8"),
        ("drift_known", "i8"),
        # counts since the stream began
        ("duplicates", "i8"),
        ("stale", "i8"),
        ("malformed", "i8"),
        ("gaps", "i8"),
        ("missing", "i8"),
        ("restarts", "i8"),
        ("jumps", "i8"),
        # frames that came before their turn
        ("held_count", "i8"),
        ("held_used", "i8", (HELD_FRAMES,)),
        ("held_number", "i8", (HELD_FRAMES,)),
        ("held_sequence", "i8", (HELD_FRAMES,)),
        ("held_device_us", "i8", (HELD_FRAMES,)),
        ("held_arrival_ns", "i8", (HELD_FRAMES,)),
        ("held_len", "i8", (HELD_FRAMES,)),
        ("held_received", "i8", (HELD_FRAMES,)),
        ("held_values", "f8", (HELD_FRAMES, HELD_VALUES)),
        # frames that carried device time: the index of the first sample, and when that was on the source's clock
        ("anchor_index", "i8", (ANCHORS,)),
        ("anchor_us", "i8", (ANCHORS,)),
    ],
    align=True,
)

SPAN = np.dtype(
    [
        ("kind", "i4"),
        ("reason", "i4"),
        ("first_sample", "i8"),  # on the stream's own clock
        ("n", "i8"),
        ("source", "i8"),  # of DATA: PIECE or a row of held_values
        ("source_start", "i8"),  # of DATA: the first sample's place there
        ("value", "i8"),
    ],
    align=True,
)


def align_params(
    *,
    rate_mhz: int,
    leads: int,
    nominal_len: int = 0,
    sequence_bits: int = 0,
    device_bits: int = 0,
    reorder_frames: int = 0,
    reorder_ns: int = 0,
    silence_ns: int = 2_000_000_000,
) -> NDArray[np.void]:
    """Return ALIGN_PARAMS of shape (1,). 0 bits: the frames carry no counter, or no device time."""
    for name, value, low, high in (
        ("rate_mhz", rate_mhz, 1000, MAX_RATE_MHZ),
        ("leads", leads, 1, HELD_VALUES),
        ("nominal_len", nominal_len, 0, MAX_FRAME_LEN),
        ("sequence_bits", sequence_bits, 0, 32),
        ("device_bits", device_bits, 0, 64),
        ("reorder_frames", reorder_frames, 0, MAX_REORDER_FRAMES),
        ("reorder_ns", reorder_ns, 0, 1 << 40),
        ("silence_ns", silence_ns, 0, 1 << 48),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name}: {value} is not in {low}..{high}")
    params = np.zeros(1, ALIGN_PARAMS)
    params["rate_mhz"], params["leads"], params["nominal_len"] = rate_mhz, leads, nominal_len
    params["sequence_mask"] = (1 << sequence_bits) - 1
    params["device_modulus"] = 1 << device_bits if 0 < device_bits < 63 else 0
    params["device_max"] = min((1 << device_bits) - 1, (1 << 63) - 1) if device_bits else -1
    params["reorder_frames"], params["reorder_ns"] = reorder_frames, reorder_ns
    params["silence_len"] = silence_ns * rate_mhz // 10**12
    return params


def align_state() -> NDArray[np.void]:
    """Return ALIGN_STATE of shape (1,), before the first frame of a stream."""
    state = np.zeros(1, ALIGN_STATE)
    state["fresh"] = 1
    state["last_sequence"] = state["last_device_us"] = -1
    return state
