"""What is written is read back as it was made: by our readers, and by the wfdb package."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wfdb

from edgeecg.errors import ConfigError, InputError
from edgeecg.io.csv import read_csv
from edgeecg.io.simulated import Files
from edgeecg.io.wfdb import read_annotations, read_record
from edgeecg.io.wfdb.writer import AnnotationWriter
from edgeecg.simulate.converter import ecg_counts, pcg_counts
from edgeecg.simulate.noise import Noise
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation

SETUP = Setup(scenario=NAMED["vt"], pcg_rate_hz=1000.0, noise=(Noise("muscle", 15),))
SECONDS = 60


def write(path: Path, setup: Setup, *, block_len: int = 1777) -> None:
    simulation, n_samples = Simulation(setup), round(SECONDS * setup.rate_hz)
    with Files(path, simulation, n_samples) as files:
        for block in simulation.blocks(block_len, n_samples=n_samples):
            files.take(block)


def test_a_record_is_read_back_sample_by_sample(tmp_path: Path) -> None:
    write(tmp_path / "vt", SETUP)
    block = next(Simulation(SETUP).blocks(SECONDS * 250))
    assert block.pcg is not None
    record = read_record(tmp_path / "vt")
    assert record.warnings == ()
    assert [(lead.name, lead.rate_hz) for lead in record.leads] == [("ECG", 250.0), ("PCG", 1000.0)]
    np.testing.assert_array_equal(record.leads[0].raw, ecg_counts(block.ecg_mv))
    np.testing.assert_array_equal(record.leads[1].raw, pcg_counts(block.pcg))
    np.testing.assert_allclose(record.leads[0].millivolts(), block.ecg_mv, rtol=0, atol=0.0005001)
    theirs = wfdb.rdrecord(str(tmp_path / "vt"), smooth_frames=False, physical=False)
    np.testing.assert_array_equal(theirs.e_d_signal[0], record.leads[0].raw)
    np.testing.assert_array_equal(theirs.e_d_signal[1], record.leads[1].raw)


def test_annotations_hold_beats_and_rhythms(tmp_path: Path) -> None:
    write(tmp_path / "vt", SETUP)
    truth = json.loads((tmp_path / "vt.json").read_text())
    marks = read_annotations(tmp_path / "vt.atr")
    rhythms = [(int(sample), aux) for sample, symbol, aux in zip(marks.samples, marks.symbols, marks.aux, strict=True) if symbol == "+"]
    assert rhythms == [(0, "(N"), (5000, "(VT"), (10000, "(N")]
    beats = marks.symbols != "+"
    assert marks.samples[beats].tolist() == [beat["sample"] for beat in truth["beats"]]
    assert marks.symbols[beats].tolist() == [beat["symbol"] for beat in truth["beats"]]
    theirs = wfdb.rdann(str(tmp_path / "vt"), "atr")
    assert theirs.sample.tolist() == marks.samples.tolist()
    assert theirs.symbol == marks.symbols.tolist()


def test_the_truth_says_all_that_was_asked(tmp_path: Path) -> None:
    write(tmp_path / "vt", SETUP)
    truth = json.loads((tmp_path / "vt.json").read_text())
    assert truth["format"] == "edgeecg simulation truth 1"
    assert (truth["seed"], truth["rate_hz"], truth["pcg_rate_hz"], truth["len_samples"]) == (0, 250.0, 1000.0, 15000)
    assert [(episode["kind"], episode["start_s"], episode["end_s"]) for episode in truth["episodes"]] == [
        ("normal", 0.0, 20.0),
        ("vt", 20.0, 40.0),
        ("normal", 40.0, None),
    ]
    assert truth["noise"] == {"muscle": 15}
    kernel = Simulation(SETUP).kernel
    assert kernel is not None
    np.testing.assert_allclose(truth["sound"]["kernel"]["samples"], kernel.mean(1000.0, 1.0, 60 / 70), rtol=0, atol=1e-9)
    assert all({"s1_s", "s2_s", "split_s", "s1_gain", "s2_gain"} <= set(beat) for beat in truth["beats"])


def test_beats_that_nobody_can_see_are_in_the_truth_and_not_annotated(tmp_path: Path) -> None:
    write(tmp_path / "off", Setup(scenario=NAMED["lead-off"]))
    truth = json.loads((tmp_path / "off.json").read_text())
    marks = read_annotations(tmp_path / "off.atr")
    visible = [beat["sample"] for beat in truth["beats"] if beat["visible"]]
    assert len(visible) < len(truth["beats"])
    assert marks.samples[marks.symbols != "+"].tolist() == visible
    assert truth["sound"] is None


def test_a_csv_is_read_back(tmp_path: Path) -> None:
    setup = Setup(scenario=NAMED["pvc"], rate_hz=1000.0, pcg_rate_hz=1000.0)
    write(tmp_path / "x.csv", setup)
    recording = read_csv(tmp_path / "x.csv")
    block = next(Simulation(setup).blocks(SECONDS * 1000))
    assert recording.lead_names == ("ECG", "PCG")
    assert recording.rate_hz == 1000.0
    np.testing.assert_allclose(recording.leads[0].millivolts(), ecg_counts(block.ecg_mv) / 1000, rtol=0, atol=1e-9)
    assert (tmp_path / "x.atr").exists()


def test_a_csv_of_two_rates_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1000 Hz beside an ECG of 250 Hz is not possible in a CSV"):
        write(tmp_path / "x.csv", SETUP)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "x.atr").write_text("mine")
    with pytest.raises(InputError, match="a file that exists is not the name of a new one"):
        write(tmp_path / "x", SETUP)
    assert (tmp_path / "x.atr").read_text() == "mine"
    with pytest.raises(InputError, match="No such file or directory is not a file that can be made"):
        write(tmp_path / "nowhere" / "x", SETUP)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name, block_len in (("a", 1777), ("b", 250)):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "x", replace(SETUP, seed=5), block_len=block_len)
    for suffix in (".dat", ".hea", ".atr", ".json"):
        assert (tmp_path / "a" / f"x{suffix}").read_bytes() == (tmp_path / "b" / f"x{suffix}").read_bytes()


def test_an_annotation_file_takes_long_steps_and_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "x.atr"
    with AnnotationWriter(path) as writer:
        for sample, symbol, aux in ((0, "+", "(N"), (1023, "N", ""), (2047, "V", "odd"), (90_000_000, "/", "")):
            writer.add(sample, symbol, aux)
        with pytest.raises(InputError, match="sample 5 after 90000000 is not in time order"):
            writer.add(5, "N")
        with pytest.raises(InputError, match="'Ω' is not a symbol"):
            writer.add(90_000_000, "Ω")
        with pytest.raises(InputError, match="a text of 300 bytes"):
            writer.add(90_000_000, "N", "x" * 300)
    marks = read_annotations(path)
    assert marks.samples.tolist() == [0, 1023, 2047, 90_000_000]
    assert marks.symbols.tolist() == ["+", "N", "V", "/"]
    assert marks.aux == ("(N", "", "odd", "")
