"""One beat against the templates: what each lag of each sound costs, the plan over lags, and the beat's share in the sums.

The cost is the profile likelihood of the study, amplitude and noise level unknown: (n / 2) log of the residual's share of the
window's energy, so no knock can cost more than a beat that fits nothing. The plan is transport with one free marginal, solved in
closed form (transport.lag_plan). A beat that is in the sums is taken out before it is compared, so that no beat is its own evidence
(Neal and Hinton, A view of the EM algorithm that justifies incremental variants, 1998: here leaving one out as well).
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.coupling_state import BEFORE, HARD, MOST_LAGS, RING, SPANS, WHITE_SPANS, WIDTHS, WINDOW
from edgeecg_kernels.transport import exp_of_negative, lag_plan

LOUDNESS = (0.5, 1.8)
LEAST_RESIDUAL = 0.02
SHARE_OF_NOTHING = 0.02
"""Of its largest entry: less than that of a plan is nothing."""
USUAL_JITTER = (4.0, 7.0)
USUAL_BEATS = 6.0
LEAST_JITTER = 1.5
FOLLOWS, FOLLOW_MS, FOLLOW_REACH = 0.5, 3.0, 12
"""So much of a new beat's timing prior lies about the lag of the beat before, with that standard deviation, and nothing of it farther away."""


@kernel
def first_sample(s: Any, sound: int) -> int:
    """Return where in the window the sound's template begins, at lag 0."""
    return int(BEFORE + math.floor(s["centre"][sound] + 0.5) - WIDTHS[sound] // 2)


@kernel
def set_template(w: Any, p: Any, sound: int, mean: Any, begin: int) -> float:
    """Cut the tapered template out of a mean; return its energy."""
    taper = p["root_hann"][sound]
    energy = 0.0
    for i in range(WIDTHS[sound]):
        value = taper[i] * mean[begin + i]
        w["template"][i] = value
        w["matched"][i] = taper[i] * value
        w["square"][i] = taper[i] * taper[i]
        energy += value * value
    return energy


@kernel
def lag_costs(w: Any, p: Any, sound: int, x: Any, begin: int, energy_m: float) -> None:
    """Write what each lag costs and how loud the sound is at it, against the template that is set."""
    most, width = MOST_LAGS[sound], WIDTHS[sound]
    energy, product, square, matched = w["energy"], w["product"], w["square"], w["matched"]
    n = 2 * most + 1
    for d in range(n):
        energy[d] = 0.0
        product[d] = 0.0
    for i in range(width):
        near = x[begin - most + i : begin - most + i + n]
        m, q = matched[i], square[i]
        for d in range(n):
            value = 1.0 * float(near[d])  # float() of a float32 is no float64 when compiled
            product[d] += m * value
            energy[d] += q * (value * value)
    for d in range(n):
        w["cost"][d], w["gain"][d] = _cost(p, product[d], energy[d], energy_m)


@kernel
def _cost(p: Any, product: float, energy: float, energy_m: float) -> tuple[float, float]:
    """Return what a window costs whose product with the template and whose energy are known, and how loud it is."""
    level = product / energy_m if energy_m > 0.0 else 1.0
    level = min(max(level, LOUDNESS[0]), LOUDNESS[1])
    left = energy - 2.0 * level * product + level * level * energy_m
    share = left / energy if energy > 0.0 else 1.0
    return 0.5 * p["dof"] * math.log(max(share, LEAST_RESIDUAL)), level


@kernel
def cost_at_home(w: Any, p: Any, sound: int, x: Any, begin: int, energy_m: float) -> float:
    """Return what lag 0 alone costs, as `lag_costs` has it."""
    product, energy = 0.0, 0.0
    for i in range(WIDTHS[sound]):
        value = 1.0 * float(x[begin + i])  # float() of a float32 is no float64 when compiled
        product += w["matched"][i] * value
        energy += w["square"][i] * (value * value)
    cost, _ = _cost(p, product, energy, energy_m)
    return cost


@kernel
def set_prior(s: Any, w: Any, p: Any, sound: int) -> None:
    """Write the log of the timing prior: a bell about the lags' home, and a little of everywhere."""
    most = MOST_LAGS[sound]
    n, total = 2 * most + 1, 0.0
    scale, home, outlier, prior = 0.5 / (s["tau"][sound] * s["tau"][sound]), s["offset"][sound], p["outlier"], w["log_prior"]
    for d in range(n):
        away = d - most - home
        prior[d] = exp_of_negative(-away * away * scale) + outlier
    for d in range(n):
        total += prior[d]
    for d in range(n):
        prior[d] = math.log(prior[d] / total)


@kernel
def follow(s: Any, w: Any, sound: int, slot: int) -> None:
    """Mix into the timing prior that is set where the beat before had its sound: a sound moves less from beat to beat than over many."""
    before = (slot + RING - 1) % RING
    if not s["ring_weight"][before][sound] > 0.0:
        return
    plan, n = s["ring_plan"][before][sound], 2 * MOST_LAGS[sound] + 1
    near, prior, total = w["plan"], w["log_prior"], 0.0
    for d in range(n):
        near[d] = 0.0
    for e in range(n):
        share = 1.0 * float(plan[e])
        if share > 0.0:
            for d in range(max(0, e - FOLLOW_REACH), min(n, e + FOLLOW_REACH + 1)):
                away = (d - e) / FOLLOW_MS
                near[d] += share * exp_of_negative(-0.5 * away * away)
    for d in range(n):
        total += near[d]
    for d in range(n):
        prior[d] = (1.0 - FOLLOWS) * exp_of_negative(prior[d]) + FOLLOWS * near[d] / total
    for d in range(n):
        prior[d] = math.log(prior[d])


@kernel
def sharpen(w: Any, n: int, method: int) -> None:
    """Leave the best lag alone, if the method is hard; else drop what is next to nothing."""
    plan, best = w["plan"], 0
    for d in range(n):
        if plan[d] > plan[best]:
            best = d
    least = plan[best] if method == HARD else SHARE_OF_NOTHING * plan[best]
    total = 0.0
    for d in range(n):
        if plan[d] < least or (method == HARD and d != best):
            plan[d] = 0.0
        total += plan[d]
    for d in range(n):
        plan[d] /= total


@kernel
def add_shifted(x: Any, plan: Any, most: int, scale: float, first: int, last: int, out: Any) -> None:
    """Add scale times the sum over lags of plan[d] x(. + d) to out[first:last]; beyond the window x is 0."""
    for d in range(2 * most + 1):
        share = scale * float(plan[d])
        if share == 0.0:
            continue
        lag = d - most
        begin, end = max(first, -lag), min(last, WINDOW - lag)
        part, sums = x[begin + lag : end + lag], out[begin:end]  # counted from 0, a processor adds several side by side
        for i in range(end - begin):
            sums[i] += share * float(part[i])


@kernel
def put(s: Any, slot: int, sound: int, sign: float) -> None:
    """Put a beat's sound into the sums with the plan and weight it has (sign 1), or take it out again (-1)."""
    weight, parity = sign * s["ring_weight"][slot][sound], s["ring_parity"][slot]
    plan, most = s["ring_plan"][slot][sound], MOST_LAGS[sound]
    first, last = SPANS[sound]
    add_shifted(s["ring_x"][slot], plan, most, weight, first, last, s["aligned"][sound][parity])
    first, last = WHITE_SPANS[sound]
    add_shifted(s["ring_w"][slot], plan, most, weight, first, last, s["white"][sound])
    s["weight"][sound][parity] += weight


@kernel
def _usual_loss(s: Any, sound: int, slot: int) -> float:
    """Return the mean residual share of the other beats in the sums, geometric; 1 where there is none."""
    total, count = 0.0, 0
    for k in range(RING):
        if k != slot and s["ring_weight"][k][sound] > 0.0:
            total += math.log(s["ring_loss"][k][sound])
            count += 1
    return math.exp(total / count) if count > 0 else 1.0


@kernel
def plain_cost(s: Any, w: Any, p: Any, sound: int, slot: int, begin: int) -> float:
    """Return what the beat costs at lag 0 against the mean of the others as they came."""
    mean, own = w["smooth"], s["ring_parity"][slot]
    inside = s["ring_weight"][slot][sound] > 0.0
    for i in range(begin, begin + WIDTHS[sound]):
        value = s["plain_white"][0][i] + s["plain_white"][1][i]
        mean[i] = value - s["ring_share"][slot] * float(s["ring_w"][slot][i]) if inside else value
    total = s["plain_weight"][0] + s["plain_weight"][1] - (s["ring_share"][slot] if inside else 0.0)
    if own < 0 or not total > 0.0:
        return 0.0
    for i in range(begin, begin + WIDTHS[sound]):
        mean[i] /= total
    return cost_at_home(w, p, sound, s["ring_w"][slot], begin, set_template(w, p, sound, mean, begin))


@kernel
def look(s: Any, p: Any, w: Any, sound: int, slot: int, eps: float) -> None:
    """Plan one beat's sound against the others, under the timing prior that is set, and put it into the sums (again)."""
    if s["ring_weight"][slot][sound] > 0.0:
        put(s, slot, sound, -1.0)
    begin, most = first_sample(s, sound), MOST_LAGS[sound]
    n = 2 * most + 1
    plain = plain_cost(s, w, p, sound, slot, begin)
    total = s["weight"][sound][0] + s["weight"][sound][1]
    mean = w["smooth"]
    for i in range(begin, begin + WIDTHS[sound]):
        mean[i] = s["white"][sound][i] / total if total > 0.0 else 0.0
    lag_costs(w, p, sound, s["ring_w"][slot], begin, set_template(w, p, sound, mean, begin))
    soft = lag_plan(w["cost"], w["log_prior"], eps, n, w["plan"])
    keep_plan(s, p, w, sound, slot, plain - eps * soft)
    put(s, slot, sound, 1.0)


@kernel
def let_go(s: Any, p: Any, slot: int) -> None:
    """Remember the lags of a beat that leaves the ring, among all that left it."""
    for sound in range(2):
        away = s["ring_lag"][slot][sound] - s["offset"][sound]
        near = s["ring_share"][slot] * _near(away, s["tau"][sound], p["reach"]) if s["ring_weight"][slot][sound] > 0.0 else 0.0
        s["left_lag"][sound] += near * s["ring_lag"][slot][sound]
        s["left_weight"][sound] += near


@kernel
def _near(away: float, tau: float, reach: float) -> float:
    """Return what a lag counts for: all at home, little where it cannot be one."""
    return math.exp(-0.5 * away * away / (reach * reach * tau * tau))


@kernel
def _move_home(s: Any, w: Any, sound: int, by: int) -> None:
    """Count the sound's lags from `by` ms later on: its sums and plans move, what they say stays."""
    first, last = SPANS[sound]
    _move(s["white"][sound], w["smooth"], by, first, last)
    _move(s["aligned"][sound][0], w["smooth"], by, first, last)
    _move(s["aligned"][sound][1], w["smooth"], by, first, last)
    n = 2 * MOST_LAGS[sound] + 1
    for slot in range(RING):
        plan = s["ring_plan"][slot][sound]
        for d in range(n):
            w["plan"][d] = 0.0
        for d in range(n):
            w["plan"][min(max(d - by, 0), n - 1)] += float(plan[d])
        for d in range(n):
            plan[d] = w["plan"][d]
        s["ring_lag"][slot][sound] -= by
    s["left_lag"][sound] -= by * s["left_weight"][sound]
    s["offset"][sound] -= by


@kernel
def _move(x: Any, copy: Any, by: int, first: int, last: int) -> None:
    """Put x[i - by] at i."""
    for i in range(first, last):
        copy[i] = x[i]
    for i in range(first, last):
        x[i] = copy[i - by] if first <= i - by < last else 0.0


@kernel
def keep_plan(s: Any, p: Any, w: Any, sound: int, slot: int, won: float) -> None:
    """Note what the plan says of a beat: its lag, its loss, its weight, what the template won against the plain mean."""
    most, plan = MOST_LAGS[sound], w["plan"]
    n = 2 * most + 1
    sharpen(w, n, p["method"])
    lag, loss, level = 0.0, 0.0, 0.0
    kept = s["ring_plan"][slot][sound]
    for d in range(n):
        kept[d] = plan[d]
        lag += plan[d] * (d - most)
        loss += plan[d] * w["cost"][d]
        level += plan[d] * w["gain"][d]
    share = math.exp(2.0 * loss / p["dof"])
    s["ring_lag"][slot][sound] = lag
    s["ring_loss"][slot][sound] = share
    s["ring_level"][slot][sound] = level
    s["ring_gain"][slot][sound] = won
    usual = _usual_loss(s, sound, slot)
    s["ring_weight"][slot][sound] = s["ring_share"][slot] * usual / max(share, 0.3 * usual)


@kernel
def learn_jitter(s: Any, p: Any, w: Any, sound: int) -> None:
    """Find the lags' home, robustly, and their standard deviation; bring home to 0 where it has strayed."""
    tau, home = s["tau"][sound], s["offset"][sound]
    total, moved = s["left_weight"][sound], s["left_lag"][sound] - s["left_weight"][sound] * home
    for k in range(RING):
        away = s["ring_lag"][k][sound] - home
        if s["ring_weight"][k][sound] > 0.0:
            near = s["ring_share"][k] * _near(away, tau, p["reach"])
            total += near
            moved += near * away
    if total > 0.0:
        home += moved / total
    s["offset"][sound] = home
    spread, weight, count = 0.0, 0.0, 0
    for k in range(RING):
        if s["ring_weight"][k][sound] > 0.0:
            away = min(abs(s["ring_lag"][k][sound] - home), 3.0 * tau)
            spread += s["ring_weight"][k][sound] * away * away
            weight += s["ring_weight"][k][sound]
            count += 1
    if count > 0:
        usual = USUAL_JITTER[sound] * USUAL_JITTER[sound]
        s["tau"][sound] = max(math.sqrt((USUAL_BEATS * usual + count * spread / weight) / (USUAL_BEATS + count)), LEAST_JITTER)
    if abs(home) >= p["strayed"]:
        _move_home(s, w, sound, math.floor(home + 0.5))
