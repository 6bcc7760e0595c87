"""What an engine that began anew does not know is said to be over, and what latches waits to be seen."""

import pytest

from edgeecg.daemon.orphans import WHY, left_behind, seen
from edgeecg.io.outbox.storage_alarm import STORAGE_RULES
from edgeecg.payload.alert import MAX_TEXT
from edgeecg.types import AlertState
from tests.payload.alerts import stamped

NOW_NS = 10**18


def test_what_is_over_says_so_once_and_what_latches_waits_to_be_seen() -> None:
    active = [stamped(1, 3, rule="gap"), stamped(2, rule="v-tach"), stamped(3, rule="v-tach", acknowledged_by="dr.grey")]
    over = left_behind(active, {"v-tach"}, NOW_NS)
    assert [(one.key[1], one.alert.state, one.alert.latched) for one in over] == [
        (4, AlertState.CLEARED, False),
        (2, AlertState.UPDATED, True),
        (2, AlertState.CLEARED, False),
    ]
    assert all(one.alert.text.endswith(WHY) and one.snippet is None and one.times.detect_ns == NOW_NS for one in over)
    assert left_behind(over[1:2], {"v-tach"}, NOW_NS) == []


def test_a_long_text_still_says_why() -> None:
    [one] = left_behind([stamped(1, text="x" * MAX_TEXT)], {}, NOW_NS)
    assert len(one.alert.text) == MAX_TEXT
    assert one.alert.text.endswith("x" + WHY)


@pytest.mark.parametrize("rule", STORAGE_RULES)
def test_what_the_outbox_says_of_itself_is_the_outbox_s_to_end(rule: str) -> None:
    alarm = stamped(1, rule=rule)
    assert left_behind([alarm], {}, NOW_NS) == []
    assert seen([alarm], alarm.alert.alert_id, "dr.grey", NOW_NS, is_synchronised=True) == []


def test_who_has_seen_one_ends_that_one() -> None:
    [over] = left_behind([stamped(1, rule="v-tach")], {"v-tach"}, NOW_NS)
    [ended] = seen([over, stamped(2)], over.alert.alert_id, "dr.grey", NOW_NS + 1, is_synchronised=True)
    assert (ended.key, ended.alert.state, ended.alert.latched) == ((over.alert.alert_id, 3), AlertState.CLEARED, False)
    assert (ended.alert.acknowledged_by, ended.times.is_synchronised) == ("dr.grey", True)
    assert ended.alert.text == over.alert.text
