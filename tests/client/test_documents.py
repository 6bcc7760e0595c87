"""What docs/delivery.md says is so."""

import re
from pathlib import Path

from edgeecg.io.outbox.storage_alarm import DISK_RULE, FULL_RULE
from edgeecg.io.sinks import dispatch
from edgeecg.mqtt import line

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "docs/delivery.md").read_text(encoding="utf-8")


def test_the_program_in_the_document_is_the_example() -> None:
    [program] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    example = (REPOSITORY / "examples/receive_alerts.py").read_text(encoding="utf-8")
    assert example.endswith(program)


def test_what_it_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert links
    assert all((REPOSITORY / "docs" / link).is_file() for link in links)


def test_the_tests_it_names_are_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) > 15
    assert [name for file, name in named if f"\ndef {name}(" not in (REPOSITORY / file).read_text(encoding="utf-8")] == []


def test_its_numbers_are_the_codes() -> None:
    assert f"At most {dispatch.UNRECEIPTED} of the backlog" in TEXT
    assert f"leaves {dispatch.KEPT_FREE} places" in TEXT
    assert f"after {dispatch.RESEND_FIRST_S:g} s" in TEXT
    assert f"{dispatch.RESEND_MOST_S / 60:g} min" in TEXT
    assert f"acknowledges nothing for {line.STALL_S:g} s" in TEXT
    assert f"keepalives of {line.KEEPALIVE_S} s" in TEXT
    assert f"up to {line.RECONNECT.first_s:g} s" in TEXT
    assert f"{line.RECONNECT.most_s:g} s, evenly drawn" in TEXT
    assert {f"`{FULL_RULE}`", f"`{DISK_RULE}`"} <= set(re.findall(r"`\w+`", TEXT))
