"""`edgeecg eval quality`: what it reports is what the engine said, judged; and what it cannot measure it says."""

import json
from pathlib import Path

import numpy as np
import pytest

from edgeecg.api import run
from edgeecg.cli import main
from edgeecg.errors import InputError
from edgeecg.evals.noise import Noise
from edgeecg.evals.quality import ratings_of, score_quality
from edgeecg.evals.quality_report import QualityReport, evaluate_quality, fitted, read_quality_crossval, under_noise
from edgeecg.evals.quality_table import summary
from edgeecg.evals.rpeaks import find_records, read_annotated
from edgeecg.facts import StreamFacts
from edgeecg.stages.vitals import of_known_beats
from edgeecg.types import Beat, Quality, Vitals
from tests.laws.signals import heart

RATE_HZ = 200
SECONDS = 460
MUTED = (100, 130)
"""Seconds in which the lead is noise and the annotators say so."""
N, PACED, NOISE_MARK = 1, 12, 14


def write_annotations(path: Path, marks: list[tuple[int, int, int]]) -> None:
    """Write (sample, code, subtype) by the MIT format; a subtype follows its mark."""
    words, before, subtype_before = [], 0, 0
    for sample, code, subtype in sorted(marks):
        step = sample - before
        if step > 1023:
            words += [59 << 10, step >> 16, step & 0xFFFF]
            step = 0
        words.append(code << 10 | step)
        if subtype != subtype_before:
            words.append(61 << 10 | subtype & 0xFF)
        before, subtype_before = sample, subtype
    path.write_bytes(b"".join(word.to_bytes(2, "little") for word in [*words, 0]))


def write_recording(folder: Path, name: str, *, beat_code: int = N, seed: int = 3) -> None:
    """A heart with annotated beats; for half a minute there is loud noise instead."""
    folder.mkdir(exist_ok=True)
    x, peaks = heart(RATE_HZ, SECONDS, seed=seed, noise_mv=0.005)
    muted = slice(MUTED[0] * RATE_HZ, MUTED[1] * RATE_HZ)
    x[muted] = np.random.default_rng(seed).normal(0.0, 0.7, muted.stop - muted.start)
    (folder / f"{name}.dat").write_bytes(np.round(x * 200).astype("<i2").tobytes())
    (folder / f"{name}.hea").write_text(f"{name} 1 {RATE_HZ} {len(x)}\n{name}.dat 16 200/mV 16 0 0 0 0 I\n")
    marks = [(int(peak), beat_code, 0) for peak in peaks]
    write_annotations(folder / f"{name}.atr", [*marks, (muted.start - 1, NOISE_MARK, 1), (muted.stop + 1, NOISE_MARK, 0)])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_recording(folder / "mitdb", "1")
    write_recording(folder / "mitdb", "2", beat_code=PACED, seed=4)
    return folder


def hiss() -> Noise:
    samples = np.random.default_rng(9).normal(0.0, 1.0, SECONDS * RATE_HZ)
    return Noise("hiss", RATE_HZ, (samples,), (1.0,))


def test_a_recording_is_judged_by_what_the_engine_said_of_it(data: Path) -> None:
    path = data / "mitdb" / "1"
    (one,) = evaluate_quality([path], chunk_len=50)
    known = read_annotated(path)
    events = tuple(run(known.recording.lead(0).millivolts(), RATE_HZ, chunk_len=977))
    assert one.quality.figures() == score_quality(events, known.truth, known.annotations, RATE_HZ).figures()
    assert one.noisy is None
    figures = one.quality.figures()
    assert figures["seconds"] - figures["clean_seconds"] == MUTED[1] - MUTED[0] + 2
    assert figures["clean_rated_good"] > 90 > figures["good"] / 1.05
    assert one.rate.n_within <= one.rate.n_known <= one.rate.n_good
    assert one.rate.n_within > 0.9 * one.rate.n_known > 300


def test_a_heart_rate_that_is_wrong_is_not_within(data: Path) -> None:
    known = read_annotated(data / "mitdb" / "1")
    facts = StreamFacts(name="s", rate_hz=RATE_HZ)
    seconds = np.arange(0, 60 * RATE_HZ, RATE_HZ)
    rates = [one.heart_rate for one in of_known_beats(facts, known.truth.beats, seconds)]
    halved = [one.heart_rate for one in of_known_beats(facts, known.truth.beats[::2], seconds)]
    assert rates[30:] == pytest.approx([75.0] * 30, abs=3)
    assert halved[30:] == pytest.approx([37.5] * 30, abs=1.5)
    assert rates[0] == -1.0


def test_known_beats_give_what_the_engine_gives_where_it_finds_them() -> None:
    x, _ = heart(250.0, 60.0, noise_mv=0.005)
    events = tuple(run(x, 250.0))
    said = [event for event in events if isinstance(event, Vitals)]
    found = np.array(sorted(event.sample for event in events if isinstance(event, Beat)), np.int64)
    reference = of_known_beats(StreamFacts(name="s", rate_hz=250.0), found, np.array([event.sample for event in said], np.int64))
    assert [event.good for event in events if isinstance(event, Quality)] == [event.heart_rate > 0 for event in said]
    assert all(event.heart_rate > 0 for event in said[5:])
    assert [event.sample for event in said] == [event.sample for event in reference]
    assert [event.heart_rate for event in said[20:]] == [event.heart_rate for event in reference[20:]]


def test_noise_lowers_the_ratings_where_it_is_and_nowhere_else(data: Path) -> None:
    (one,) = evaluate_quality([data / "mitdb" / "1"], noise=hiss(), snr_db=-6.0)
    (clean,) = evaluate_quality([data / "mitdb" / "1"])
    assert one.noisy is not None
    assert one.noisy.n_seconds == pytest.approx(120, abs=1)
    assert one.noisy.n_good < 0.2 * one.noisy.n_seconds
    assert one.quality.n_good - one.noisy.n_good == pytest.approx(clean.quality.n_good - 120, abs=15)


def test_figures_of_recordings_add_up(data: Path) -> None:
    paths = find_records(data)
    report = QualityReport(noise=None, snr_db=None, records=tuple(evaluate_quality(paths)))
    gross = report.figures()["gross"]
    each = list(report.figures()["records"].values())
    assert gross["seconds"] == sum(one["seconds"] for one in each) > 900
    assert gross["in_good_seconds"]["beats"] == sum(one["in_good_seconds"]["beats"] for one in each)
    assert gross["heart_rate"]["good_seconds"] == sum(one["heart_rate"]["good_seconds"] for one in each)
    assert under_noise([report]) is None
    assert fitted([report])["f1_in_good_under_noise"] is None
    noisy = QualityReport(noise="hiss", snr_db=0.0, records=tuple(evaluate_quality(paths[:1], noise=hiss(), snr_db=0.0)))
    score = under_noise([report, noisy, noisy])
    assert score is not None
    assert score.n_found == 2 * noisy.quality.in_good.n_found


def test_rating_everything_good_is_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (honest,) = evaluate_quality([data / "mitdb" / "1"])

    def flattered(events: object) -> object:
        ratings = ratings_of(events)  # type: ignore[arg-type]
        ratings.good[:] = True
        return ratings

    monkeypatch.setattr("edgeecg.evals.quality.ratings_of", flattered)
    (one,) = evaluate_quality([data / "mitdb" / "1"])
    assert one.quality.n_good == one.quality.n_seconds > honest.quality.n_good
    assert one.quality.in_good.f1 < 0.985 < honest.quality.in_good.f1


def test_the_command_prints_tables_and_says_what_it_left_out(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recording(data / "noises", "rumble", seed=5)
    assert main(["eval", "quality", "--data", str(data), "--records", "mitdb/1", "mitdb/2", "--noise", "rumble", "--snr", "6"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "left out under noise, for the rule needs a normal beat: 2\n" in said.out
    assert "rumble, 6 dB" in said.out
    assert "cross-validated: no figures here" in said.out


def test_the_command_gives_everything_as_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "quality", "--data", str(data), "--records", "1", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    (measured,) = evaluate_quality([data / "mitdb" / "1"])
    assert answer["conditions"][0]["gross"]["good"] == measured.quality.figures()["good"]
    assert answer["fitted"]["heart_rate_within"] == measured.rate.figures()["within"]
    assert answer["cross_validated"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--data: not given is not left out unless EDGEECG_DATA names a folder of recordings"),
        (["--data", "/nowhere", "--snr", "6"], "--snr: given without --noise is not a level of some noise"),
        (["--chunk", "0"], "--chunk: '0' is not 1 to 100000"),
    ],
)
def test_what_the_command_refuses_it_refuses_in_a_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGEECG_DATA", raising=False)
    try:
        status: object = main(["eval", "quality", *arguments])
    except SystemExit as left:
        status = left.code
    assert status == 2
    assert capsys.readouterr().err == f"edgeecg eval quality: {says}\n"


def test_out_of_fold_figures_stand_beside_the_fitted_ones(tmp_path: Path) -> None:
    path = tmp_path / "crossval.json"
    here = dict.fromkeys(("clean_rated_good", "f1_in_good_under_noise", "heart_rate_within", "heart_rate_within_where_known"), 99.0)
    assert read_quality_crossval(path) is None
    assert "flatter" in summary(here, None)
    path.write_text('{"clean_rated_good": 97.25, "f1_in_good_under_noise": 99.75, "seed": 0}')
    lines = summary(here, read_quality_crossval(path)).splitlines()
    assert [line.split()[-2:] for line in lines[2:]] == [["99.00", "97.25"], ["99.00", "99.75"], ["99.00", "-"], ["99.00", "-"]]
    for broken in ("", "[]", '{"clean_rated_good": 97.25}', '{"seed": 0}'):
        path.write_text(broken)
        with pytest.raises(InputError, match=r"crossval\.json: .* is not an object of clean_rated_good, "):
            read_quality_crossval(path)
