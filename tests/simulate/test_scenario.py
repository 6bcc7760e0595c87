"""A scenario is what its file says, and what it cannot be is refused by name."""

from typing import Any

import pytest

from edgeecg.errors import ConfigError
from edgeecg.simulate.scenario import KINDS, NAMED, Episode, Scenario, from_table


def test_a_table_becomes_a_scenario() -> None:
    table = {"bpm": 80, "episodes": [{"start_s": 0, "kind": "normal"}, {"start_s": 12.5, "kind": "vt", "bpm": 200}]}
    scenario = from_table(table, "own")
    assert (scenario.name, scenario.bpm) == ("own", 80)
    assert scenario.episodes == (Episode(0, "normal", {}), Episode(12.5, "vt", {"bpm": 200}))
    assert scenario.end_s(0) == 12.5
    assert scenario.end_s(1) == float("inf")
    assert scenario.bpm_of(scenario.episodes[0]) == (80, 3.0)
    assert scenario.bpm_of(scenario.episodes[1])[0] == 200


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"bmp": 70}, "scenario.bmp: a setting is not one of name, episodes, bpm"),
        ({"bpm": "fast"}, "scenario.bpm: 'fast' is not a number from 20 to 240"),
        ({"bpm": True}, "scenario.bpm: True is not a number"),
        ({"wander_mv": float("nan")}, "scenario.wander_mv: nan is not a number"),
        ({"episodes": []}, "scenario.episodes: without one at 0 s is not a timeline"),
        ({"episodes": "vt"}, "scenario.episodes: str is not a list of tables"),
        ({"episodes": [{"start_s": 1, "kind": "vt"}]}, "scenario.episodes: without one at 0 s"),
        ({"episodes": [{"start_s": 0, "kind": "vtt"}]}, r"scenario.episodes\[0\].kind: 'vtt' is not one of normal, pvc"),
        (
            {"episodes": [{"start_s": 0, "kind": "vt", "rate": 5}]},
            r"episodes\[0\].rate: a setting is not one of a vt episode: bpm, irregularity",
        ),
        ({"episodes": [{"start_s": 0, "kind": "vt", "bpm": 900}]}, r"episodes\[0\].bpm: 900 is not a number from 100 to 280"),
        ({"episodes": [{"start_s": 0, "kind": "vt"}, {"start_s": 0, "kind": "vf"}]}, r"episodes\[1\].start_s: 0 is not > 0"),
        ({"episodes": [{"start_s": 0, "kind": "vt"}, {"kind": "vf"}]}, r"episodes\[1\].start_s: nan is not a number from 0"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_is_refused_by_name(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        from_table(table, "own")


def test_every_kind_is_in_a_named_scenario() -> None:
    assert {episode.kind for scenario in NAMED.values() for episode in scenario.episodes} == set(KINDS)


def test_a_scenario_has_defaults() -> None:
    assert Scenario(name="x").episodes == (Episode(0.0, "normal"),)
