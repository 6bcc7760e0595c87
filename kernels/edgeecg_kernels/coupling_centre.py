"""Where in a beat the two sounds are: a running map of energy, with what is known of hearts as a prior, and slow to change its mind.

Energy counts where it is loud in most beats (each beat's own share) and where odd and even beats agree in phase: noise is loud too,
but does not agree; a sound that comes at uneven times agrees little, but is loud. The two are joined by their geometric mean.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.coupling_sound import SMOOTH_MS, smooth_energy
from edgeecg_kernels.coupling_state import BEFORE, MIN_BEATS, POSTS, RING, S1, STEP

USUAL_S1_MS, S1_SPREAD_MS = 65.0, 30.0
USUAL_S2_MS, S2_SPREAD_MS = 390.0, 45.0
USUAL_RR_S = 0.85
EARLIEST, LATEST = (20.0, 250.0), (140.0, 520.0)
QUIET_POSTS = 24
"""Of the window's beginning: the end of diastole."""
AGREEMENT_FLOOR = 0.05
BETTER = 1.25
"""So many times better must another place be."""


@kernel
def usual_place(sound: int, rr_s: float) -> float:
    """Return where a sound usually is, in ms after R."""
    return USUAL_S1_MS if sound == S1 else USUAL_S2_MS * math.sqrt((rr_s if rr_s > 0.0 else USUAL_RR_S) / USUAL_RR_S)


@kernel
def _map(s: Any, w: Any) -> None:
    """Write the evidence for a sound at each post, 0 to about 1."""
    score, agree = w["score"], w["smooth"]
    known = min(s["n_beats"], RING)
    quiet, loudest = 0.0, 0.0
    for i in range(POSTS):
        score[i] = 0.0
    for k in range(known):
        energy = s["ring_energy"][k]
        for i in range(POSTS):
            score[i] += float(energy[i])
    for i in range(POSTS):
        score[i] /= known
    for i in range(QUIET_POSTS):
        quiet += score[i] / QUIET_POSTS
    smooth_energy(s["plain_white"][0], s["plain_white"][1], SMOOTH_MS, w["running"], agree)
    best = 0.0
    for i in range(POSTS):
        score[i] = max(score[i] - quiet, 0.0)
        loudest = score[i] if score[i] > loudest else loudest
        best = agree[i * STEP] if agree[i * STEP] > best else best
    for i in range(POSTS):
        loud = score[i] / loudest if loudest > 0.0 else 0.0
        agreed = max(agree[i * STEP], 0.0) / best if best > 0.0 else 0.0
        score[i] = math.sqrt(loud * (agreed + AGREEMENT_FLOOR))


@kernel
def track_centres(s: Any, w: Any) -> None:
    """Set both centres, or leave them where they are."""
    _map(s, w)
    for sound in range(2):
        usual = usual_place(sound, s["rr_s"])
        spread = S1_SPREAD_MS if sound == S1 else S2_SPREAD_MS
        best, at, here = -1.0, 0.0, -1.0
        for i in range(POSTS):
            ms = float(i * STEP - BEFORE)
            if ms < EARLIEST[sound] or ms > LATEST[sound]:
                continue
            away = (ms - usual) / spread
            value = w["score"][i] * math.exp(-0.5 * away * away)
            if value > best:
                best, at = value, ms
            if ms == s["centre"][sound]:
                here = value
        if s["n_beats"] <= MIN_BEATS or best > BETTER * here:
            s["centre"][sound] = at
