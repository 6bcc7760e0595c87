"""Bring one whole window of millivolt before a net: fill, notch, band-pass without phase, baseline, resample, z-score.

No one paper. Missing samples are drawn as a straight line between their neighbours, the ends held. Zero-phase filtering
is Gustafsson's problem solved the usual way: the signal is extended oddly at both ends, run forward and backward through
second-order sections, each begun in its steady state for a constant (Oppenheim & Schafer, Discrete-Time Signal
Processing, 6.3: direct form II transposed). Resampling is the polyphase sum y[m] = sum over k of x[k] h[m down - k up + c]
(Crochiere & Rabiner, Multirate Digital Signal Processing, 2.4). Differences from scipy's sosfiltfilt, medfilt and
resample_poly: none in what is computed, to rounding; the order of sums is ours, and what is no finite number counts as
missing. The window is over when this runs, so nothing here is causal: it belongs to a model, not to the live path.
"""

import math
from typing import Any

from edgeecg_kernels._jit import kernel


@kernel
def _fill(x: Any, y: Any, at: int) -> int:
    """Copy x to y[at:], missing samples on the line between their neighbours; return how many there were."""
    n = len(x)
    known = -1
    missing = 0
    for i in range(n):
        value = float(x[i])
        if not abs(value) < math.inf:
            missing += 1
            continue
        y[at + i] = value
        if known < 0:
            for k in range(i):
                y[at + k] = value
        elif known < i - 1:
            before = y[at + known]
            slope = (value - before) / (i - known)
            for k in range(known + 1, i):
                y[at + k] = before + slope * (k - known)
        known = i
    held = y[at + known] if known >= 0 else 0.0
    for k in range(known + 1, n):
        y[at + k] = held
    return missing


@kernel
def _extend_oddly(y: Any, pad: int, n: int) -> None:
    """Mirror y[pad:pad+n] in its end points, `pad` samples each way."""
    first = y[pad]
    last = y[pad + n - 1]
    for k in range(1, pad + 1):
        y[pad - k] = 2.0 * first - y[pad + k]
        y[pad + n - 1 + k] = 2.0 * last - y[pad + n - 1 - k]


@kernel
def _settle(sections: Any, z: Any, level: float) -> None:
    """Set every section as if the input had been `level` for ever."""
    for k in range(len(sections)):
        s = sections[k]
        gain = (s["b0"] + s["b1"] + s["b2"]) / (1.0 + s["a1"] + s["a2"])
        z[k, 1] = (s["b2"] - s["a2"] * gain) * level
        z[k, 0] = (s["b1"] - s["a1"] * gain) * level + z[k, 1]
        level = gain * level


@kernel
def _run_sections(sections: Any, z: Any, y: Any, start: int, stop: int, step: int) -> None:
    """Filter y[start:stop:step] in place."""
    for k in range(len(sections)):
        s = sections[k]
        b0 = s["b0"]
        b1 = s["b1"]
        b2 = s["b2"]
        a1 = s["a1"]
        a2 = s["a2"]
        z0 = z[k, 0]
        z1 = z[k, 1]
        for i in range(start, stop, step):
            value = y[i]
            out = b0 * value + z0
            z0 = b1 * value - a1 * out + z1
            z1 = b2 * value - a2 * out
            y[i] = out


@kernel
def _zero_phase(sections: Any, z: Any, y: Any, lead_in: int, n: int) -> None:
    """Filter y[lead_in:lead_in+n] forward and backward in place; the room before and after it is overwritten."""
    if len(sections) == 0:
        return
    pad = 3 * (2 * len(sections) + 1)
    begin = lead_in - pad
    end = lead_in + n + pad
    _extend_oddly(y[begin:end], pad, n)
    _settle(sections, z, y[begin])
    _run_sections(sections, z, y, begin, end, 1)
    _settle(sections, z, y[end - 1])
    _run_sections(sections, z, y, end - 1, begin - 1, -1)


@kernel
def _exchange(ordered: Any, n: int, old: float, new: float) -> None:
    """Take one `old` out of the ascending ordered[:n] and put `new` in its place."""
    low = 0
    high = n - 1
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < old:
            low = middle + 1
        else:
            high = middle
    while low + 1 < n and ordered[low + 1] < new:
        ordered[low] = ordered[low + 1]
        low += 1
    while low > 0 and ordered[low - 1] > new:
        ordered[low] = ordered[low - 1]
        low -= 1
    ordered[low] = new


@kernel
def _take_baseline(length: int, ordered: Any, y: Any, at: int, n: int, copy: Any) -> None:
    """Take the running median over `length` samples, zeros beyond the ends, off y[at:at+n]."""
    half = length // 2
    for k in range(length):
        ordered[k] = 0.0
    for i in range(n):
        copy[i] = y[at + i]
    for i in range(n + half):
        new = copy[i] if i < n else 0.0
        old = copy[i - length] if i >= length else 0.0
        _exchange(ordered, length, old, new)
        if i >= half:
            y[at + i - half] = copy[i - half] - ordered[half]


@kernel
def _resample(up: int, down: int, taps: Any, y: Any, at: int, n: int, out: Any) -> int:
    """Write y[at:at+n] at up/down of its rate to out, zeros beyond the ends; return how many."""
    n_out = (n * up + down - 1) // down
    centre = len(taps) // 2
    for m in range(n_out):
        place = m * down + centre
        last = min(place // up, n - 1)
        first = max(0, (place - len(taps) + up) // up)
        even = 0.0
        odd = 0.0
        k = first
        while k < last:
            even += y[at + k] * taps[place - k * up]
            odd += y[at + k + 1] * taps[place - (k + 1) * up]
            k += 2
        if k == last:
            even += y[at + k] * taps[place - k * up]
        out[m] = even + odd
    return n_out


@kernel
def _standardize(out: Any, n: int) -> None:
    """Make the mean 0 and the population's standard deviation 1."""
    total = 0.0
    for i in range(n):
        total += out[i]
    mean = total / n
    squares = 0.0
    for i in range(n):
        squares += (out[i] - mean) * (out[i] - mean)
    scale = 1.0 / (math.sqrt(squares / n) + 1e-8)
    for i in range(n):
        out[i] = (out[i] - mean) * scale


@kernel
def preprocess(state: Any, params: Any, notch: Any, band: Any, taps: Any, x: Any, out: Any) -> int:
    """Bring the window x (mV) before a net, into out; return how many samples of x were missing."""
    s = state[0]
    p = params[0]
    n = len(x)
    lead_in = p["lead_in"]
    work = s["work"]
    missing = _fill(x, work, lead_in)
    _zero_phase(notch, s["z"], work, lead_in, n)
    _zero_phase(band, s["z"], work, lead_in, n)
    if p["median_len"] > 0:
        _take_baseline(p["median_len"], s["ordered"], work, lead_in, n, s["copy"])
    if p["up"] == p["down"]:
        for i in range(n):
            out[i] = work[lead_in + i]
        n_out = n
    else:
        n_out = _resample(p["up"], p["down"], taps, work, lead_in, n, out)
    _standardize(out, n_out)
    return missing
