"""Whether a heart has come to sound another way: another posture, another place of the microphone.

No paper. Carrier-free: each beat's energy over time, as `coupling_sound` notes it. The last four beats are as one, and none of them is like the eight
before. A beat in noise is most like the mean of many; only where the sounds have moved is it more like three others that came with it.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.coupling_state import POSTS, RING

RECENT, EARLIER = 4, 8
MORE_LIKE = 0.3
"""So much higher must the correlation with the other recent beats be."""


@kernel
def _alike(x: Any, y: Any, own: float) -> float:
    """Correlate x with y, less `own` times x."""
    mean_x, mean_y = 0.0, 0.0
    for i in range(POSTS):
        mean_x += float(x[i])
        mean_y += y[i] - own * float(x[i])
    mean_x /= POSTS
    mean_y /= POSTS
    xx, xy, yy = 0.0, 0.0, 0.0
    for i in range(POSTS):
        a, b = float(x[i]) - mean_x, y[i] - own * float(x[i]) - mean_y
        xx += a * a
        xy += a * b
        yy += b * b
    return xy / math.sqrt(xx * yy) if xx > 0.0 and yy > 0.0 else 0.0


@kernel
def _energy(s: Any, back: int) -> Any:
    """Return the energy of the beat `back` beats before the last."""
    return s["ring_energy"][(s["head"] + RING - 1 - back) % RING]


@kernel
def _add_up(s: Any, first: int, last: int, out: Any) -> None:
    """Write the sum of the energies of some beats, counted back from the last."""
    for i in range(POSTS):
        out[i] = 0.0
    for back in range(first, last):
        energy = _energy(s, back)
        for i in range(POSTS):
            out[i] += float(energy[i])


@kernel
def sounds_anew(s: Any, w: Any) -> bool:
    """Say whether the last beats in the ring are another heart's, to hear them, than those before."""
    if s["n_beats"] < RECENT + EARLIER:
        return False
    _add_up(s, 0, RECENT, w["smooth"])
    _add_up(s, RECENT, RECENT + EARLIER, w["score"])
    for back in range(RECENT):
        energy = _energy(s, back)
        if _alike(energy, w["smooth"], 1.0) < _alike(energy, w["score"], 0.0) + MORE_LIKE:
            return False
    return True
