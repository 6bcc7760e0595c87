"""Findings made by hand, and of a simulated heart."""

from functools import cache
from typing import Any

import numpy as np

from edgeecg.plots.findings import Findings, study
from edgeecg.simulate.converter import COUNTS_PER_MV, ecg_counts
from edgeecg.simulate.scenario import Episode, Scenario
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Alert, AlertState, Beat, Morphology, Prediction, Priority, Quality, QualityReason, Vitals

RATE_HZ = 250.0
HEART = Scenario(name="plots", episodes=(Episode(0.0, "normal"), Episode(25.0, "vt"), Episode(35.0, "normal")))


@cache
def simulated() -> Findings:
    """Return a minute with a ventricular tachycardia in it, studied once."""
    simulation = Simulation(Setup(scenario=HEART, rate_hz=RATE_HZ))
    blocks = [ecg_counts(block.ecg_mv) / COUNTS_PER_MV for block in simulation.blocks(1000, n_samples=round(60 * RATE_HZ))]
    return study(np.concatenate(blocks).astype(np.float64), RATE_HZ, name="a heart <b>", lead="II")


def beat(sample: int, *, wide: bool = False, prematurity: float = 1.0) -> Beat:
    shape = Morphology.WIDE if wide else Morphology.NORMAL
    return Beat("x", "II", sample, 0.9, shape, 90.0, prematurity, 0.1, 1.0, late=False, reported_at=sample + 60)


def quality(start: int, *, good: bool) -> Quality:
    reason = QualityReason.NONE if good else QualityReason.MOTION
    return Quality("x", "II", start, 250, float(good), good, reason, 0.0, 0.0, 0.0, 0.0, start + 500)


def vitals(sample: int, rate: float) -> Vitals:
    return Vitals("x", sample, rate, 60000 / rate if rate > 0 else -1, -1, -1, 10, sample)


def prediction(start: int, label: str, *, abstained: bool = False, activation: tuple[float, ...] = ()) -> Prediction:
    return Prediction("x", "rhythm", start, start, 2500, -1, label, (0.9, 0.1), abstained, activation, late=False, reported_at=start + 2500)


def alert(
    alert_id: str, revision: int, state: AlertState, *, onset: int = 1000, sample: int = 1500, priority: Priority = Priority.HIGH
) -> Alert:
    return Alert(
        stream="x", alert_id=alert_id, revision=revision, rule="v-tach", priority=priority, state=state, latched=False, epoch=1,
        onset_sample=onset, sample=sample, value=5.0, limit=5.0, unit="", score=0.9, quality=1.0, text=f"five <wide> beats, {alert_id}", reported_at=sample,
    )  # fmt: skip


def findings(seconds: float, **found: Any) -> Findings:
    samples_mv = np.sin(np.arange(round(seconds * RATE_HZ)) / 20)
    return Findings(
        name="x", lead="II", rate_hz=RATE_HZ, samples_mv=samples_mv, labels=("N", "A"), label_names=("normal rhythm", "AF"), **found
    )
