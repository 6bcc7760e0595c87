"""An excerpt as a FHIR R4 Observation: a component with SampledData for each lead, by its code in ISO/IEEE 11073-10101."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeecg.io.excerpts.cutting import Excerpt
from edgeecg.io.newfile import open_new
from edgeecg.io.sources.own import MDC_LEADS

MDC: Final = "urn:oid:2.16.840.1.113883.6.24"
UCUM: Final = "http://unitsofmeasure.org"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
POTENTIAL: Final = 131072
"""MDC_ECG_ELEC_POTL: a lead's code is added to it, so that lead I is 131329."""
FACTOR_MV: Final = 0.001
_NUMBERS: Final = {name: number for number, name in MDC_LEADS.items()}


def write(excerpt: Excerpt, path: Path) -> list[Path]:
    """Write one JSON file; return it."""
    with open_new(path) as file:
        file.write(json.dumps(observation(excerpt), indent=1).encode() + b"\n")
    return [path]


def observation(excerpt: Excerpt) -> dict[str, Any]:
    """Return the resource. Whose it is, it does not say: that is for who knows."""
    told: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [{"coding": [{"system": CATEGORY, "code": "procedure"}]}],
        "code": {"coding": [_code(POTENTIAL + 256, "MDC_ECG_ELEC_POTL")]},
        "device": {"display": excerpt.facts.name},
        "component": [
            {"code": {"coding": [_lead(name)], "text": name}, "valueSampledData": _sampled(excerpt.samples_mv[:, i], excerpt.facts.rate_hz)}
            for i, name in enumerate(excerpt.facts.leads)
        ],
    }
    if excerpt.start_ns:
        end_ns = excerpt.start_ns + round(excerpt.seconds * 1e9)
        told["effectivePeriod"] = {"start": _instant(excerpt.start_ns), "end": _instant(end_ns)}
    if excerpt.beats:
        rows = [
            f"{beat.morphology.name.lower()} at {(beat.sample - excerpt.start_sample) / excerpt.facts.rate_hz:.3f} s"
            for beat in excerpt.beats
        ]
        told["note"] = [{"text": "beats, by an algorithm, not confirmed: " + "; ".join(rows)}]
    return told


def _sampled(samples_mv: NDArray[np.float64], rate_hz: float) -> dict[str, Any]:
    data = " ".join("E" if np.isnan(x) else str(round(x / FACTOR_MV)) for x in samples_mv.tolist())
    origin = {"value": 0, "unit": "mV", "system": UCUM, "code": "mV"}
    return {"origin": origin, "period": 1000.0 / rate_hz, "factor": FACTOR_MV, "dimensions": 1, "data": data}


def _lead(name: str) -> dict[str, str]:
    """A lead of a name that the nomenclature has not is an ECG's potential, no more."""
    number = _NUMBERS.get(name)
    return _code(POTENTIAL + 256, "MDC_ECG_ELEC_POTL") if number is None else _code(POTENTIAL + number, f"MDC_ECG_ELEC_POTL_{name.upper()}")


def _code(code: int, display: str) -> dict[str, str]:
    return {"system": MDC, "code": str(code), "display": display}


def _instant(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
