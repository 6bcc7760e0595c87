"""Simulated people of whom the truth is known: the kernel by which every QRS becomes a beat's two sounds, and when those are heard.

Jitter, loudness and the kernel's four bursts are those of `edgeecg simulate`. Three things differ from it, after the study that
set the regimes: the sound is driven by the whole QRS and not by the instant of R, so that there is something to deconvolve; the QRS is
slurred, so that it reaches the sounds' frequencies as a real one does; and S2 goes with the RR interval at rest alone, breathing moves nothing.
`simulated_person` is one of `edgeecg simulate` as it is: there is no kernel from its QRS to its sound, only delays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeecg.evals.coupling_methods import middle
from edgeecg.evals.coupling_recording import Heard, beats_of
from edgeecg.simulate.scenario import Scenario
from edgeecg.simulate.seeds import Seeds
from edgeecg.simulate.simulation import Setup, Simulation, TrueBeat
from edgeecg.simulate.sounds import SPLIT_S, Kernel, subject
from edgeecg.stages.coupling import KERNEL_LEN, in_band, regrid

Signal = NDArray[np.float64]
RATE_HZ = 1000.0
SECONDS = 32
RATES_BPM = (55.0, 90.0)
ECG_SNR_DB = 30.0
SLURS = ((-0.21, -0.010, 0.003), (0.35, 0.014, 0.004))
"""Height in mV, place in s after R, standard deviation in s: so much that Tikhonov without jitter reads as in the study."""
QRS_HALF_S = 0.064
LOUDNESS_SD, LOUDNESS_RANGE, JITTER_LIMIT = 0.2, (0.4, 1.8), 3.0
MARGIN = 200
WINDOW_S = (0.2, 0.8)
"""Beats nearer than that to an end have no whole window; the truth is of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A simulated person: what is heard, and what is true."""

    heard: Heard
    truth: Signal
    """The kernel at the mean delays and loudness of this recording's own beats, 1 kHz, from R on; zeros: there is none."""
    heard_ms: float
    """R to the middle of S1's energy between 25 and 160 Hz, as it is heard on average."""
    delays_ms: Signal
    """Of each beat: how much later than on average its S1 comes; `at_s` are their R peaks."""
    at_s: Signal


def known_person(seed: int, jitter: str) -> Known:
    """Draw one, and half a minute of them."""
    seeds = Seeds(seed)
    rng = seeds.rng("coupling person")
    scenario = Scenario(name="rest", bpm=float(rng.uniform(*RATES_BPM)))
    n = SECONDS * round(RATE_HZ)
    block = next(Simulation(Setup(scenario=scenario, rate_hz=RATE_HZ, seed=seed)).blocks(n, n_samples=n))
    beats, t = block.beats, np.arange(n) / RATE_HZ
    ecg = block.ecg_mv + _slurs(beats, t)
    qrs = _mean_qrs(ecg, beats, t)
    kernel = Kernel(subject(seeds, jitter))
    delays_s, loudness = _draw(rng, kernel, beats, jitter)
    pcg = np.convolve(_sounds(kernel, beats, delays_s, loudness, t), qrs)[len(qrs) // 2 :][:n]
    ecg += rng.normal(size=n) * ecg.std() * 10 ** (-ECG_SNR_DB / 20)
    ecg_grid = regrid(ecg, RATE_HZ, 250)
    at_s = np.array([beat.beat.at_s for beat in beats])
    whole = (at_s > WINDOW_S[0]) & (at_s < SECONDS - WINDOW_S[1])
    truth = _mean_kernel(kernel, delays_s[whole].mean(axis=0), loudness[whole].mean(axis=0))
    heard = Heard(name=f"{jitter} {seed}", ecg=ecg_grid, pcg=pcg, beats=beats_of(ecg_grid))
    return Known(heard, truth, heard_ms(truth, qrs), 1000 * (delays_s[whole, 0] - delays_s[whole, 0].mean()), at_s[whole])


def simulated_person(seed: int) -> Known:
    """Draw one of `edgeecg simulate`, at rest, whose sounds come after the instant of R."""
    bpm = float(Seeds(seed).rng("coupling person").uniform(*RATES_BPM))
    n = SECONDS * round(RATE_HZ)
    simulation = Simulation(Setup(scenario=Scenario(name="rest", bpm=bpm), rate_hz=RATE_HZ, pcg_rate_hz=RATE_HZ, seed=seed))
    block = next(simulation.blocks(n, n_samples=n))
    assert block.pcg is not None
    assert simulation.kernel is not None
    begins_s = np.array([beat.heard.s1_s for beat in block.beats if beat.heard])
    at_s = np.array([beat.beat.at_s for beat in block.beats if beat.heard])
    ecg = regrid(block.ecg_mv, RATE_HZ, 250)
    s1 = simulation.kernel.s1(np.arange(KERNEL_LEN) / RATE_HZ - begins_s.mean())
    heard = Heard(name=f"simulated {seed}", ecg=ecg, pcg=block.pcg, beats=beats_of(ecg))
    return Known(heard, np.zeros(KERNEL_LEN), heard_ms(s1, np.ones(1)), 1000 * (begins_s - begins_s.mean()), at_s)


def heard_ms(kernel: Signal, qrs: Signal) -> float:
    """Return when a kernel driven by a QRS, its R in the middle, makes the middle of S1 be heard."""
    margin = np.zeros(MARGIN)
    sound = in_band(np.convolve(np.concatenate([margin, kernel, margin]), qrs)[len(qrs) // 2 :][: KERNEL_LEN + 2 * MARGIN])
    sound = sound[MARGIN : MARGIN + KERNEL_LEN]
    return middle(sound, loudest(sound))


def loudest(kernel: Signal) -> float:
    """Return where the energy of the first quarter of a second is highest, smoothed over 60 ms."""
    return float(np.argmax(np.convolve(kernel[:250] ** 2, np.hanning(61), "same")))


def _slurs(beats: tuple[TrueBeat, ...], t: Signal) -> Signal:
    out = np.zeros(len(t))
    for beat in beats:
        for height_mv, place_s, sd_s in SLURS:
            out += height_mv * np.exp(-0.5 * ((t - beat.beat.at_s - place_s) / sd_s) ** 2)
    return out


def _mean_qrs(ecg: Signal, beats: tuple[TrueBeat, ...], t: Signal) -> Signal:
    """Average the QRS about R, less the line between its ends, tapered to nothing."""
    about = np.arange(-QRS_HALF_S, QRS_HALF_S + 0.5 / RATE_HZ, 1 / RATE_HZ)
    mean = np.mean([np.interp(beat.beat.at_s + about, t, ecg) for beat in beats[1:-1]], axis=0)
    taper = np.hanning(len(about) + 2)[1:-1] ** 0.3
    return np.asarray((mean - np.linspace(mean[0], mean[-1], len(mean))) * taper, np.float64)


def _draw(rng: np.random.Generator, kernel: Kernel, beats: tuple[TrueBeat, ...], jitter: str) -> tuple[Signal, Signal]:
    """Draw each beat's delays of S1 and S2 in s, and their loudness."""
    who, rr_s = kernel.subject, np.array([beat.beat.since_s for beat in beats])
    root = np.sqrt(rr_s / 0.85)
    drawn = np.clip(rng.normal(size=(len(beats), 2)), -JITTER_LIMIT, JITTER_LIMIT) * (who.s1_jitter_s, who.s2_jitter_s)
    usual = np.column_stack([np.full(len(beats), who.s1_s), who.s2_s * (root if jitter == "rest" else np.full(len(beats), root.mean()))])
    return usual + drawn, np.clip(1 + LOUDNESS_SD * rng.normal(size=(len(beats), 2)), *LOUDNESS_RANGE)


def _sounds(kernel: Kernel, beats: tuple[TrueBeat, ...], delays_s: Signal, loudness: Signal, t: Signal) -> Signal:
    out = np.zeros(len(t))
    for beat, (s1_s, s2_s), (s1, s2) in zip(beats, delays_s, loudness, strict=True):
        first = max(0, int(beat.beat.at_s * RATE_HZ))
        since = t[first : first + round(RATE_HZ)] - beat.beat.at_s
        out[first : first + len(since)] += s1 * kernel.s1(since - s1_s) + s2 * kernel.s2(since - s2_s, SPLIT_S)
    return out


def _mean_kernel(kernel: Kernel, delays_s: Signal, loudness: Signal) -> Signal:
    t = np.arange(KERNEL_LEN) / RATE_HZ
    sounds = loudness[0] * kernel.s1(t - delays_s[0]) + loudness[1] * kernel.s2(t - delays_s[1], SPLIT_S)
    return np.asarray(sounds, np.float64)
