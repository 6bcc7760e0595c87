"""Whatever is wrong with a command line is said in one sentence, with status 2 and never a traceback."""

import re
from pathlib import Path

import pytest

from edgeecg.cli import COMMANDS, DISCLAIMER, main


def status_of(arguments: list[str]) -> object:
    """Run the command line, which returns its status or exits with it."""
    try:
        return main(arguments)
    except SystemExit as done:
        return done.code


def damaged_csv(folder: Path) -> str:
    path = folder / "damaged.csv"
    path.write_text("time,I\n0.000,1\n0.004,oops\n")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["repla"], "edgeecg: command: 'repla' is not one of demo, demo beats, replay, .* \\(did you mean replay\\?\\)"),
        (["--lout"], "edgeecg: command: '--lout' is not one of .*"),
        (["eval"], "edgeecg: command: 'eval' is not one of .*eval rpeaks.*"),
        (["demo", "beats", "--speed", "fast"], "edgeecg demo beats: --speed: 'fast' is not a number > 0"),
        (["demo", "beats", "--speed", "0"], "edgeecg demo beats: --speed: '0' is not a number > 0"),
        (["demo", "beats", "--spee", "2"], "edgeecg demo beats: unrecognized arguments: --spee 2"),
        (["replay"], "edgeecg replay: the following arguments are required: FILE"),
        (["replay", "nowhere/208"], "edgeecg replay: .*208.hea: .*"),
        (["replay", "nowhere.csv"], "edgeecg replay: nowhere.csv: .*"),
        (["replay", "DAMAGED"], "edgeecg replay: damaged.csv, line 3, column 2: 'oops' is not a number.*"),
        (["replay", "x", "--chunk", "0"], "edgeecg replay: --chunk: '0' is not a number of samples > 0"),
        (["replay", "x", "--rate", "nan"], "edgeecg replay: --rate: 'nan' is not a rate > 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refusal_is_one_sentence(arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled = [damaged_csv(tmp_path) if word == "DAMAGED" else word for word in arguments]
    assert status_of(filled) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(sentence + "\n", printed.err), printed.err


def test_a_folder_that_cannot_be_made_is_a_refusal_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever needs it: a picture, the state of a daemon, a journal that was meant to be there."""
    pytest.importorskip("matplotlib")
    nowhere, config, recording = tmp_path / "file" / "folder", tmp_path / "edgeecg.toml", tmp_path / "heart.hea"
    (tmp_path / "file").touch()
    config.write_text(f'[state]\nfolder = "{nowhere}"\n[mqtt]\nhost = "localhost"\n')
    assert main(["simulate", "--to", str(recording.with_suffix("")), "--seconds", "5"]) == 0
    capsys.readouterr()
    for arguments, sentence in (
        (
            ["plot", str(recording), "--model", "none", "--to", str(nowhere / "strip.png")],
            ".*strip.png: .* is not a file that can be written",
        ),
        (["run", "--config", str(config)], "edgeecg run: state.folder .*: .* is not a folder that can be made"),
        (["export", str(nowhere), "--to", str(tmp_path / "cut")], ".*: what is there is not a journal that holds samples"),
    ):
        assert status_of(arguments) == 2
        assert re.fullmatch(sentence + "\n", capsys.readouterr().err), arguments


def test_no_command_is_the_front_page_and_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of([]) == 2
    assert "commands:" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_says_what_it_is_not_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of([*name.split(), "--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: edgeecg {name}")
    assert f"{COMMANDS[name][1:]}." in printed
    assert DISCLAIMER in printed
