"""Recordings as commands are given them: a file, and what a person must say of it."""

import argparse
import math
from dataclasses import replace
from typing import Final

from edgeecg.cli.parser import Parser, checked
from edgeecg.io.csv import read_csv
from edgeecg.io.edf import read_edf
from edgeecg.io.recording import Lead, Recording
from edgeecg.io.sources import capture
from edgeecg.io.sources.recordings import is_sound
from edgeecg.io.wfdb import read_record

RECORDING: Final = "a WFDB record, an .edf, a .csv, .tsv or .txt, a .frames that `record` or `simulate` wrote"
CSV_SUFFIXES: Final = {".csv", ".tsv", ".txt"}
EDF_SUFFIX: Final = ".edf"


def add_reading(parser: Parser) -> None:
    """Name what to read of a file."""
    rate = checked(float, "a rate > 0", lambda rate: 0 < rate < math.inf)
    parser.add_argument("--lead", help="which lead of a recording, by its name or its number from 0 (default: the first that is no sound)")
    parser.add_argument("--rate", type=rate, help="samples a second of a CSV without times")
    parser.add_argument("--units", default="mV", help="of a CSV whose columns do not say: mV, uV, nV, V (default: mV)")


def read(options: argparse.Namespace) -> Recording:
    """Read it, by its ending."""
    if options.file.suffix.lower() in CSV_SUFFIXES:
        return read_csv(options.file, rate_hz=options.rate, units=options.units)
    if options.file.suffix.lower() == capture.SUFFIX:
        streams = capture.read_capture(options.file)
        return replace(streams[0], leads=tuple(lead for stream in streams for lead in stream.leads))
    return read_edf(options.file) if options.file.suffix.lower() == EDF_SUFFIX else read_record(options.file)


def chosen(recording: Recording, which: str | None) -> Lead:
    """Return the lead that is meant."""
    if which is None:
        return next((lead for lead in recording.leads if not is_sound(lead)), recording.leads[0])
    return recording.lead(int(which) if which.isdecimal() and which not in recording.lead_names else which)
