"""Two clocks of `align`: the source's, read off its frames, and the host's, read off their arrival.

The delay of a frame (arrival less source time) is some constant, plus what the network took, plus the drift of one clock
against the other. The network only ever adds, so the least delay of every ten seconds lies on a line whose slope is the
drift: a lower envelope, after Moon, Skelly & Towsley (INFOCOM 1999). Difference: a least-squares line through the minima
of fixed blocks instead of linear programming over all points.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.align_state import MINIMA

MAX_SPAN_US = 1 << 39  # six days: times a rate in millihertz it still fits 64 bits
MAX_TIME_NS = 1 << 62
_MAX_US = 1 << 60
_BLOCK_US = 10_000_000
_SLACK_US = 50_000
_TOLD_PPB = 20_000


@kernel
def clamp(value: int, low: int, high: int) -> int:
    """Return the nearest number in low..high."""
    return min(max(value, low), high)


@kernel
def span_len(us: int, rate_mhz: int) -> int:
    """Return the samples nearest to a time of -MAX_SPAN_US..MAX_SPAN_US."""
    return (us * rate_mhz + 500_000_000) // 1_000_000_000


@kernel
def len_us(n: int, rate_mhz: int) -> int:
    """Return the time that n samples take, -2**51 <= n <= 2**51, exact but for the last microsecond."""
    seconds = n * 1000 // rate_mhz
    return seconds * 1_000_000 + (n * 1000 - seconds * rate_mhz) * 1_000_000 // rate_mhz


@kernel
def arrival_of(arrival_ns: int) -> int:
    """Return an arrival time that no later arithmetic can overflow."""
    return clamp(arrival_ns, 0, MAX_TIME_NS)


@kernel
def elapsed_us(s: Any, arrival_ns: int) -> int:
    """Return the host's time since the newest frame arrived: 0 for one that arrived before it."""
    return clamp((arrival_ns - s["last_arrival_ns"]) // 1000, 0, MAX_SPAN_US)


@kernel
def device_step_us(s: Any, p: Any, device_us: int, arrival_ns: int) -> int:
    """Return how far the device's clock went since the newest frame; how often it wrapped, only arrival can tell."""
    step = device_us - s["last_device_us"]
    modulus = p["device_modulus"]
    if modulus > 0:
        half = modulus >> 1
        if step >= half:
            step -= modulus
        elif step < -half:
            step += modulus
        elapsed = elapsed_us(s, arrival_ns)
        if elapsed > half:
            step += (elapsed - step + half) // modulus * modulus
    return clamp(step, -MAX_SPAN_US, MAX_SPAN_US)


@kernel
def can_be_true(s: Any, step_us: int, arrival_ns: int) -> bool:
    """Tell whether the device's clock can have gone on by step_us: nothing arrives sooner than the quickest of late did.

    But for what a clock gains on another: a thousandth of the time, more than any crystal's.
    """
    delay = arrival_ns // 1000 - (s["last_us"] + step_us)
    return bool(delay >= min(s["block_min_us"], s["previous_min_us"]) - _SLACK_US - abs(step_us) // 1000)


@kernel
def restart_clock(s: Any, us: int, arrival_ns: int) -> None:
    """Forget the delays seen so far: the source's clock was set, or another one began."""
    us = clamp(us, 0, _MAX_US)
    s["last_us"] = us
    s["block_start_us"] = s["block_min_at_us"] = us
    s["block_min_us"] = s["previous_min_us"] = arrival_ns // 1000 - us
    s["minima_count"] = 0
    s["drift_known"] = 0


@kernel
def _fit_drift(s: Any) -> None:
    """Put a line through the newest MINIMA block minima."""
    at, delay = s["minima_at_us"], s["minima_us"]
    at_first, delay_first = at[0], delay[0]
    sum_t = sum_d = sum_tt = sum_td = 0.0
    for i in range(MINIMA):
        t = float(at[i] - at_first)
        d = float(delay[i] - delay_first)
        sum_t += t
        sum_d += d
        sum_tt += t * t
        sum_td += t * d
    spread = MINIMA * sum_tt - sum_t * sum_t
    if spread > 0.0:
        slope = (MINIMA * sum_td - sum_t * sum_d) / spread
        s["drift_ppb"] = int(min(max(-slope * 1e9, -1e9), 1e9))


@kernel
def _close_block(s: Any) -> bool:
    """Keep the block's least delay; return True when there is news of the drift."""
    n = s["minima_count"]
    s["minima_at_us"][n % MINIMA] = s["block_min_at_us"]
    s["minima_us"][n % MINIMA] = s["block_min_us"]
    s["minima_count"] = n + 1 if n + 1 < 2 * MINIMA else MINIMA
    s["previous_min_us"] = s["block_min_us"]
    if s["minima_count"] < MINIMA:
        return False
    _fit_drift(s)
    if s["drift_known"] == 1 and abs(s["drift_ppb"] - s["drift_said_ppb"]) < _TOLD_PPB:
        return False
    s["drift_known"] = 1
    s["drift_said_ppb"] = s["drift_ppb"]
    return True


@kernel
def observe_clock(s: Any, us: int, arrival_ns: int) -> bool:
    """Take the source's time and the arrival of one frame; return True when there is news of the drift."""
    us = clamp(us, 0, _MAX_US)
    s["last_us"] = us
    delay = arrival_ns // 1000 - us
    news = False
    if us - s["block_start_us"] >= _BLOCK_US:
        news = _close_block(s)
        s["block_start_us"] = us
        s["block_min_us"] = delay
        s["block_min_at_us"] = us
    elif delay < s["block_min_us"]:
        s["block_min_us"] = delay
        s["block_min_at_us"] = us
    return news
