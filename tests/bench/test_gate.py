import json
from pathlib import Path

import pytest

from benchmarks import gate as command
from edgeecg.bench import gate


def judged(accepted: dict[str, float], *rounds: dict[str, float]) -> tuple[dict[str, bool], int]:
    """Return who is slow, and how many rounds were measured."""
    left = list(rounds)
    verdicts = gate.judged(accepted, lambda: left.pop(0))
    return {verdict.name: verdict.is_slow for verdict in verdicts}, len(rounds) - len(left)


def test_slow_in_three_of_three_is_slow() -> None:
    assert judged({"a": 1.0}, {"a": 1.3}, {"a": 1.5}, {"a": 1.31}) == ({"a": True}, 3)


def test_fast_once_is_fast_enough() -> None:
    slow = {"a": 2.0}
    assert judged({"a": 1.0}, slow, slow, {"a": 1.29}) == ({"a": False}, 3)
    assert judged({"a": 1.0}, slow, {"a": 1.0}, slow) == ({"a": False}, 2)
    assert judged({"a": 1.0}, {"a": 1.29}, slow, slow) == ({"a": False}, 1)


def test_only_what_was_slow_is_held_against_in_later_rounds() -> None:
    rounds = {"a": 2.0, "b": 1.0}, {"a": 2.0, "b": 9.0}, {"a": 2.0, "b": 9.0}
    assert judged({"a": 1.0, "b": 1.0}, *rounds)[0] == {"a": True, "b": False}


def test_what_is_new_is_never_slow() -> None:
    assert judged({}, {"a": 100.0}) == ({"a": False}, 1)


class Machine:
    """A clock that work moves on: `slower` times the time of everything, and now and then a moment lost to others."""

    def __init__(self, slower: float, lost_ns: int = 0) -> None:
        self.now_ns, self.slower, self.lost_ns, self.turn = 0, slower, lost_ns, 0

    def clock(self) -> int:
        return self.now_ns

    def work(self, ns: int) -> None:
        self.turn += 1
        self.now_ns += round(ns * self.slower) + self.lost_ns * (self.turn % 3 > 0)


def a_round(machine: Machine, ns: int, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(gate, "yardstick", lambda: machine.work(1_000_000))
    return gate.a_round({"a": lambda: machine.work(ns)}, machine.clock)["a"]


def test_a_machine_that_is_slow_or_busy_measures_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = a_round(Machine(1.0), 500_000, monkeypatch)
    assert usual == pytest.approx(0.5)
    assert a_round(Machine(7.0), 500_000, monkeypatch) == pytest.approx(usual)
    assert a_round(Machine(1.0, lost_ns=40_000_000), 500_000, monkeypatch) == pytest.approx(usual)
    assert a_round(Machine(1.0), 700_000, monkeypatch) == pytest.approx(1.4 * usual)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """One thing that takes as long as it is told, on a machine that does nothing else."""
    machine, took = Machine(1.0), {"ns": 500_000}
    measure = gate.a_round
    monkeypatch.setattr(gate, "yardstick", lambda: machine.work(1_000_000))
    monkeypatch.setattr(gate, "works", lambda: {"a": lambda: machine.work(took["ns"])})
    monkeypatch.setattr(gate, "a_round", lambda timed: measure(timed, machine.clock))
    return took


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *more: str) -> int:
    monkeypatch.setattr("sys.argv", ["gate", "--baselines", str(folder), *more])
    return command.main()


def test_the_command_judges_by_what_was_accepted(
    quick: dict[str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path) == 0
    assert "not judged" in capsys.readouterr().out
    assert run(monkeypatch, tmp_path, "--accept") == 0
    assert json.loads((tmp_path / gate.baseline_name()).read_text())["yardsticks"] == {"a": 0.5}
    assert run(monkeypatch, tmp_path) == 0
    quick["ns"] = 660_000
    capsys.readouterr()
    assert run(monkeypatch, tmp_path) == 1
    assert "TOO SLOW" in capsys.readouterr().out
    assert run(monkeypatch, tmp_path, "--accept") == 0
    assert run(monkeypatch, tmp_path) == 0


def test_what_is_timed_is_there_and_takes_time() -> None:
    timed = gate.works()
    assert len(timed) >= 6
    assert all(value > 0 for value in gate.a_round(timed).values())


def test_what_was_accepted_is_named_for_the_processor_not_the_host() -> None:
    name = gate.baseline_name()
    assert name.endswith(".json")
    assert name == name.lower()
    assert "/" not in name
