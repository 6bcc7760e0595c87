import re

from edgeecg.bench import machine
from edgeecg.bench.rounds import in_turns, ratios, spread


def test_ways_take_turns_and_the_first_round_is_forgotten() -> None:
    order: list[str] = []
    times = iter([9_000_000, 9_000_000, 1000, 3000, 2000, 4000])

    def timed(way: object) -> int:
        assert callable(way)
        way()
        return next(times)

    taken = in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2, timed=timed)
    assert order == ["a", "b"] * 3
    assert taken == {"a": [1.0, 2.0], "b": [3.0, 4.0]}


def test_a_ratio_is_of_the_same_round() -> None:
    assert ratios([1.0, 20.0, 3.0], [1.0, 10.0, 3.0]).median == 1.0
    assert str(spread([1.0, 2.0, 3.0])) == "2 (1.5-2.5)"


def test_the_machine_is_described_and_not_named() -> None:
    told = machine.facts()
    assert told["cores"] >= 1
    assert told["processor"]
    assert re.fullmatch(r"3\.\d+\.\d+.*", told["python"])
    assert not any("/" in str(value) and str(value).startswith("/") for value in told.values())
    import platform

    host = platform.node()
    assert len(host) < 4 or host not in str(told)


def test_a_board_is_called_by_its_own_name_or_its_processors() -> None:
    assert machine.processor("model name\t: Some Processor\n").strip()
