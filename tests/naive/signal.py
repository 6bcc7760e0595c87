"""`signal`, slowly: what was seen of each flag, looked up sample by sample."""

from collections.abc import Sequence

from edgeecg_kernels.signal import HOLD, N_FLAGS


def changes(flags: Sequence[int]) -> list[tuple[int, int]]:
    """Return (sample, flags in force from then on) at every change: at once when set, HOLD after the last when not."""
    found: list[tuple[int, int]] = []
    in_force = 0
    for at in range(len(flags)):
        now = 0
        for bit in range(N_FLAGS):
            mask = 1 << bit
            recently = any(flags[i] & mask for i in range(max(0, at - HOLD + 1), at + 1))
            now |= mask if recently else 0
        if now != in_force:
            in_force = now
            found.append((at, in_force))
    return found
