"""The rating of one second: its features out of what was measured of four half seconds and remembered of the beats.

A logistic regression, calibrated on annotated hearts under noise (`training/quality`). No weight is negative: more
noise never rates better.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.condition_state import MAINS_RING
from edgeecg_kernels.quality_state import (
    BAD,
    BEATS,
    HALF_LEN,
    HALVES,
    HIGH,
    INPUTS,
    LOW,
    MEAN,
    MEASURES,
    PIECE_LEN,
    RATE_INTERVALS,
    RATE_MIN,
    REASON_BAD_SAMPLES,
    REASON_DOUBT,
    REASONS,
    ROUGH_MIN,
    SIGNAL_INPUTS,
    SLOPE,
    SLOPE_MIN,
    STEP,
)
from edgeecg_kernels.state import GRID_HZ, KIND_BEAT, KIND_QUALITY, LEFT_OPEN

_NOTHING = 1e-9  # mV: keeps a ratio finite where there is neither signal nor beat
_ROUGHNESS = 1.95 * PIECE_LEN  # of a piece of white noise of 1 mV RMS
_BAD_SHARE_MAX = 0.1


@kernel
def _within(value: float, low: float, high: float) -> float:
    if value < low:
        return low
    return high if value > high else value


@kernel
def _remember(s: Any, row: Any) -> None:
    """Take what the detector says of a beat, and compare it with the beats before."""
    count = s["beats"]
    place = row["sample"]
    height = row["value"][7]
    odd_rr = odd_height = 0.0
    if count == 0:
        s["height"] = height
    else:
        interval = float(place - s["place"][(count - 1) % BEATS])
        rr = s["rr"]
        if count == 1:
            rr = _within(interval, 0.25 * GRID_HZ, 2.0 * GRID_HZ)
        odd_rr = abs(interval - rr) / rr
        s["rr"] = rr + 0.125 * (_within(interval, 0.5 * rr, 1.5 * rr) - rr)
        usual = s["height"]
        odd_height = abs(height - usual) / (usual + _NOTHING)
        s["intervals"] += 1
        s["height"] = usual + 0.2 * (_within(height, 0.4 * usual, 2.5 * usual) - usual)
    slot = count % BEATS
    unsure = 1.0 - row["value"][0]
    s["doubt"] += 0.1 * (unsure - s["doubt"])
    s["place"][slot] = place
    s["unsure"][slot] = unsure
    s["odd_rr"][slot] = odd_rr
    s["odd_height"][slot] = odd_height
    s["open"][slot] = 1 if int(row["value"][6]) & LEFT_OPEN else 0
    s["beats"] = count + 1


@kernel
def hear_beats(s: Any, lead: int, out: Any, at: int, end: int, now: int) -> int:
    """Remember this lead's beats out of out[at:end] that were known by `now`; return where the next one may be."""
    while at < end and out[at]["known_at"] <= now:
        if out[at]["kind"] == KIND_BEAT and out[at]["lead"] == lead:
            _remember(s, out[at])
        at += 1
    return at


@kernel
def _describe_signal(s: Any, x: Any) -> None:
    """Measure the second half[1:3] and the halves around it, in QRS heights."""
    half = s["half"]
    if s["halves"] < HALVES:
        for k in range(MEASURES):
            half[0, k] = half[1, k]
    before, first, second, after = half[0], half[1], half[2], half[3]
    x[0] = max(first[SLOPE_MIN], second[SLOPE_MIN])
    x[1] = first[SLOPE] + second[SLOPE]
    x[2] = max(before[SLOPE], after[SLOPE])
    x[3] = max(first[STEP], second[STEP])
    x[4] = max(before[STEP], after[STEP])
    x[5] = max(first[HIGH], second[HIGH]) - min(first[LOW], second[LOW])
    x[6] = max(before[HIGH] - before[LOW], after[HIGH] - after[LOW])
    highest = max(before[MEAN], first[MEAN], second[MEAN], after[MEAN])
    lowest = min(before[MEAN], first[MEAN], second[MEAN], after[MEAN])
    x[7] = highest - lowest
    x[8] = x[1] / (x[3] + _NOTHING)
    height = s["height"] + _NOTHING
    for k in range(SIGNAL_INPUTS - 1):
        x[k] /= height


@kernel
def _describe_beats(s: Any, x: Any, start: int) -> None:
    """Say how much the detector doubts the beats of the second at `start`, and how odd they are."""
    for k in range(SIGNAL_INPUTS, INPUTS):
        x[k] = 0.0
    end = start + GRID_HZ
    count = s["beats"]
    last = start - GRID_HZ
    for k in range(count - BEATS if count > BEATS else 0, count):
        slot = k % BEATS
        place = s["place"][slot]
        if start - HALF_LEN <= place < end + HALF_LEN:
            x[11] = max(x[11], s["unsure"][slot])
        if start <= place < end:
            x[10] = max(x[10], s["unsure"][slot])
            x[13] = max(x[13], s["odd_rr"][slot])
            x[14] = max(x[14], s["odd_height"][slot])
        if last < place < end:
            last = place
    x[9] = (end - last) / s["rr"]
    x[12] = s["doubt"]


@kernel
def _judge(s: Any, p: Any) -> tuple[float, int]:
    """Return the probability that the second described in s["x"] holds no mistake of the detector, and what is worst."""
    x = s["x"]
    z = p["bias"]
    worst = 0
    heaviest = 0.0
    for k in range(INPUTS):
        weight = p["weight"][k] * (x[k] / (x[k] + p["knee"][k]))
        z -= weight
        if weight > heaviest:
            heaviest = weight
            worst = k
    return 1.0 / (1.0 + math.exp(-_within(z, -30.0, 30.0))), worst


@kernel
def _rests_on_doubt(s: Any, start: int) -> bool:
    """Say whether the second at `start` has no heart rate yet, or one of the intervals that it is of may hold another beat."""
    known = s["intervals"]
    intervals = 0
    k = s["beats"]
    oldest = max(k - BEATS, 0)
    while k > oldest and intervals < RATE_INTERVALS:
        k -= 1
        slot = k % BEATS
        if s["place"][slot] >= start + GRID_HZ:
            known -= 1
        else:
            intervals += 1
            if s["open"][slot] == 1:
                return True
    return bool(known < RATE_MIN)


@kernel
def rate_second(s: Any, p: Any, start: int, now: int, lead: int, mains: Any, out: Any, n_out: int) -> int:
    """Write the rating of the second at `start`."""
    x = s["x"]
    _describe_signal(s, x)
    _describe_beats(s, x, start)
    chance, worst = _judge(s, p)
    bad_share = (s["half"][1, BAD] + s["half"][2, BAD]) / GRID_HZ
    index = chance * (1.0 - bad_share)
    spoiled = bad_share > _BAD_SHARE_MAX
    sound = index >= p["good"] and not spoiled
    good = sound and not _rests_on_doubt(s, start)
    row = out[n_out]
    row["kind"] = KIND_QUALITY
    row["lead"] = lead
    row["sample"] = start
    row["known_at"] = now
    value = row["value"]
    value[0] = index
    value[1] = 1.0 if good else 0.0
    value[2] = 0.0 if good else REASON_DOUBT if sound else REASON_BAD_SAMPLES if spoiled else REASONS[worst]
    value[3] = bad_share
    value[4] = min(s["half"][1, ROUGH_MIN], s["half"][2, ROUGH_MIN]) / _ROUGHNESS
    value[5] = mains[(start // GRID_HZ) % MAINS_RING]
    value[6] = 1.0 if sound else 0.0
    value[7] = max(abs(s["half"][1, MEAN]), abs(s["half"][2, MEAN]))
    return n_out + 1
