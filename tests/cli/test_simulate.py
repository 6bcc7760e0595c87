"""`edgeecg simulate` makes what its options say, says what it made, and refuses in a sentence."""

import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from edgeecg.cli import main
from edgeecg.io.csv import read_csv
from edgeecg.io.sources.claims import Claims
from edgeecg.io.sources.items import Line
from edgeecg.io.sources.mqtt import MqttSettings, MqttSource
from edgeecg.io.wfdb import read_annotations, read_record
from edgeecg.simulate.converter import ecg_counts
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import Chunk
from edgeecg_wire import frames as f
from edgeecg_wire.codec import Decoder
from tests.io.sources.brokers import BROKERS, PATIENCE_S, mosquitto_running
from tests.io.sources.listening import Listener
from tests.waiting import line_from


def simulate(*arguments: str) -> int:
    return main(["simulate", *arguments])


def test_a_record_with_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = str(tmp_path / "x")
    options = (
        "--scenario pvc --seconds 20 --rate 500 --pcg --noise muscle:12,mains60:20 --pcg-noise hospital:5 --murmur 0.2 --seed 3 --json"
    )
    assert simulate(*options.split(), "--to", to) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["scenario"], said["seed"], said["seconds"], said["rate_hz"], said["pcg_rate_hz"]) == ("pvc", 3, 20.0, 500.0, 1000.0)
    record = read_record(to)
    assert [(lead.rate_hz, lead.len_samples) for lead in record.leads] == [(500.0, 10_000), (1000.0, 20_000)]
    marks = read_annotations(f"{to}.atr")
    assert said["beats"] == (marks.symbols != "+").sum() > 15


def test_a_csv_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--to", str(tmp_path / "x.csv"), "--seconds", "4") == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "beats" in printed.err
    assert read_csv(tmp_path / "x.csv").len_samples == 1000


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_scenario_of_ones_own(suffix: str, tmp_path: Path) -> None:
    toml = 'bpm = 60\nsd_bpm = 0\n[[episodes]]\nstart_s = 0\nkind = "normal"\n[[episodes]]\nstart_s = 5\nkind = "asystole"\n'
    table = {"bpm": 60, "sd_bpm": 0, "episodes": [{"start_s": 0, "kind": "normal"}, {"start_s": 5, "kind": "asystole"}]}
    own = tmp_path / f"own{suffix}"
    own.write_text(toml if suffix == ".toml" else json.dumps(table))
    assert simulate("--scenario", str(own), "--seconds", "10", "--to", str(tmp_path / "x")) == 0
    truth = json.loads((tmp_path / "x.json").read_text())
    assert truth["heart"]["name"] == "own"
    assert [beat["time_s"] for beat in truth["beats"]] == pytest.approx([0.5, 1.5, 2.5, 3.5, 4.5])


def test_frames_in_a_file_with_all_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = tmp_path / "x.frames"
    trouble = "--loss 0.05 --duplication 0.05 --reordering 0.05 --late-ms 30 --drift-ppm 100 --wrap --restart 30 --restart 12"
    assert simulate("--to", str(to), "--pcg", "--seconds", "60", "--json", *trouble.split()) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bytes"] == to.stat().st_size
    seen = Decoder().feed(to.read_bytes())
    assert sum(isinstance(frame, f.Clock) for frame in seen) == 2
    samples = sum(isinstance(frame, f.Samples) for frame in seen)
    assert samples == said["frames"] - said["lost"] + said["duplicated"]
    truth = json.loads((tmp_path / "x.json").read_text())
    assert (truth["len_samples"], len(read_annotations(tmp_path / "x.atr").samples) - 1) == (15_000, len(truth["beats"]))
    assert min(said["lost"], said["duplicated"], said["reordered"], said["unsent"]) > 20


def test_a_device_on_a_pty() -> None:
    command = [sys.executable, "-m", "edgeecg", "simulate", "--to", "pty", "--speed", "20", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running, ExitStack() as ending:
        ending.callback(running.kill)
        port = os.open(line_from(running.stdout), os.O_RDWR | os.O_NOCTTY)
        ending.callback(os.close, port)
        decoder = Decoder()
        seen: list[object] = []
        while len(seen) < 100:
            assert select.select([port], [], [], PATIENCE_S)[0], f"waited {PATIENCE_S:g} s for frames behind {len(seen)}"
            seen += decoder.feed(os.read(port, 4096))
    assert all(isinstance(frame, f.Samples | f.Hello) for frame in seen)


def listen(listener: Listener, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, listener.notices
        listener.step(0.5)


@pytest.mark.parametrize("broker", BROKERS)
def test_a_device_behind_a_broker(broker: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with BROKERS[broker](tmp_path) as port:
        source = MqttSource(MqttSettings(host="127.0.0.1", port=port), epoch=1, claims=Claims())
        listener = Listener(source.queue)
        source.start()
        listen(listener, lambda: any(isinstance(notice, Line) and notice.is_up for notice in listener.notices))
        arguments = f"--to mqtt://127.0.0.1:{port} --device patch-1 --seconds 20 --speed 100 --json"
        assert simulate(*arguments.split()) == 0
        listen(listener, lambda: sum(isinstance(item, Chunk) for item in listener.items) >= 200)
        source.stop()
    chunks = [item for item in listener.items if isinstance(item, Chunk)]
    assert {chunk.stream for chunk in chunks} == {"patch-1/ecg"}
    block = next(Simulation(Setup(scenario=NAMED["normal"])).blocks(5000))
    np.testing.assert_array_equal(np.concatenate([chunk.samples.ravel() for chunk in chunks]), ecg_counts(block.ecg_mv))
    topic, said = capsys.readouterr().out.splitlines()
    assert topic == "edgeecg/v1/patch-1/raw"
    assert json.loads(said)["overrun"] == 0


def test_a_broker_that_lets_nobody_in_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mosquitto_running(tmp_path, "allow_anonymous false") as port:
        assert simulate("--to", f"mqtt://somebody@127.0.0.1:{port}", "--seconds", "1") == 2
    assert "is not a broker that lets this device in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--to", "x", "--scenario", "vtt"], "--scenario: 'vtt' is not one of normal, pvc, .*"),
        (["--to", "x", "--scenario", "none.toml"], "none.toml: No such file or directory is not a readable file"),
        (["--to", "x", "--noise", "muscle"], "--noise: 'muscle' is not KIND:DB, as in muscle:12"),
        (["--to", "x", "--noise", "hiss:3"], "ECG noise: 'hiss' is not one of white, .*"),
        (["--to", "x", "--rate", "20"], "simulate.rate_hz: 20.0 is not from 100 to 4000 Hz"),
        (["--to", "x", "--loss", "2"], "--loss: '2' is not a share from 0 to 1"),
        (["--to", "x", "--pcg-noise", "pink:3"], "simulate.pcg_noise: given without a PCG is not possible with one only"),
        (["--to", "x.frames", "--packet", "600"], "--packet: 600 samples of ECG, 1 of sound to each, is not what a frame holds: .*"),
        (["--to", "ftp://x"], r"url: 'ftp://x' is not mqtt://\[user@\]host\[:port\], or mqtts:// with a CA file"),
        (["--to", "mqtt://127.0.0.1:1"], "mqtt 127.0.0.1:1: .*refused.* is not a broker that answers"),
        (["--to", "mqtt://x:y"], ".* is not mqtt://.*"),
        (["--to", "pty", "--device", "a b"], "--device: 'a b' is not a letter or digit, .*"),
        (["--to", "x.edf"], r"--to: 'x.edf' is not a path that ends in one of \.hea, \.csv, \.frames, or in nothing"),
        (
            ["--to", "x.csv", "--loss", "0.1", "--late-ms", "5"],
            r"--to x\.csv: a file of samples is not a way of frames, which --late-ms, --loss needs: a pty, a broker, or .*",
        ),
        ([], "the following arguments are required: --to"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refusal_is_one_sentence_and_leaves_nothing(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status: object = simulate(*arguments)
    except SystemExit as done:
        status = done.code
    assert status == 2
    assert re.fullmatch(f"edgeecg simulate: {sentence}\n", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["[]", "{", "bpm = "])
def test_a_damaged_scenario_is_refused(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / ("own.toml" if "=" in content else "own.json")
    own.write_text(content)
    assert simulate("--scenario", str(own), "--to", str(tmp_path / "x")) == 2
    assert capsys.readouterr().err.startswith(f"edgeecg simulate: {own}: ")
