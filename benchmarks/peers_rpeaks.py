"""R-peak detectors on the same recordings, with the same pairing, in one run: `python benchmarks/peers_rpeaks.py --data FOLDER`.

The peers come with `pip install edgeecg[eval]`; one that is not installed is left out, and said to be. All run with their
defaults on the whole recording at once, except the engine, which is fed in chunks. Speed is wall time of one run in this
process, after a first run on ten seconds for whatever compiles or caches.
"""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.columns import columns
from edgeecg.evals.noise import Noise, read_noise
from edgeecg.evals.rpeaks import Detector, Report, engine_detector, evaluate, find_records, read_annotated
from edgeecg.evals.table import SCORE_HEAD, score_cells

PEAK = np.dtype([("sample", "i8")])


def positions(samples: Any) -> NDArray[np.void]:
    """Give a batch detector's answer as evaluate() reads it: with no moment of report, for it has none."""
    return np.array([(int(sample),) for sample in samples], PEAK)


def sleepecg_detector() -> Detector:
    from sleepecg import detect_heartbeats

    return lambda samples_mv, rate_hz: positions(detect_heartbeats(samples_mv, rate_hz))


def xqrs_detector() -> Detector:
    from wfdb.processing import xqrs_detect

    return lambda samples_mv, rate_hz: positions(xqrs_detect(samples_mv, rate_hz, verbose=False))


def gqrs_detector() -> Detector:
    from wfdb.processing import gqrs_detect

    def detect(samples_mv: NDArray[np.float64], rate_hz: float) -> NDArray[np.void]:
        steps = np.round(samples_mv * 200).astype(np.int64)  # it wants the converter's steps; PhysioNet's usual ones
        return positions(gqrs_detect(d_sig=steps, fs=rate_hz, adc_gain=200, adc_zero=0))

    return detect


def neurokit_detector(method: str) -> Callable[[], Detector]:
    def make() -> Detector:
        import neurokit2

        def detect(samples_mv: NDArray[np.float64], rate_hz: float) -> NDArray[np.void]:
            clean = neurokit2.ecg_clean(samples_mv, sampling_rate=int(rate_hz), method=method)
            return positions(neurokit2.ecg_findpeaks(clean, sampling_rate=int(rate_hz), method=method)["ECG_R_Peaks"])

        return detect

    return make


PEERS: dict[str, tuple[str, Callable[[], Detector]]] = {
    "sleepecg": ("sleepecg", sleepecg_detector),
    "wfdb xqrs": ("wfdb", xqrs_detector),
    "wfdb gqrs": ("wfdb", gqrs_detector),
    "neurokit": ("neurokit2", neurokit_detector("neurokit")),
}
"""Name, the package it needs, and how it is made."""


def reports(chosen: dict[str, Detector], paths: list[Path], noise: Noise | None, snr_db: float | None) -> list[Report]:
    begin = read_annotated(paths[0]).recording.leads[0]
    measured = []
    for name, detect in chosen.items():
        detect(begin.millivolts()[: int(10 * begin.rate_hz)], begin.rate_hz)
        print(f"{name} ...", file=sys.stderr)
        scores = tuple(evaluate(paths, detect, noise=noise, snr_db=snr_db))
        measured.append(Report(detector=name, snr_db=snr_db, records=scores))
    return measured


def table(measured: list[Report]) -> str:
    rows = [["detector", *SCORE_HEAD, "F1 5+", "Ms/s"]]
    for report in measured:
        figures = report.figures()
        after = figures["gross"]["from_minute_5"]["f1"]
        rows.append([report.detector, *score_cells(report.whole), f"{after:.2f}", f"{figures['msamples_per_s']:.2f}"])
    return columns(rows, rules=(1,))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("EDGEECG_DATA"), required="EDGEECG_DATA" not in os.environ)
    parser.add_argument("--records", nargs="+", default=[])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--chunk", type=int, default=64)
    parser.add_argument("--noise")
    parser.add_argument("--snr", nargs="+", type=float, default=[6.0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen = {f"edgeecg, chunks of {options.chunk}": engine_detector(options.chunk)}
    for name in options.peers:
        package, make = PEERS[name]
        if find_spec(package):
            chosen[name] = make()
        else:
            print(f"{name}: left out, {package} is not installed", file=sys.stderr)
    paths = find_records(options.data, options.records)
    noise = read_noise(find_records(options.data, [options.noise])[0]) if options.noise else None
    for snr_db in options.snr if noise else [None]:
        measured = reports(chosen, paths, noise, snr_db)
        if options.json:
            print(json.dumps([report.figures() for report in measured], indent=1))
        else:
            print(f"{len(paths)} recordings, " + ("as recorded" if noise is None else f"{noise.name} at {snr_db:g} dB"))
            print(table(measured))
    return 0


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own
        sys.exit(main())
