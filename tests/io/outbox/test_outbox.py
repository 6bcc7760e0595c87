"""An outbox keeps what it took until it is received, tells copies, gives up what it says it gives up, and goes on without a disk."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeecg.errors import ConfigError, InputError
from edgeecg.io.outbox.database import OutboxError
from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.outbox.rows import Key
from edgeecg.payload.alert import published, read_alert
from edgeecg.payload.stamped import Snippet
from edgeecg.types import AlertState, Priority
from tests.io.outbox.broken_disk import Broken
from tests.payload.alerts import DEVICE, stamped

ONE = OutboxLimits(receivers=("ward",))
TWO = OutboxLimits(receivers=("ward", "log"))


def key(number: int, revision: int = 1) -> Key:
    return f"{number:032x}", revision


def waiting(outbox: Outbox) -> list[int]:
    return [int(row.key[0], 16) for row in outbox.outstanding()]


def test_what_was_put_in_is_there_after_it_was_opened_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", ONE)
    secret = outbox.secret
    assert outbox.put([stamped(1), stamped(2, snippet=Snippet("I", 0, 250.0, (1, 2)))])
    assert outbox.put([stamped(2, 2)])
    assert [row.key for row in outbox.take_new()] == [key(1), key(2), key(2, 2)]
    assert outbox.take_new() == []
    assert outbox.close()
    again = Outbox(tmp_path / "o", ONE)
    assert [row.key for row in again.outstanding()] == [key(1), key(2), key(2, 2)]
    assert again.secret == secret
    content = again.content(key(2))
    assert content is not None
    alert = read_alert(published(*content, 7_000), device=DEVICE)
    assert (alert.key, alert.snippet, alert.publish_ns) == (key(2), Snippet("I", 0, 250.0, (1, 2)), 7_000)
    assert again.counters().n_waiting == 3
    assert again.close()


def test_it_is_its_owners_alone_and_one_process_at_a_time(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    assert (tmp_path / "o").stat().st_mode & 0o777 == 0o600
    with pytest.raises(OutboxError, match="locked"):
        Outbox(tmp_path / "o")
    outbox.close()
    Outbox(tmp_path / "o").close()


def test_a_kill_loses_nothing_that_was_put(tmp_path: Path) -> None:
    program = f"""
import os, sys
from edgeecg.io.outbox.outbox import Outbox
from tests.io.outbox.broken_disk import Broken
from tests.payload.alerts import stamped
outbox = Outbox({str(tmp_path / "o")!r})
assert outbox.put([stamped(n) for n in range(50)])
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parents[3], env={**os.environ})
    assert done.returncode == -9
    outbox = Outbox(tmp_path / "o")
    assert waiting(outbox) == list(range(50))
    outbox.close()


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_a_receipt_of_somebody_who_counts_retires_and_no_other(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", ONE)
    outbox.put([stamped(1), stamped(2)])
    assert outbox.receive([(key(1), "mallory"), (key(1, 2), "ward")]) == [key(1, 2)], "one that is not there waits no more"
    assert waiting(outbox) == [1, 2]
    assert outbox.receive([(key(1), "ward")]) == [key(1)]
    assert waiting(outbox) == [2]
    assert outbox.content(key(1)) is None
    assert outbox.counters().n_retired == 1
    outbox.close()


def test_with_two_receivers_both_must_have_it_also_across_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", TWO)
    outbox.put([stamped(1), stamped(2)])
    assert outbox.receive([(key(1), "ward"), (key(1), "ward"), (key(2), "log")]) == []
    outbox.close()
    outbox = Outbox(tmp_path / "o", TWO)
    assert waiting(outbox) == [1, 2]
    assert outbox.receive([(key(1), "log")]) == [key(1)]
    assert outbox.receive([(key(2), "ward")]) == [key(2)]
    outbox.close()


def test_a_pair_is_taken_once_until_a_snapshot_has_passed_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", ONE)
    outbox.put([stamped(1), stamped(2)])
    mark = outbox.mark()
    outbox.put([stamped(3)])
    outbox.receive([(key(n), "ward") for n in (1, 3)])
    outbox.close()
    outbox = Outbox(tmp_path / "o", ONE)
    assert outbox.put([stamped(1), stamped(2), stamped(3)])
    assert (waiting(outbox), outbox.counters().n_repeated, outbox.counters().n_put) == ([2], 3, 0)
    assert outbox.snapshot_passed(mark)
    outbox.receive([(key(2), "ward")])
    outbox.put([stamped(1), stamped(2), stamped(3)])
    assert waiting(outbox) == [1, 2], "1 and 2 have been passed, 3 has not"
    outbox.close()


def test_places_do_not_begin_anew_when_all_is_gone(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", ONE)
    outbox.put([stamped(1)])
    outbox.receive([(key(1), "ward")])
    mark = outbox.mark()
    outbox.snapshot_passed(mark)
    outbox.close()
    outbox = Outbox(tmp_path / "o", ONE)
    assert outbox.mark() == mark
    outbox.put([stamped(2)])
    outbox.receive([(key(2), "ward")])
    outbox.put([stamped(2)])
    assert waiting(outbox) == [], "a place reused would look as if a snapshot had passed it"
    outbox.close()


# --- the order of sacrifice -------------------------------------------------------------------------------------------

SMALL = OutboxLimits(max_bytes=1 << 16, receivers=("ward",))
WAVEFORM = Snippet("I", 0, 250.0, (1000,) * 400)


def of_rule(outbox: Outbox, rule: str) -> list[str]:
    bodies = [json.loads(content.body) for row in outbox.outstanding() if (content := outbox.content(row.key)) is not None]
    return [body["state"] for body in bodies if body["rule"] == rule]


def test_waveforms_go_before_any_alert(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", SMALL)
    outbox.put([stamped(n, priority=Priority.LOW, snippet=WAVEFORM) for n in range(30)])
    assert [n for n in waiting(outbox) if n < 1000] == list(range(30))
    lost = outbox.counters().lost
    assert lost.n_waveforms
    assert not lost.n_alerts
    assert of_rule(outbox, "outbox_full") == ["raised"]
    assert outbox.counters().n_bytes <= SMALL.max_bytes
    outbox.close()


def test_then_the_least_grave_and_oldest_and_a_high_one_never(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", SMALL)
    priorities = (Priority.HIGH, Priority.MEDIUM, Priority.LOW, Priority.TECHNICAL)
    for n in range(120):
        outbox.put([stamped(n, priority=priorities[n % 4])])
    kept = [n for n in waiting(outbox) if n < 1000]
    by_priority = {priority: [n for n in kept if priorities[n % 4] == priority] for priority in priorities}
    assert len(by_priority[Priority.HIGH]) == 30
    assert len(by_priority[Priority.MEDIUM]) == 30, "there was enough below it"
    assert by_priority[Priority.TECHNICAL] == list(range(119, 0, -4))[: len(by_priority[Priority.TECHNICAL])][::-1], "the oldest went"
    assert len(by_priority[Priority.TECHNICAL]) <= len(by_priority[Priority.LOW]) < 31
    for n in range(1000, 1200):
        outbox.put([stamped(n)])
    kept = waiting(outbox)
    assert [n for n in kept if 1000 <= n < 1200] == list(range(1000, 1200)), "the bound gives way to high alerts"
    assert [n for n in kept if n < 1000] == list(range(0, 120, 4))
    assert of_rule(outbox, "outbox_full") == ["raised"], "one alarm for one condition, and it is not given up"
    outbox.close()


def test_what_was_given_up_does_not_come_back_by_a_replay_and_the_alarm_is_cleared(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", SMALL)
    for n in range(200):
        outbox.put([stamped(n, priority=Priority.LOW)])
    n_lost = outbox.counters().lost.n_alerts
    assert n_lost > 50
    outbox.put([stamped(0, priority=Priority.LOW)])
    assert outbox.counters().n_repeated == 1
    outbox.receive([(row.key, "ward") for row in outbox.outstanding()])
    outbox.close()
    outbox = Outbox(tmp_path / "o", SMALL)
    assert [one.alert.rule for one in outbox.active() if one.alert.stream == ""] == ["outbox_full"], "it is still on, after a restart"
    outbox.put([stamped(900)])
    assert of_rule(outbox, "outbox_full") == ["cleared"]
    assert not [one for one in outbox.active() if one.alert.stream == ""]
    outbox.close()


# --- a disk that fails ------------------------------------------------------------------------------------------------


def test_without_a_disk_alerts_are_held_sent_and_stored_when_it_is_back(tmp_path: Path) -> None:
    disk = Broken()
    outbox = Outbox(tmp_path / "o", ONE, engine=disk)
    assert outbox.put([stamped(1)])
    outbox.take_new()
    disk.is_broken = True
    assert not outbox.put([stamped(2)])
    assert not outbox.put([stamped(3), stamped(2)])
    assert outbox.counters().n_unstored == 3
    rows = outbox.take_new()
    held = [int(row.key[0], 16) for row in rows]
    assert [n for n in held if n < 10] == [2, 3], "each is told once"
    assert len(held) == 3, "and the alarm"
    assert [row for row in outbox.held() if row in rows] == rows, "whoever begins to send finds them"
    assert outbox.content(key(2)) is not None, "sent from memory"
    assert "outbox_disk" in [one.alert.rule for one in outbox.active()]
    with pytest.raises(OutboxError, match="disk I/O error"):
        outbox.receive([(key(2), "ward")])
    disk.is_broken = False
    assert outbox.put([stamped(4)])
    assert outbox.is_durable
    assert outbox.held() == []
    assert [n for n in waiting(outbox) if n < 10] == [1, 2, 3, 4]
    assert of_rule(outbox, "outbox_disk") == ["raised", "cleared"]
    assert outbox.receive([(key(2), "ward")]) == [key(2)]
    outbox.close()


def test_memory_is_bounded_and_high_alerts_are_not_what_goes(tmp_path: Path) -> None:
    disk = Broken()
    outbox = Outbox(tmp_path / "o", OutboxLimits(max_unstored=10), engine=disk)
    disk.is_broken = True
    outbox.put([stamped(n, priority=Priority.HIGH if n % 2 else Priority.LOW) for n in range(12)])
    assert outbox.counters().n_unstored == 10
    outbox.put([stamped(n, priority=Priority.LOW) for n in range(100, 200)])
    assert outbox.counters().n_unstored == 10
    outbox.put([stamped(n) for n in range(1000, 1020)])
    assert {row.key for row in outbox.take_new()} >= {key(n) for n in range(1000, 1020)}
    assert all(outbox.content(key(n)) is not None for n in range(1000, 1020)), "the bound gives way to high alerts"
    disk.is_broken = False
    assert outbox.flush()
    assert {n for n in waiting(outbox) if n < 12} >= {1, 3, 5, 7, 9, 11}
    outbox.close()


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    outbox.put([stamped(1)])
    outbox.close()
    (tmp_path / "o").write_bytes(b"not a database" * 1000)
    outbox = Outbox(tmp_path / "o")
    assert waiting(outbox) == []
    assert outbox.set_aside == tmp_path / "o.damaged-1"
    assert (tmp_path / "o.damaged-1").read_bytes().startswith(b"not a database")
    outbox.close()


def test_what_no_journal_has_is_known_after_a_restart_until_the_journal_has_caught_up(tmp_path: Path) -> None:
    def after(*calls: Callable[[Outbox], object]) -> bool:
        outbox = Outbox(tmp_path / "o", ONE)
        for call in calls:
            call(outbox)
        outbox.close()
        again = Outbox(tmp_path / "o", ONE)
        is_ahead = again.is_ahead
        again.close()
        return is_ahead

    assert not after(lambda outbox: outbox.put([stamped(1)]))
    assert after(lambda outbox: outbox.put([stamped(2)], is_ahead=True), lambda outbox: outbox.put([stamped(3)]))
    assert after(lambda outbox: outbox.put([stamped(4)]))
    assert not after(Outbox.caught_up)
    assert after(Outbox.caught_up, lambda outbox: outbox.put([stamped(5)], is_ahead=True))


# --- what is on -------------------------------------------------------------------------------------------------------


def test_what_is_on_is_known_after_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", ONE)
    outbox.put([stamped(1), stamped(2, priority=Priority.LOW), stamped(3), stamped(3, 2, state=AlertState.CLEARED)])
    outbox.put([stamped(4), stamped(4, 2, state=AlertState.CLEARED, latched=True)])
    outbox.receive([(row.key, "ward") for row in outbox.outstanding()])
    outbox.close()
    outbox = Outbox(tmp_path / "o", ONE)
    assert [int(one.alert.alert_id, 16) for one in outbox.active()] == [1, 4, 2], "the gravest first; a latched one stays"
    n_changes = outbox.n_changes
    outbox.put([stamped(4, 3, state=AlertState.CLEARED)])
    assert outbox.n_changes > n_changes
    assert [int(one.alert.alert_id, 16) for one in outbox.active()] == [1, 2]
    outbox.close()


def test_what_an_older_version_left_does_not_keep_this_one_from_starting(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", ONE)
    outbox.put([stamped(1), stamped(2)])
    outbox.close()
    with sqlite3.connect(tmp_path / "o") as database:
        database.execute(
            "UPDATE active SET body=CAST(replace(CAST(body AS TEXT), 'alert/1', 'alert/0') AS BLOB) WHERE alert_id=?", (key(1)[0],)
        )
    database.close()
    outbox = Outbox(tmp_path / "o", ONE)
    assert [one.key for one in outbox.active()] == [key(2)]
    outbox.close()


def test_an_acknowledgement_passes_once_and_only_of_what_was_seen(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", ONE)
    outbox.put([stamped(1, priority=Priority.LOW), stamped(1, 2, priority=Priority.LOW)])
    [id_] = [one.alert.alert_id for one in outbox.active()]
    outbox.check_acknowledgement(id_, 1)
    outbox.acknowledged(id_, 1)
    outbox.put([stamped(2)])
    outbox.close()
    outbox = Outbox(tmp_path / "o", ONE)
    with pytest.raises(InputError, match="revision: 1 is not above 1, which has been acknowledged"):
        outbox.check_acknowledgement(id_, 1)
    outbox.put([stamped(1, 3), stamped(1, 4)])
    with pytest.raises(InputError, match="revision: 2 is not at least 3, in which it became graver"):
        outbox.check_acknowledgement(id_, 2)
    outbox.check_acknowledgement(id_, 3)
    outbox.put([stamped(1, 5, state=AlertState.CLEARED)])
    with pytest.raises(InputError, match="late is not of an alert that is on"):
        outbox.check_acknowledgement(id_, 4)
    outbox.close()


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"max_bytes": 10}, "outbox.max_bytes: 10 is not at least 65536"),
        ({"max_unstored": 0}, "outbox.max_unstored: 0 is not at least 1"),
        ({"receivers": ("a/b",)}, "outbox.receivers: 'a/b' is not a name"),
        ({"receivers": ("a", "a")}, "is not each named once"),
    ],
)
def test_limits_that_cannot_be_held_are_refused(limits: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        OutboxLimits(**limits)  # type: ignore[arg-type]
