"""A rule that cannot be says which setting and what is allowed; the default rules hold together."""

import pytest

from edgeecg.encoding import config_from_bytes, config_to_bytes
from edgeecg.errors import ConfigError
from edgeecg.facts import EngineConfig
from edgeecg.rulefacts import MAX_RULES, Priority, RuleFacts, default_rules


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"name": ""}, "rule.name"),
        ({"kind": "hiccup"}, "kind: 'hiccup' is not one of threshold"),
        ({"measure": "weight"}, "measure: 'weight'"),
        ({"measure": ""}, "measure"),
        ({"kind": "gap"}, "measure: 'rate'"),
        ({"kind": "gap", "measure": "", "limit": 0.0}, "limit: 0"),
        ({"limit": float("nan")}, "limit: nan"),
        ({"hysteresis": -1.0}, "hysteresis"),
        ({"measure": "probability"}, "label"),
        ({"label": "A"}, "label"),
        ({"model": "m"}, "model"),
        ({"kind": "wide-run", "measure": "", "limit": 99}, "limit: 99"),
        ({"kind": "wide-run", "measure": "", "limit": 3, "at_most": 2}, "at_most: 2"),
        ({"kind": "wide-run", "measure": "", "limit": 1}, "limit: 1 is not a whole number from 2"),
        ({"kind": "bigeminy", "measure": "", "limit": 2.5}, "limit: 2.5"),
        ({"kind": "pause", "measure": "", "limit": 2.0, "for_s": 1.0}, "for_s: 1.0 is not 0"),
        ({"kind": "flutter", "measure": "", "limit": 4.5}, "limit: 4.5 is not at most 4 s"),
        ({"at_rate": 500.0}, "at_rate"),
        ({"for_s": -1.0}, "for_s"),
        ({"clear_for_s": float("inf")}, "clear_for_s"),
        ({"update_every_s": 0.0}, "update_every_s"),
        ({"inhibited_by": ("noon",)}, "inhibited_by: noon"),
        ({"yields_to": ("fast",)}, "yields_to: fast"),
    ],
)
def test_a_rule_that_cannot_be_says_which_setting(changes: dict[str, object], where: str) -> None:
    settings: dict[str, object] = {
        "name": "fast",
        "kind": "threshold",
        "measure": "rate",
        "priority": Priority.LOW,
        "limit": 100.0,
        **changes,
    }
    with pytest.raises(ConfigError, match=where):
        RuleFacts(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"yields_to": ("nobody",)}, "yields_to: nobody"),
        ({"measure": "probability", "label": "A", "model": "m"}, "model: m"),
    ],
)
def test_a_rule_speaks_of_what_there_is(changes: dict[str, object], where: str) -> None:
    settings: dict[str, object] = {
        "name": "fast",
        "kind": "threshold",
        "measure": "rate",
        "priority": Priority.LOW,
        "limit": 100.0,
        **changes,
    }
    with pytest.raises(ConfigError, match=where):
        EngineConfig(rules=(RuleFacts(**settings),))  # type: ignore[arg-type]


def test_each_rule_once_and_not_too_many() -> None:
    rule = default_rules()[0]
    with pytest.raises(ConfigError, match="each name once"):
        EngineConfig(rules=(rule, rule))
    many = tuple(RuleFacts(name=f"gap {i}", kind="gap", priority=Priority.LOW, limit=1.0) for i in range(MAX_RULES + 1))
    with pytest.raises(ConfigError, match=f"at most {MAX_RULES}"):
        EngineConfig(rules=many)


def test_the_default_rules_hold_together_and_are_written_to_the_last_bit() -> None:
    config = EngineConfig(rules=default_rules())
    assert config_from_bytes(config_to_bytes(config)) == config
    assert all(rule.latch for rule in config.rules if rule.priority == Priority.HIGH)
    assert not any(rule.label for rule in config.rules if rule.priority == Priority.HIGH)


@pytest.mark.parametrize(("low", "high", "limits"), [(50, 120, (40, 140)), (35, 190, (30, 200)), (60, 100, (50, 120))])
def test_extreme_limits_follow_the_persons_as_far_as_is_safe(low: float, high: float, limits: tuple[float, float]) -> None:
    of = {rule.name: rule.limit for rule in default_rules(low, high)}
    assert (of["extreme-bradycardia"], of["extreme-tachycardia"]) == limits
