"""What the documents tell a reader to type works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgeecg.cli import COMMANDS, DISCLAIMER

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> list[str]:
    return [code for found, code in BLOCK.findall((REPOSITORY / document).read_text()) if found == language]


def shell_lines(document: str) -> list[str]:
    return [line.split("#")[0].strip() for code in blocks(document, "sh") for line in code.splitlines()]


def test_the_readme_program_runs_from_anywhere(tmp_path: Path) -> None:
    (program,) = blocks("README.md", "python")
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"(R peak at sample \d+, known \d+ ms later, confidence \d\.\d\d\n){3}", done.stdout)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = {line.split()[1] for line in shell_lines(document) if line.startswith("make ")}
    assert named
    assert named <= targets


def test_every_command_named_exists() -> None:
    named = {line.split()[1] for line in shell_lines("README.md") if line.startswith("edgeecg ")}
    assert named
    assert named <= {name.split()[0] for name in COMMANDS}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (REPOSITORY / document).read_text())
    assert not [link for link in links if not (REPOSITORY / link).exists()]


def test_readme_and_help_say_it_is_no_medical_device(capsys: pytest.CaptureFixture[str]) -> None:
    from edgeecg.cli import main

    assert "**Not a medical device.**" in (REPOSITORY / "README.md").read_text()
    with pytest.raises(SystemExit):
        main(["--help"])
    assert DISCLAIMER in capsys.readouterr().out
