"""What is shipped is what its card says: every file by hash, by shape, and by what it answers."""

import pytest

from edgeecg.models import card as cards
from edgeecg.models.folders import shipped
from edgeecg.models.registry import Entry, Registry
from edgeecg.models.verify import Verdict, checks

ENTRIES = list(Registry(shipped()).entries())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_file_is_sound(entry: Entry) -> None:
    assert not [check for check in checks(entry) if check.verdict is Verdict.WRONG]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_a_model_that_is_shipped_was_trained_measured_and_can_be_configured(entry: Entry) -> None:
    card = cards.read(entry.path)
    assert not card.untrained
    assert card.metrics
    assert card.data
    assert all(metric.low is not None for metric in card.metrics if metric.of == "model")
    assert cards.to_facts(card).sha256 == cards.digest(card)


def test_no_file_lies_there_that_no_card_names() -> None:
    named = {file.path for entry in ENTRIES for file in cards.read(entry.path).files.values()}
    found = {path.name for path in shipped().iterdir()} - {entry.path.name for entry in ENTRIES} - {"index.toml"}
    assert found == named


@pytest.mark.skipif("rhythm" not in {entry.name for entry in ENTRIES}, reason="rhythm, the default, is not shipped yet")
def test_the_model_that_is_meant_by_default_is_there() -> None:
    registry = Registry(shipped())
    assert registry.load(registry.default()).card.name == registry.default()
