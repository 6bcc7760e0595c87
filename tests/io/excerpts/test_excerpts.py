"""A stretch of a journal as others read it: the samples that came, where they lie, and what was found in them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import edfio
import numpy as np
import pytest
import wfdb
from numpy.typing import NDArray

from edgeecg.cli import main
from edgeecg.daemon.keeper import Keeper
from edgeecg.engine import Engine
from edgeecg.errors import InputError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.io.excerpts import cutting, edf, fhir
from edgeecg.io.excerpts.cutting import Excerpt
from edgeecg.io.excerpts.wfdb import write as write_wfdb
from edgeecg.simulate.converter import COUNTS_PER_MV, ecg_counts
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Alert, AlertState, Beat, Chunk, Morphology, Priority, Record, SourceChange, SourceState

RATE_HZ = 250
FRAME = 25
S = 10**9
MV = 1 / COUNTS_PER_MV
BEGAN_NS = 1_700_000_000 * S


def facts(name: str = "belt/ecg", **more: object) -> StreamFacts:
    return StreamFacts(name=name, rate_hz=RATE_HZ, mv_per_unit=MV, sequence_bits=16, frame_len=FRAME, **more)  # type: ignore[arg-type]


def counts(seconds: int) -> NDArray[np.int16]:
    simulation = Simulation(Setup(scenario=NAMED["pvc"], rate_hz=RATE_HZ))
    return ecg_counts(next(simulation.blocks(seconds * RATE_HZ)).ecg_mv)


def frames(samples: NDArray[np.int16], order: Sequence[int], name: str = "belt/ecg") -> list[Record]:
    """Frames as they come: those that `order` leaves out are lost."""
    chunks = (Chunk(name, samples[n * FRAME : (n + 1) * FRAME], BEGAN_NS + (n + 1) * S // 10, n) for n in order)
    return [SourceState(name, SourceChange.OPENED, BEGAN_NS, epoch=5), *chunks]


def journal(folder: Path, records: Sequence[Record], stream: StreamFacts, *, rotate_at: int = 10**9) -> list[Beat]:
    """Have records written down; return the beats."""
    beats: list[Beat] = []
    keep = lambda _, given: beats.extend(event for events in given for event in events if isinstance(event, Beat))  # noqa: E731
    keeper = Keeper(folder, EngineConfig(streams=(stream,)), told=keep, make_engine=Engine, meanwhile=lambda job: job())
    for number, record in enumerate(records):
        keeper.feed([record])
        if number == rotate_at:
            assert keeper.rotate()
            assert keeper.rotated()
    keeper.close()
    return beats


def test_what_came_lies_where_it_was_and_what_was_lost_is_missing(tmp_path: Path) -> None:
    samples = counts(20)
    order = [n for n in range(200) if not 50 <= n < 60]
    beats = journal(tmp_path, frames(samples, order), facts(), rotate_at=120)
    excerpt = cutting.whole(tmp_path)
    expected = samples * MV
    expected[50 * FRAME : 60 * FRAME] = np.nan
    np.testing.assert_array_equal(excerpt.samples_mv[:, 0], expected)
    assert excerpt.start_sample == 0
    assert excerpt.start_ns == BEGAN_NS
    assert [beat.sample for beat in excerpt.beats] == sorted({beat.sample for beat in beats})
    assert len(excerpt.beats) > 15


def test_a_frame_that_was_overtaken_lies_in_its_place(tmp_path: Path) -> None:
    samples = counts(8)
    order = [n ^ 1 if 20 <= n < 40 else n for n in range(80)]  # each second one comes before the first
    journal(tmp_path, frames(samples, order), facts(reorder_frames=2))
    np.testing.assert_array_equal(cutting.whole(tmp_path).samples_mv[:, 0], samples * MV)


def test_a_journal_whose_beginning_is_gone_says_where_it_begins(tmp_path: Path) -> None:
    samples = counts(20)
    journal(tmp_path, frames(samples, range(200)), facts(), rotate_at=100)
    (tmp_path / "0000000001.journal").unlink()
    excerpt = cutting.whole(tmp_path)
    assert excerpt.start_sample == 100 * FRAME
    np.testing.assert_array_equal(excerpt.samples_mv[:, 0], samples[100 * FRAME :] * MV)
    part = cutting.cut(excerpt, 110 * FRAME, 50)
    np.testing.assert_array_equal(part.samples_mv[:, 0], samples[110 * FRAME : 112 * FRAME] * MV)
    assert part.start_ns == BEGAN_NS + 11 * S
    with pytest.raises(InputError, match="within 2500 to 5000"):
        cutting.cut(excerpt, 0, 50)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    journal(tmp_path, frames(counts(2), range(20)), facts())
    with pytest.raises(InputError, match="one of belt/ecg"):
        cutting.whole(tmp_path, "other")
    with pytest.raises(InputError, match="names 0 of its alerts"):
        cutting.around(tmp_path, "abc")


def example() -> Excerpt:
    samples = counts(4)[:930, None].astype(np.float64) * MV
    samples[100:150] = np.nan
    beat = Beat("belt/ecg", "I", 1200, 0.9, Morphology.WIDE, 140.0, 0.6, 0.5, 1.2, False, 1250)
    alert = Alert(
        stream="belt/ecg", alert_id="ab" * 16, revision=1, rule="couplet", priority=Priority.LOW, state=AlertState.RAISED, latched=False,
        epoch=5, onset_sample=1200, sample=1300, value=2.0, limit=2.0, unit="", score=1.0, quality=0.9, text="two", reported_at=1350,
    )  # fmt: skip
    return Excerpt(facts=facts(), start_sample=1000, start_ns=BEGAN_NS, samples_mv=samples, beats=(beat,), alerts=(alert,))


def test_wfdb_holds_every_step_and_its_marks(tmp_path: Path) -> None:
    excerpt = example()
    write_wfdb(excerpt, tmp_path / "x")
    record, marks = wfdb.rdrecord(str(tmp_path / "x")), wfdb.rdann(str(tmp_path / "x"), "atr")
    np.testing.assert_allclose(record.p_signal, excerpt.samples_mv, atol=1e-12)
    assert (marks.symbol, marks.sample.tolist()) == (["V", '"'], [200, 300])
    assert marks.aux_note[1].startswith("couplet raised (low) abababab.1")


@pytest.mark.parametrize("rate_hz", [250.0, 130.2])
def test_edf_holds_samples_beats_and_what_is_missing(tmp_path: Path, rate_hz: float) -> None:
    excerpt = example()
    other = StreamFacts(name="belt/ecg", rate_hz=rate_hz)
    excerpt = Excerpt(
        facts=other, start_sample=1000, start_ns=BEGAN_NS, samples_mv=excerpt.samples_mv, beats=excerpt.beats, alerts=excerpt.alerts
    )
    edf.write(excerpt, tmp_path / "x.edf")
    read = edfio.read_edf(tmp_path / "x.edf")
    step = float(np.ptp(np.nan_to_num(excerpt.samples_mv))) / 65535
    np.testing.assert_allclose(read.signals[0].data[:930], np.nan_to_num(excerpt.samples_mv[:, 0]), atol=step)
    told = {(round(note.onset * rate_hz), note.text.split()[0]) for note in read.annotations}
    assert {(200, "V"), (300, '"'), (100, "missing"), (930, "missing")} == told
    assert read.startdate.year == 2023


def test_edf_of_a_board_that_did_not_know_the_time_has_no_date(tmp_path: Path) -> None:
    edf.write(replace(example(), start_ns=3600 * 10**9), tmp_path / "x.edf")
    read = edfio.read_edf(tmp_path / "x.edf")
    with pytest.raises(edfio.AnonymizedDateError):
        _ = read.recording.startdate


def test_fhir_holds_samples_in_microvolt_and_says_no_name() -> None:
    excerpt = example()
    told = fhir.observation(excerpt)
    (component,) = told["component"]
    assert component["code"]["coding"][0]["code"] == "131329"
    sampled = component["valueSampledData"]
    values = [np.nan if word == "E" else int(word) * sampled["factor"] for word in sampled["data"].split()]
    np.testing.assert_allclose(values, excerpt.samples_mv[:, 0], atol=sampled["factor"] / 2 + 1e-12)
    assert sampled["period"] == 4.0
    assert "subject" not in told
    assert told["effectivePeriod"]["start"] == "2023-11-14T22:13:20.000Z"


def test_the_command_writes_each_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal(tmp_path / "journal", frames(counts(8), range(80)), facts())
    for name in ("a.hea", "b.edf", "c.json"):
        assert main(["export", str(tmp_path), "--to", str(tmp_path / name), "--last", "5"]) == 0
    assert "belt/ecg: 5.0 s from sample 750" in capsys.readouterr().out
    assert json.loads((tmp_path / "c.json").read_text())["resourceType"] == "Observation"
    assert main(["export", str(tmp_path), "--to", str(tmp_path / "b.edf")]) == 2
    assert main(["export", str(tmp_path), "--to", "x.mp3"]) == 2
