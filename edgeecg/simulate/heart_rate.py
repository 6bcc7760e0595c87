"""How the time from beat to beat varies: the bimodal spectrum of McSharry et al. 2003, equations (4) and (5)."""

import math

from edgeecg.simulate.scenario import Scenario
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.spectral import Coloured, bells

RATE_HZ = 8.0
WINDOW_S = 512.0
"""Far longer than 1 / 0.01 Hz, the width of the peaks."""
PEAK_WIDTH_HZ = 0.01
SHORTEST_S = 0.25


class HeartRate:
    """A variation of variance 1: Gaussian peaks at the Mayer waves and at breathing, with the powers' ratio asked for.

    In the paper amplitudes follow the spectrum and phases alone are drawn, for the whole recording at once. Ours: both are drawn, so
    that it is a Gaussian process, window by window; spectrum and variance are then true on average, not of each recording.
    """

    def __init__(self, scenario: Scenario, seeds: Seeds) -> None:
        spectrum = bells((scenario.mayer_hz, PEAK_WIDTH_HZ, scenario.lf_hf), (scenario.breath_hz, PEAK_WIDTH_HZ, 1.0))
        self._variation = Coloured(spectrum, rate_hz=RATE_HZ, window_s=WINDOW_S, seeds=seeds, part="heart rate")

    def variation(self, at_s: float) -> float:
        """Return it at a time, between the samples by a straight line."""
        position = at_s * RATE_HZ
        before = math.floor(position)
        low, high = self._variation.take(before, 2)
        return float(low + (high - low) * (position - before))

    def period_s(self, at_s: float, mean_bpm: float, sd_bpm: float) -> float:
        """Return the RR interval: its mean is 60 / bpm, its standard deviation the rate's, to first order."""
        mean = 60.0 / mean_bpm
        return max(SHORTEST_S, mean * (1.0 + sd_bpm / mean_bpm * self.variation(at_s)))
