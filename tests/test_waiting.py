"""Who waits for a line of another process gets it, or is told why there is none."""

import subprocess
import sys

import pytest

from tests.waiting import line_from


def saying(program: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_lines_come_one_by_one_and_the_rest_stays() -> None:
    with saying("print('S1 \\u2013 S2'); print('two'); print('three'); print('four')") as process:
        assert [line_from(process.stdout), line_from(process.stdout)] == ["S1 \u2013 S2", "two"]
        assert process.communicate(timeout=60.0)[0] == "three\nfour\n"


def test_a_process_that_ends_or_waits_is_no_reason_to_hang() -> None:
    with saying("print('half', end='')") as process, pytest.raises(AssertionError, match="ended before its line did: what came is b'half'"):
        line_from(process.stdout)
    with saying("input()") as process:
        with pytest.raises(AssertionError, match=r"waited 0\.2 s for a line, and what came is b''"):
            line_from(process.stdout, 0.2)
        process.communicate("\n", timeout=60.0)
