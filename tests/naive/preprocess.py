"""The oracle of `preprocess`: each step as its definition says, over whole lists, nothing kept, nothing saved."""

import math
from collections.abc import Sequence

Section = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2."""


def filled(x: Sequence[float]) -> list[float]:
    """Every missing sample on the line between its nearest neighbours that are not."""
    known = [i for i, value in enumerate(x) if math.isfinite(value)]
    result = []
    for i in range(len(x)):
        before = max((k for k in known if k <= i), default=None)
        after = min((k for k in known if k >= i), default=None)
        if before is None and after is None:
            result.append(0.0)
        elif before is None or after is None or before == after:
            nearest = before if before is not None else after
            assert nearest is not None
            result.append(x[nearest])
        else:
            result.append(x[before] + (x[after] - x[before]) * (i - before) / (after - before))
    return result


def filtered(sections: Sequence[Section], x: Sequence[float]) -> list[float]:
    """The difference equation of each section, after its input and output were constant for ever."""
    signal = list(x)
    level = signal[0]
    for b0, b1, b2, a1, a2 in sections:
        after = level * (b0 + b1 + b2) / (1 + a1 + a2)
        inputs, outputs = [level, level, *signal], [after, after]
        for i in range(2, len(inputs)):
            outputs.append(b0 * inputs[i] + b1 * inputs[i - 1] + b2 * inputs[i - 2] - a1 * outputs[i - 1] - a2 * outputs[i - 2])
        signal, level = outputs[2:], after
    return signal


def zero_phase(sections: Sequence[Section], x: Sequence[float]) -> list[float]:
    """Forward, then backward, over the signal and its odd mirror images."""
    pad = 3 * (2 * len(sections) + 1)
    before = [2 * x[0] - value for value in reversed(x[1 : pad + 1])]
    after = [2 * x[-1] - value for value in reversed(x[-pad - 1 : -1])]
    forward = filtered(sections, [*before, *x, *after])
    return filtered(sections, forward[::-1])[::-1][pad:-pad]


def without_baseline(x: Sequence[float], length: int) -> list[float]:
    """Less the median of what lies around each sample, zeros beyond the ends."""
    half = length // 2
    wide = [0.0] * half + list(x) + [0.0] * half
    return [value - sorted(wide[i : i + length])[half] for i, value in enumerate(x)]


def resampled(x: Sequence[float], up: int, down: int, taps: Sequence[float]) -> list[float]:
    """Zeros between the samples, the whole convolution, then every `down`-th value."""
    if up == down:
        return list(x)
    spread = [x[i // up] if i % up == 0 else 0.0 for i in range(len(x) * up)]
    centre = len(taps) // 2
    kept = range(0, len(spread), down)
    return [sum(spread[i] * taps[at - i + centre] for i in _near(at, centre, len(spread))) for at in kept]


def _near(at: int, reach: int, n: int) -> range:
    return range(max(0, at - reach), min(n, at + reach + 1))


def standardized(x: Sequence[float]) -> list[float]:
    """Mean 0, standard deviation 1, of the population."""
    mean = math.fsum(x) / len(x)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in x) / len(x))
    return [(value - mean) / (deviation + 1e-8) for value in x]


def preprocessed(
    x: Sequence[float], notch: Sequence[Section], band: Sequence[Section], median_len: int, up: int, down: int, taps: Sequence[float]
) -> list[float]:
    """All of it."""
    signal = filled(x)
    if notch:
        signal = zero_phase(notch, signal)
    signal = zero_phase(band, signal)
    if median_len:
        signal = without_baseline(signal, median_len)
    return standardized(resampled(signal, up, down, taps))
