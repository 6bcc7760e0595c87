"""Electromechanical coupling, beat by beat: the kernel from the QRS to the sounds, and the delays, from what is known so far.

The formulation and its study are in docs/coupling.md; what is ours and what is published is said there. A beat comes with its sound
(1 kHz, R - 160 to R + 709 ms) and its ECG (250 Hz, R - 32 to R + 31 samples), once both have arrived. It is checked, put into the
ring, planned against the templates of S1 and S2, and older beats are looked at again; then the kernel is read off the sums. State
is of one size; no beat costs more than a fixed number of looks.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.coupling_anew import sounds_anew
from edgeecg_kernels.coupling_centre import track_centres
from edgeecg_kernels.coupling_kernel import agreement, deconvolve, free, join, middle_of_energy
from edgeecg_kernels.coupling_plan import (
    USUAL_JITTER,
    first_sample,
    follow,
    lag_costs,
    learn_jitter,
    let_go,
    look,
    put,
    set_prior,
    set_template,
)
from edgeecg_kernels.coupling_qrs import ALIKE, STEP_MS, is_known, learn_qrs, place_qrs, r_peak
from edgeecg_kernels.coupling_sound import check, take_sound
from edgeecg_kernels.coupling_state import (
    AGAIN,
    BEFORE,
    CHOOSE_S1,
    CHOOSE_S2,
    ECG_BEFORE,
    ECG_LEN,
    KERNEL_LEN,
    LAGS,
    LEARNING,
    MIN_BEATS,
    MISSING,
    MOST_LAGS,
    NOISY,
    OK,
    OTHER_BEAT,
    PLAIN,
    POSTS,
    RING,
    S1,
    S2,
    UNSTEADY,
    WIDTHS,
    WINDOW,
)
from edgeecg_kernels.transport import lag_plan

RR_SPAN = 16
MOST_MISFITS = 3
LESS_ALIKE, LIKENESS_SPAN = 0.75, 8.0
"""In a noisy ECG no beat is as like another: less than this share of what is usual is unlike."""
LEAST_AGREEMENT = 0.5
"""Of what all beats say with what they would say again: less than that is mostly noise."""
MOST_SPREAD_MS = 8.0


@kernel
def coupling_reset(s: Any) -> None:
    """Begin with a heart nothing is known of."""
    s["misfits"] = 0
    s["likeness"] = 1.0
    s["n_noise"] = 0
    s["n_qrs"] = 0
    s["late"] = 0.0
    s["rr_s"] = 0.0
    _forget_sounds(s)


@kernel
def _forget_sounds(s: Any) -> None:
    """Begin with the sounds of a heart whose QRS may be known."""
    s["n_beats"] = 0
    s["head"] = 0
    s["again"] = 0
    for k in range(RING):
        s["ring_share"][k] = 0.0
        for i in range(POSTS):
            s["ring_energy"][k][i] = 0.0
    for sound in range(2):
        s["centre"][sound] = 0.0
        s["tau"][sound] = USUAL_JITTER[sound]
        s["offset"][sound] = 0.0
        _empty(s, sound)
    for i in range(WINDOW):
        for parity in range(2):
            s["plain"][parity][i] = 0.0
            s["plain_white"][parity][i] = 0.0
    for parity in range(2):
        s["plain_weight"][parity] = 0.0


@kernel
def _empty(s: Any, sound: int) -> None:
    """Take every beat out of a sound's sums."""
    for k in range(RING):
        s["ring_weight"][k][sound] = 0.0
    for i in range(WINDOW):
        s["white"][sound][i] = 0.0
        s["aligned"][sound][0][i] = 0.0
        s["aligned"][sound][1][i] = 0.0
    s["weight"][sound][0] = 0.0
    s["weight"][sound][1] = 0.0
    s["left_lag"][sound] = 0.0
    s["left_weight"][sound] = 0.0


@kernel
def _fade(s: Any, keep: float) -> None:
    """Let all that is known count for a little less."""
    for sound in range(2):
        for i in range(WINDOW):
            s["white"][sound][i] *= keep
        for parity in range(2):
            for i in range(WINDOW):
                s["aligned"][sound][parity][i] *= keep
            s["weight"][sound][parity] *= keep
    for parity in range(2):
        for i in range(WINDOW):
            s["plain"][parity][i] *= keep
            s["plain_white"][parity][i] *= keep
        s["plain_weight"][parity] *= keep
    for k in range(RING):
        s["ring_share"][k] *= keep
        s["ring_weight"][k][S1] *= keep
        s["ring_weight"][k][S2] *= keep
    for sound in range(2):
        s["left_lag"][sound] *= keep
        s["left_weight"][sound] *= keep


@kernel
def _enter(s: Any, slot: int) -> None:
    """Take a beat that is in the ring into the plain sums."""
    parity = s["n_beats"] % 2
    s["ring_parity"][slot] = parity
    s["ring_share"][slot] = 1.0
    s["ring_weight"][slot][S1] = 0.0
    s["ring_weight"][slot][S2] = 0.0
    for i in range(WINDOW):
        s["plain"][parity][i] += float(s["ring_x"][slot][i])
        s["plain_white"][parity][i] += float(s["ring_w"][slot][i])
    s["plain_weight"][parity] += 1.0
    s["n_beats"] += 1
    s["head"] = (slot + 1) % RING


@kernel
def _choose(s: Any, p: Any, w: Any, sound: int) -> None:
    """Take the beat that the others fit best, under the timing prior, for a first template; how two fit is asked once a pair."""
    begin, n = first_sample(s, sound), 2 * MOST_LAGS[sound] + 1
    known, total = s["n_beats"], w["score"]
    first = 0
    set_prior(s, w, p, sound)
    for j in range(known):
        total[j] = 0.0
    for j in range(known - 1):
        for i in range(begin, begin + WIDTHS[sound]):
            w["smooth"][i] = float(s["ring_w"][j][i])
        energy = set_template(w, p, sound, w["smooth"], begin)
        for k in range(j + 1, known):
            lag_costs(w, p, sound, s["ring_w"][k], begin, energy)
            cost = lag_plan(w["cost"], w["log_prior"], 1.0, n, w["plan"])
            total[j] += cost
            total[k] += cost
    for j in range(known):
        if total[j] < total[first]:
            first = j
    for d in range(LAGS):
        s["ring_plan"][first][sound][d] = 1.0 if d == MOST_LAGS[sound] else 0.0
    s["ring_weight"][first][sound] = 1.0
    s["ring_lag"][first][sound] = 0.0
    s["ring_loss"][first][sound] = 1.0
    s["ring_gain"][first][sound] = 0.0
    put(s, first, sound, 1.0)


@kernel
def _begin(s: Any, p: Any, w: Any, sound: int) -> None:
    """Plan every beat so far against the first template and one another, the one it was made of last."""
    known, first = s["n_beats"], 0
    for k in range(known):
        if s["ring_weight"][k][sound] > 0.0:
            first = k
    set_prior(s, w, p, sound)
    for k in range(1, known + 1):
        look(s, p, w, sound, (first + k) % known, 1.0)
    learn_jitter(s, p, w, sound)


@kernel
def _align(s: Any, p: Any, w: Any, slot: int) -> None:
    """Plan the new beat, and look again at some of the older ones; the work of starting is spread over four beats."""
    n = s["n_beats"]
    track_centres(s, w)
    for sound in range(2):
        chosen_at = CHOOSE_S1 if sound == S1 else CHOOSE_S2
        if n == chosen_at:
            _choose(s, p, w, sound)
        elif n == chosen_at + 1:
            _begin(s, p, w, sound)
        elif n > chosen_at:
            set_prior(s, w, p, sound)
            follow(s, w, sound, slot)
            look(s, p, w, sound, slot, 1.0)
            set_prior(s, w, p, sound)
            for k in range(AGAIN if n > MIN_BEATS else 0):
                older = (s["again"] + k) % min(n, RING)
                if older != slot:
                    look(s, p, w, sound, older, 1.0)
            learn_jitter(s, p, w, sound)
    s["again"] = (s["again"] + AGAIN) % min(n, RING)


@kernel
def _say_nothing(row: Any, reason: int) -> None:
    """Fill a row with what is not known."""
    row["reason"] = reason
    row["confidence"] = 0.0
    row["delay_ms"] = math.nan
    row["delay_sd_ms"] = math.nan
    row["s1_s2_ms"] = math.nan
    row["s1_s2_sd_ms"] = math.nan
    row["cost"] = math.nan
    for sound in range(2):
        row["lag_ms"][sound] = 0.0
        row["lag_sd_ms"][sound] = math.nan
        row["level"][sound] = 1.0
        row["agreement"][sound] = 0.0
        row["centre_ms"][sound] = math.nan
        row["heard_ms"][sound] = math.nan
        row["jitter_ms"][sound] = math.nan
        row["aligned"][sound] = 0.0
    for i in range(KERNEL_LEN):
        row["kernel"][i] = 0.0
        row["smoothed"][i] = 0.0


@kernel
def _read_plans(s: Any, p: Any, slot: int, row: Any) -> None:
    """Write what the beat's plans say: lags from home, their spread, loudness, cost."""
    row["cost"] = 0.0
    for sound in range(2):
        plan, most = s["ring_plan"][slot][sound], MOST_LAGS[sound]
        mean, square = 0.0, 0.0
        for d in range(2 * most + 1):
            mean += float(plan[d]) * (d - most)
            square += float(plan[d]) * (d - most) * (d - most)
        row["lag_ms"][sound] = mean - s["offset"][sound]
        row["lag_sd_ms"][sound] = math.sqrt(max(square - mean * mean, 0.0) + 1.0 / 12.0)
        row["level"][sound] = s["ring_level"][slot][sound]
        row["jitter_ms"][sound] = s["tau"][sound]
        row["cost"] += 0.5 * p["dof"] * math.log(max(s["ring_loss"][slot][sound], 1e-300))


@kernel
def _report(s: Any, p: Any, w: Any, slot: int, row: Any) -> None:
    """Read the kernel off the sums, and the delays off the kernel."""
    for sound in range(2):
        row["centre_ms"][sound] = s["centre"][sound]
    if p["method"] != PLAIN:
        _read_plans(s, p, slot, row)
    join(s, w, p, row)
    for sound in range(2):
        row["agreement"][sound] = agreement(s, w, sound)
    free(w, p["shrink"])
    deconvolve(s, w, p, row)
    _delays(s, w, row)


@kernel
def _delays(s: Any, w: Any, row: Any) -> None:
    """Tell the delays, of the sounds as they are heard, and how sure they are; or why they are not told."""
    r_ms = r_peak(s)
    first = middle_of_energy(w["mean"][0], s["centre"][S1]) - r_ms
    second = middle_of_energy(w["mean"][0], s["centre"][S2]) - r_ms
    row["heard_ms"][S1], row["heard_ms"][S2] = first, second
    spread1, spread2 = row["lag_sd_ms"][S1], row["lag_sd_ms"][S2]
    half = max(row["agreement"][S1], 0.0)
    whole = 2.0 * half / (1.0 + half)  # Spearman and Brown: from half the beats to all of them
    sure = math.exp(-0.5 * (spread1 / MOST_SPREAD_MS) * (spread1 / MOST_SPREAD_MS)) if spread1 >= 0.0 else 1.0
    row["confidence"] = whole * sure
    if not whole >= LEAST_AGREEMENT or not first >= 0.0:
        row["reason"] = NOISY
        return
    if spread1 > MOST_SPREAD_MS:
        row["reason"] = UNSTEADY
        return
    row["delay_ms"] = first + row["lag_ms"][S1]
    row["delay_sd_ms"] = spread1
    if row["agreement"][S2] > 0.0 and second >= 0.0 and not spread2 > MOST_SPREAD_MS:
        row["s1_s2_ms"] = second + row["lag_ms"][S2] - row["delay_ms"]
        row["s1_s2_sd_ms"] = math.sqrt(spread1 * spread1 + spread2 * spread2)


@kernel
def coupling_beat(s: Any, p: Any, w: Any, pcg: Any, ecg: Any, rr_s: float, usual: bool, row: Any) -> None:
    """Learn one beat and say all that is known with it; `usual` is False of a beat of another kind, which is not learned."""
    reason = check(pcg)
    if reason == OK and not is_known(ecg):
        reason = MISSING
    if reason != OK:
        _say_nothing(row, reason)
        return
    late, like = place_qrs(s, ecg)
    _say_nothing(row, LEARNING)
    least = min(ALIKE, LESS_ALIKE * s["likeness"])
    if usual:
        s["likeness"] += (max(like, 0.0) - s["likeness"]) / LIKENESS_SPAN
    if not usual or (like < least and s["misfits"] < MOST_MISFITS):
        s["misfits"] += 1 if usual else 0
        _say_nothing(row, OTHER_BEAT)
        return
    if like < ALIKE:  # a doubtful place is no better than the detector's own
        late = 0.0
    if like < least:  # so many in a row: what is known is what does not fit
        s["n_qrs"] = 0
        s["late"] = 0.0
    s["misfits"] = 0
    learn_qrs(s, p, w, ecg, late)
    if rr_s > 0.0:
        known = s["rr_s"]
        s["rr_s"] = rr_s if known == 0.0 else known + (rr_s - known) / RR_SPAN
    slot = s["head"]
    let_go(s, p, slot)
    take_sound(s, p, w, pcg, late - s["late"], slot)
    _fade(s, p["forget"])
    _enter(s, slot)
    if sounds_anew(s, w):
        _forget_sounds(s)
        return
    if p["method"] == PLAIN:
        track_centres(s, w)
    else:
        _align(s, p, w, slot)
    if s["n_beats"] >= MIN_BEATS:
        row["reason"] = OK
        _report(s, p, w, slot, row)


@kernel
def _cut(x: Any, begin: int, n: int, out: Any) -> None:
    """Copy x[begin:begin+n]; what lies outside is missing."""
    for i in range(n):
        at = begin + i
        out[i] = float(x[at]) if 0 <= at < x.shape[0] else math.nan


@kernel
def couple_beats(
    state: Any, params: Any, work: Any, pcg: Any, ecg: Any, at: Any, rr_s: Any, usual: Any, rows: Any
) -> None:  # fmt: skip
    """Run `coupling_beat` on every beat of a recording: its R at grid sample at[i] of ecg (250 Hz) and 4 at[i] of pcg (1 kHz)."""
    w = work[0]
    for k in range(at.shape[0]):
        _cut(pcg, STEP_MS * at[k] - BEFORE, WINDOW, w["pcg"])
        _cut(ecg, at[k] - ECG_BEFORE, ECG_LEN, w["ecg"])
        coupling_beat(state[0], params[0], w, w["pcg"], w["ecg"], rr_s[k], usual[k], rows[k])


@kernel
def couple_reset(state: Any) -> None:
    """Run `coupling_reset` on one state."""
    coupling_reset(state[0])
