"""What a beat looks like: the events of the dynamical model, in time and millivolt, and how they follow the heart rate.

A normal beat is Table I of McSharry et al. 2003 for 60 beats a minute. For other rates its authors scale with α = √(rate / 60)
(Clifford, Azuaje and McSharry, Advanced Methods and Tools for ECG Data Analysis, 2006, chapter 4): angles of Q and S and all
widths by α, angles of P and T by √α. In time, over a period T = 1 / α² s, that is T^½ and T^¾. Ours: every beat is scaled by its
own period, not by the mean, but not its QRS, which in a healthy heart lasts as long at any rate; Q, R and S take `QRS_SHARE` of the
table's times, which make a QRS of 150 ms where a healthy one has 80 to 110; heights do not depend on the rate; the other beats' waves.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

MAX_WAVES = 6
R_MV = 1.2
"""Height of the R wave's event alone; Q and S take some of it away."""


@dataclass(frozen=True, slots=True)
class Wave:
    """One event at a period of 1 s; delay and width go as the period to the power of `delay_power` and `width_power`."""

    delay_s: float
    width_s: float
    height_mv: float
    delay_power: float
    width_power: float

    def delay(self, period_s: float) -> float:
        """Return when it is at its highest, after R."""
        return self.delay_s * float(period_s**self.delay_power)

    def width(self, period_s: float) -> float:
        """Return its standard deviation in seconds."""
        return self.width_s * float(period_s**self.width_power)


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of beat: its waves, its WFDB symbol, how loud S1 and S2 are, and the pacemaker's spike before R, where there is one."""

    symbol: str
    waves: tuple[Wave, ...]
    s1: float = 1.0
    s2: float = 1.0
    spike_s: float = 0.0


QRS_SHARE = 0.6
REACH = 2.5
"""For what counts, a wave lasts so many standard deviations to either side."""


def _slow(angle: float, a: float, b: float) -> Wave:
    turn = 2 * math.pi
    return Wave(angle / turn, b / turn, _height(a, b), delay_power=0.75, width_power=0.5)


def _quick(angle: float, a: float, b: float) -> Wave:
    turn = 2 * math.pi / QRS_SHARE
    return Wave(angle / turn, b / turn, _height(a, b), delay_power=0.0, width_power=0.0)


def _height(a: float, b: float) -> float:
    return R_MV * a * b**2 / (30 * 0.1**2)


P, T = _slow(-math.pi / 3, 1.2, 0.25), _slow(math.pi / 2, 0.75, 0.4)
Q, R, S = _quick(-math.pi / 12, -5.0, 0.1), _quick(0.0, 30.0, 0.1), _quick(math.pi / 12, -7.5, 0.1)
WIDE_R, SLUR, WIDE_S = Wave(-0.0015, 0.018, 1.4, 0.0, 0.0), Wave(0.042, 0.022, 0.55, 0.0, 0.0), Wave(0.105, 0.030, -0.8, 0.0, 0.0)
DISCORDANT_T = Wave(0.30, 0.060, -0.45, 0.6, 0.5)

SHAPES = {
    "normal": Shape("N", (P, Q, R, S, T)),
    "atrial": Shape("A", (replace(P, delay_s=-0.13, height_mv=-0.6 * P.height_mv), Q, R, S, T)),
    "no-p": Shape("N", (Q, R, S, T)),
    "ventricular": Shape("V", (WIDE_R, SLUR, WIDE_S, DISCORDANT_T), s1=0.8, s2=0.5),
    "ventricular-run": Shape("V", (WIDE_R, SLUR, Wave(0.115, 0.036, -0.8, 0.0, 0.0)), s1=0.6, s2=0.3),
    "paced": Shape(
        "/", (Wave(0.0015, 0.026, 1.1, 0.0, 0.0), Wave(0.07, 0.030, -0.5, 0.0, 0.0), replace(DISCORDANT_T, height_mv=-0.35)), spike_s=0.07
    ),
}


def events(shape: Shape, period_s: float) -> NDArray[np.float64]:
    """Return (angle, a, b) of each wave: at ω = 2π / period its Gaussian has the wave's delay, width and height."""
    omega = 2 * math.pi / period_s
    rows = np.zeros((MAX_WAVES, 3))
    rows[:, 2] = 1.0
    for row, wave in zip(rows, shape.waves, strict=False):
        width = omega * wave.width(period_s)
        row[:] = omega * wave.delay(period_s), wave.height_mv * omega / width**2, width
    return rows


def extent(shape: Shape, period_s: float, reach: float) -> tuple[float, float]:
    """Return how long before and after R its waves last, if one reaches so many standard deviations."""
    before = max(reach * wave.width(period_s) - wave.delay(period_s) for wave in shape.waves)
    after = max(reach * wave.width(period_s) + wave.delay(period_s) for wave in shape.waves)
    return before, after


def qrs_swing_mv(period_s: float) -> float:
    """Return a normal QRS's height from lowest to highest, by its Gaussians."""
    t = np.linspace(-0.1, 0.1, 2001)
    waves = (Q, R, S)
    return float(np.ptp(sum(w.height_mv * np.exp(-0.5 * ((t - w.delay(period_s)) / w.width(period_s)) ** 2) for w in waves)))
