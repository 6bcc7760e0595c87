"""The truth beside the signal, as plain data: what was asked for, the kernel from R to sound, and every beat."""

from dataclasses import asdict
from itertools import pairwise
from typing import Any

from edgeecg.simulate.pcg import LATEST_S2_S
from edgeecg.simulate.scenario import KINDS, Episode, Scenario
from edgeecg.simulate.simulation import Simulation, TrueBeat
from edgeecg.simulate.sounds import SOUND_S

FORMAT = "edgeecg simulation truth 1"
KERNEL_HZ = 1000.0
MARKS = {
    "normal": "(N", "pvc": "(N", "pac": "(N", "bigeminy": "(B", "run": "(N", "af": "(AFIB", "vt": "(VT", "vf": "(VFIB",
    "pause": "(N", "asystole": "(ASYS", "paced": "(P", "lead-off": "(NOISE",
}  # fmt: skip
"""What an episode is called in an annotation file: PhysioNet's names, and two of our own for asystole and a lead that is off."""


def of(simulation: Simulation, *, n_samples: int | None = None) -> dict[str, Any]:
    """Return all that is true of a simulation but its beats; the episodes of its first samples only, where their number is given."""
    setup = simulation.setup
    seconds = None if n_samples is None else n_samples / setup.rate_hz
    return {
        "format": FORMAT,
        "seed": setup.seed,
        "rate_hz": setup.rate_hz,
        "len_samples": n_samples,
        "pcg_rate_hz": setup.pcg_rate_hz,
        "noise": {noise.kind: noise.snr_db for noise in setup.noise},
        "pcg_noise": {noise.kind: noise.snr_db for noise in setup.pcg_noise},
        "heart": _heart(setup.scenario),
        "episodes": [episode for episode in _episodes(setup.scenario, setup.rate_hz) if seconds is None or episode["start_s"] < seconds],
        "sound": _sound(simulation),
    }


def beat_row(beat: TrueBeat) -> dict[str, Any]:
    """Return a beat as the truth holds it."""
    row: dict[str, Any] = {
        "sample": beat.sample,
        "time_s": beat.beat.at_s,
        "symbol": beat.beat.form.symbol,
        "shape": beat.beat.shape,
        "visible": beat.visible,
    }
    if beat.heard is not None:
        row |= {name: value for name, value in asdict(beat.heard).items() if name != "beat"}
    return row


def _heart(scenario: Scenario) -> dict[str, Any]:
    names = ("name", "bpm", "sd_bpm", "lf_hf", "mayer_hz", "breath_hz", "wander_mv")
    return {name: getattr(scenario, name) for name in names}


def _episodes(scenario: Scenario, rate_hz: float) -> list[dict[str, Any]]:
    ends = [following.start_s for _, following in pairwise(scenario.episodes)]
    return [
        {"start_s": episode.start_s, "end_s": end_s, "start_sample": round(episode.start_s * rate_hz), "kind": episode.kind}
        | _settings(scenario, episode)
        for episode, end_s in zip(scenario.episodes, [*ends, None], strict=True)
    ]


def _settings(scenario: Scenario, episode: Episode) -> dict[str, float]:
    settings = {name: episode.value(name) for name in KINDS[episode.kind]}
    if "sd_bpm" in settings:
        settings["bpm"], settings["sd_bpm"] = scenario.bpm_of(episode)
    return settings


def _sound(simulation: Simulation) -> dict[str, Any] | None:
    """Say how R becomes sound: p(t) = Σ over beats of s1_gain K1(t - R - s1_s) + s2_gain K2(t - R - s2_s) + murmur + noise."""
    kernel, setup = simulation.kernel, simulation.setup
    if kernel is None:
        return None
    period_s = 60 / setup.scenario.bpm
    return {
        "jitter": setup.jitter,
        "murmur": setup.murmur,
        "subject": asdict(kernel.subject),
        "kernel": {
            "from": "the instant of R, at the mean delays, loudness 1 and the mean split; the sensor's high-pass included",
            "rate_hz": KERNEL_HZ,
            "interval_s": period_s,
            "samples": kernel.mean(KERNEL_HZ, LATEST_S2_S + 2 * SOUND_S, period_s).round(9).tolist(),
        },
    }
