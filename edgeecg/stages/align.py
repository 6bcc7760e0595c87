"""`align`: what devices send, and what became of it, as events."""

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import StreamFacts
from edgeecg.stages.rows import Row
from edgeecg.types import ClockReport, Gap, GapReason, RefusalReason, Refused
from edgeecg_kernels import align_state as kernel
from edgeecg_kernels.align_state import align_params

_GAPS = {
    kernel.LOST: GapReason.LOST,
    kernel.SILENCE: GapReason.SILENCE,
    kernel.REOPENED: GapReason.REOPENED,
    kernel.RESTARTED: GapReason.RESTARTED,
    kernel.TRUNCATED: GapReason.TRUNCATED,
    kernel.DROPPED: GapReason.DROPPED,
}

_REFUSALS = {
    kernel.DUPLICATE: (RefusalReason.DUPLICATE, "a frame that did not come before"),
    kernel.STALE: (RefusalReason.TOO_LATE, "a frame the stream has not gone past"),
    kernel.BAD_LEN: (RefusalReason.MALFORMED_PIECE, f"n within a frame of 1 to {kernel.MAX_FRAME_LEN} samples"),
    kernel.BAD_SEQUENCE: (RefusalReason.BAD_VALUE, "a sequence within the stream's sequence_bits"),
    kernel.BAD_DEVICE_TIME: (RefusalReason.BAD_VALUE, "a device time within the stream's device_clock_bits"),
    kernel.NOT_CONTINUING: (RefusalReason.MALFORMED_PIECE, "the next piece of the frame that is arriving"),
    kernel.EXHAUSTED: (RefusalReason.BAD_VALUE, "an index below 2**50"),
}


def params(facts: StreamFacts) -> NDArray[np.void]:
    """Return ALIGN_PARAMS of shape (1,)."""
    return align_params(
        rate_mhz=round(facts.rate_hz * 1000),
        leads=len(facts.leads),
        nominal_len=facts.frame_len,
        sequence_bits=facts.sequence_bits,
        device_bits=facts.device_clock_bits,
        reorder_frames=facts.reorder_frames,
        reorder_ns=round(facts.reorder_ms * 1e6),
        silence_ns=round(facts.silence_s * 1e9),
    )


def gap(facts: StreamFacts, row: Row) -> Gap:
    """Read a row of KIND_GAP."""
    len_samples, reason = (int(number) for number in row.value[:2])
    return Gap(facts.name, row.sample, len_samples, _GAPS[reason], row.known_at)


def refused(facts: StreamFacts, row: Row) -> Refused:
    """Read a row of KIND_REFUSED."""
    len_samples, code = (int(number) for number in row.value[:2])
    reason, allowed = _REFUSALS[code]
    return Refused(facts.name, reason, f"a piece of {len_samples} samples", allowed, row.known_at)


def clock_report(facts: StreamFacts, row: Row) -> ClockReport:
    """Read a row of KIND_CLOCK."""
    value, reason = row.value[:2]
    drift_ppm = value / 1000 if int(reason) == kernel.DRIFT else 0.0
    jump_us = int(value) if int(reason) == kernel.JUMP else 0
    return ClockReport(facts.name, row.sample, drift_ppm, jump_us, row.known_at)
