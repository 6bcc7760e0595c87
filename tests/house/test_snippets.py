"""What the documents tell a reader to type is typed here: every block is run, or says before it what it needs.

`<!-- needs: a board -->` before a block means that it is not run; its commands and options are checked all the same.
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from edgeecg.cli import COMMANDS, main
from edgeecg.cli.parser import Parser
from edgeecg.config import parse
from edgeecg.simulate.scenario import from_table

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md")))
BLOCK = re.compile(r"^(?:<!-- needs: (?P<needs>[^>]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
OTHERS = {"sudo", "ssh", "curl", "arduino-cli", "systemctl", "journalctl", "echo", "pip", "python", "git", "cd"}
"""What is not ours stands only in blocks that need something."""


@dataclass(frozen=True)
class Block:
    document: str
    number: int
    language: str
    text: str
    needs: str

    def __str__(self) -> str:
        return f"{self.document}:{self.number}"

    @property
    def commands(self) -> list[list[str]]:
        lines = (line.split("  #")[0].split(" #")[0].strip() for line in self.text.splitlines())
        return [shlex.split(line) for line in lines if line and not line.startswith("#")]


def blocks(document: str) -> list[Block]:
    found = BLOCK.finditer((REPOSITORY / document).read_text(encoding="utf-8"))
    return [Block(document, n, one["language"], one["text"], one["needs"] or "") for n, one in enumerate(found, start=1)]


ALL = [block for document in DOCUMENTS for block in blocks(document)]
SHELL = [block for block in ALL if block.language == "sh"]
PYTHON = [block for block in ALL if block.language == "python" and block.document != "README.md"]
"""That of README is looked at in test_documents.py."""
TOML = [block for block in ALL if block.language == "toml"]


def named(words: list[str]) -> str:
    """The command that words name."""
    return next((name for name in (" ".join(words[:2]), *words[:1]) if name in COMMANDS), "")


def test_there_are_blocks_and_each_is_of_a_kind_that_is_tried() -> None:
    assert len(SHELL) > 10
    assert len(PYTHON) > 4
    assert {block.language for block in ALL} <= {"sh", "python", "toml", ""}


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_every_command_and_option_exists(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    for program, *words in block.commands:
        match program.rpartition("/")[2]:
            case "edgeecg":
                _parse(words)
            case "make":
                folder, target = words[1:] if words[0] == "-C" else (".", words[0])
                assert re.search(rf"^{target}:", (REPOSITORY / folder / "Makefile").read_text(), re.MULTILINE), words
            case "arduino-cli" if "--library" in words:
                library = words[words.index("--library") + 1]
                assert f"make -C {library.partition('/build/')[0]} library" in block.text, "what the sketch includes is made first"
            case _:
                assert block.needs, f"{program} is not ours: say what the block needs"
                assert program in OTHERS or "/" in program, program
    capsys.readouterr()


def _parse(words: list[str]) -> None:
    name = named(words)
    assert name, words
    parser = Parser(prog=name, description="")
    import_module(f"edgeecg.cli.{name.replace(' ', '_').replace('-', '_')}").configure(parser)
    assert _status(lambda: parser.parse_args(words[len(name.split()) :])) == 0, f"edgeecg {' '.join(words)}"


def _status(action: Callable[[], object]) -> object:
    """What a command ends with: --help ends by an exit."""
    try:
        returned = action()
    except SystemExit as ended:
        return ended.code
    return returned if isinstance(returned, int) else 0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the documents call recording.hea, recording.csv and edgeecg.toml."""
    folder = tmp_path_factory.mktemp("desk")
    assert main(["simulate", "--to", str(folder / "recording"), "--seconds", "30"]) == 0
    assert main(["simulate", "--to", str(folder / "table.csv"), "--seconds", "30"]) == 0
    (folder / "table.csv").rename(folder / "recording.csv")
    (folder / "edgeecg.toml").write_text('[[sources.serial]]\nport = "/dev/ttyUSB0"\n')
    return folder


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_what_can_be_run_runs(block: Block, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    if block.needs:
        pytest.skip(f"needs {block.needs}")
    monkeypatch.chdir(desk)
    for program, *words in block.commands:
        if program == "make":
            continue  # `make demo` and `make test` are what .ci/run and the suite itself are
        for path in (Path(words[words.index("--to") + 1]),) if "--to" in words else ():
            assert not path.exists(), f"{path} is written twice"
        assert _status(lambda words=words: main(words)) == 0, words  # type: ignore[misc]
    capsys.readouterr()


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_every_program_runs_as_it_stands(block: Block, tmp_path: Path) -> None:
    if block.needs:
        compile(block.text, str(block), "exec")
        pytest.skip(f"needs {block.needs}")
    if "import onnx" in block.text:
        pytest.importorskip("onnx")
    program, models = tmp_path / "program.py", tmp_path / "models"
    program.write_text(block.text)
    models.mkdir()
    environment = {**os.environ, "EDGEECG_MODELS": str(models)}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout, "an example shows something"


@pytest.mark.parametrize("block", TOML, ids=str)
def test_every_file_is_read(block: Block) -> None:
    table = tomllib.loads(block.text)
    if "episodes" in table:
        from_table(table, "document")
    else:
        parse(block.text, "edgeecg.toml")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_and_picture_leads_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (REPOSITORY / document).read_text(encoding="utf-8"))
    assert not [link for link in links if not (REPOSITORY / document).parent.joinpath(link).exists()]


def test_pictures_are_small() -> None:
    assert all(path.stat().st_size < 300_000 for path in (REPOSITORY / "docs/pictures").iterdir())
