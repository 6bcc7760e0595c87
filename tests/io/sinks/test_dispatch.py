"""Live before backlog, the gravest first; retired by receipts; sent again when none comes. No line, no clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edgeecg.io.outbox.limits import OutboxLimits
from edgeecg.io.outbox.outbox import Outbox
from edgeecg.io.outbox.rows import Key
from edgeecg.io.sinks.dispatch import BACKLOG_WINDOW, HELLO_S, KEPT_FREE, RESEND_FIRST_S, RETIRE_S, UNRECEIPTED, Dispatcher, Sending
from edgeecg.types import Priority
from tests.io.outbox.broken_disk import Broken
from tests.payload.alerts import stamped

ONE = OutboxLimits(receivers=("ward",))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "o", ONE)
    yield outbox
    outbox.close()


def number_of(sending: Sending) -> int:
    return int(sending.row.key[0], 16)


def key(number: int) -> Key:
    return f"{number:032x}", 1


def all_now(dispatcher: Dispatcher, now_s: float, *, is_clear: bool = True) -> list[Sending]:
    dispatcher.settle(now_s)
    return list(iter(lambda: dispatcher.next(now_s, is_clear=is_clear), None))


def delivered(dispatcher: Dispatcher, sendings: list[Sending], now_s: float) -> None:
    for sending in sendings:
        dispatcher.delivered(sending.number, "", now_s)


def test_nothing_is_given_out_while_the_line_is_down(outbox: Outbox) -> None:
    dispatcher = Dispatcher(outbox)
    outbox.put([stamped(1)])
    assert all_now(dispatcher, 0.0) == []
    dispatcher.line_up(100)
    [sending] = all_now(dispatcher, 0.0)
    assert (number_of(sending), sending.is_live) == (1, False)
    assert all_now(dispatcher, 1.0) == []


def test_a_live_high_alert_does_not_wait_behind_the_backlog(outbox: Outbox) -> None:
    outbox.put([stamped(n, priority=Priority.HIGH) for n in range(300)])
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    backlog = all_now(dispatcher, 0.0)
    assert len(backlog) == BACKLOG_WINDOW, "the backlog leaves places free"
    outbox.put([stamped(1000, priority=Priority.LOW), stamped(1001, priority=Priority.HIGH), stamped(1002, priority=Priority.MEDIUM)])
    live = all_now(dispatcher, 0.0)
    assert [number_of(sending) for sending in live] == [1001, 1002, 1000]
    assert all(sending.is_live for sending in live)


def test_the_backlog_waits_until_the_network_is_clear_and_live_alerts_do_not(outbox: Outbox) -> None:
    outbox.put([stamped(1)])
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    assert all_now(dispatcher, 0.0, is_clear=False) == []
    outbox.put([stamped(2)])
    assert [number_of(one) for one in all_now(dispatcher, 0.0, is_clear=False)] == [2]
    assert [number_of(one) for one in all_now(dispatcher, 0.0)] == [1]


def test_a_broker_that_takes_few_at_once_still_has_room_for_a_live_one(outbox: Outbox) -> None:
    outbox.put([stamped(n) for n in range(50)])
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(20)
    assert len(all_now(dispatcher, 0.0)) == 20 - KEPT_FREE
    outbox.put([stamped(n) for n in range(100, 150)])
    assert len(all_now(dispatcher, 0.0)) == KEPT_FREE


def test_the_backlog_goes_gravest_first_then_oldest(outbox: Outbox) -> None:
    priorities = (Priority.TECHNICAL, Priority.HIGH, Priority.LOW, Priority.HIGH)
    outbox.put([stamped(n, priority=priority) for n, priority in enumerate(priorities)])
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    assert [number_of(one) for one in all_now(dispatcher, 0.0)] == [1, 3, 2, 0]


def test_a_receipt_retires_and_a_pubacks_word_does_not(outbox: Outbox) -> None:
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    dispatcher.settle(0.0)
    outbox.put([stamped(1), stamped(2)])
    delivered(dispatcher, all_now(dispatcher, 0.0), 0.1)
    dispatcher.received(key(1), "ward", 0.2)
    dispatcher.received(key(2), "somebody else", 0.2)
    assert outbox.counters().n_waiting == 2, "several are retired together"
    dispatcher.settle(0.2 + RETIRE_S)
    assert [row.key for row in outbox.outstanding()] == [key(2)]
    assert dispatcher.n_waiting == 1


def test_a_receipt_that_overtakes_its_puback_is_as_good(outbox: Outbox) -> None:
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    outbox.put([stamped(1)])
    [sending] = all_now(dispatcher, 0.0)
    dispatcher.received(key(1), "ward", 0.1)
    dispatcher.settle(1.0)
    dispatcher.delivered(sending.number, "", 1.1)
    assert dispatcher.n_waiting == 0
    assert all_now(dispatcher, 1000.0) == []


def test_with_nobodys_receipts_counted_the_brokers_word_retires(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    outbox.put([stamped(n) for n in range(1000)])
    n_sent = 0
    for turn in range(40):
        sendings = all_now(dispatcher, turn * 0.1)
        n_sent += len(sendings)
        delivered(dispatcher, sendings, turn * 0.1)
    assert n_sent == 1000
    assert outbox.counters().n_waiting == 0
    outbox.close()


def test_whoever_must_have_alerts_may_be_named_after_it_was_made(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    dispatcher = Dispatcher(outbox)
    outbox.limits = ONE
    dispatcher.line_up(100)
    outbox.put([stamped(1)])
    delivered(dispatcher, all_now(dispatcher, 0.0), 0.0)
    dispatcher.settle(1.0)
    assert outbox.counters().n_waiting == 1, "a broker's word is no receipt"
    dispatcher.received(key(1), "ward", 1.0)
    dispatcher.settle(2.0)
    assert outbox.counters().n_waiting == 0
    outbox.close()


def test_without_a_receipt_it_is_sent_again_later_and_later(outbox: Outbox) -> None:
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    dispatcher.settle(0.0)
    outbox.put([stamped(1)])
    delivered(dispatcher, all_now(dispatcher, 0.0), 0.0)
    times, now_s = [], 0.0
    for _ in range(5):
        now_s += dispatcher.settle(now_s)
        delivered(dispatcher, all_now(dispatcher, now_s), now_s)
        times.append(now_s / RESEND_FIRST_S)
    assert times == [1, 3, 7, 15, 31]


def test_what_the_broker_refuses_is_tried_again(outbox: Outbox) -> None:
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    outbox.put([stamped(1)])
    [sending] = all_now(dispatcher, 0.0)
    dispatcher.delivered(sending.number, "Quota exceeded", 0.0)
    assert all_now(dispatcher, RESEND_FIRST_S - 1) == []
    assert len(all_now(dispatcher, RESEND_FIRST_S)) == 1


def test_after_the_line_was_down_all_without_a_receipt_is_sent_again(outbox: Outbox) -> None:
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    outbox.put([stamped(n) for n in range(5)])
    sendings = all_now(dispatcher, 0.0)
    delivered(dispatcher, sendings[:3], 0.0)
    dispatcher.received(sendings[0].row.key, "ward", 0.0)
    dispatcher.line_down()
    dispatcher.delivered(sendings[4].number, "", 0.1)
    dispatcher.settle(1.0)
    outbox.put([stamped(9)])
    dispatcher.line_up(100)
    again = all_now(dispatcher, 1.0)
    assert sorted(map(number_of, again)) == [1, 2, 3, 4, 9]
    assert not any(sending.is_live for sending in again), "nothing is live that was not sent when it was put in"


def test_no_more_of_the_backlog_is_out_than_a_broker_queues(outbox: Outbox) -> None:
    outbox.put([stamped(n) for n in range(UNRECEIPTED + 300)])
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    out: list[Sending] = []
    while sendings := all_now(dispatcher, 0.0):
        delivered(dispatcher, sendings, 0.0)
        out += sendings
    assert len(out) == UNRECEIPTED
    dispatcher.received(out[0].row.key, "ward", 0.0)
    dispatcher.received(out[1].row.key, "another who listens", 0.0)
    assert len(all_now(dispatcher, 0.0)) == 2, "whoever is there shows that it is taken"


def test_a_receiver_that_is_back_is_sent_at_once_what_it_missed_but_not_for_every_word(outbox: Outbox) -> None:
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    dispatcher.settle(0.0)
    outbox.put([stamped(n) for n in range(3)])
    delivered(dispatcher, all_now(dispatcher, 0.0), 0.0)
    dispatcher.hello(1.0)
    again = all_now(dispatcher, 1.0)
    assert len(again) == 3
    delivered(dispatcher, again, 1.0)
    for moment_s in (1.1, 1.2, 1.3):
        dispatcher.hello(moment_s)
        assert all_now(dispatcher, moment_s) == []
    assert len(all_now(dispatcher, 1.0 + HELLO_S)) == 3


def test_it_is_done_when_all_is_delivered(outbox: Outbox) -> None:
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    outbox.put([stamped(1)])
    sendings = all_now(dispatcher, 0.0)
    assert not dispatcher.is_done()
    delivered(dispatcher, sendings, 0.0)
    assert dispatcher.is_done()


def test_a_disk_that_refuses_keeps_no_alert_from_being_sent(tmp_path: Path) -> None:
    disk = Broken()
    outbox = Outbox(tmp_path / "o", ONE, engine=disk)
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    outbox.put([stamped(0)])
    delivered(dispatcher, all_now(dispatcher, 0.0), 0.0)
    dispatcher.received(key(0), "ward", 0.0)  # and the disk cannot be told
    disk.is_broken = True
    for n, now_s in enumerate([1.0, 1.3, 1.6, 1.9, 2.2, 2.5], 1):
        outbox.put([stamped(n)])
        assert number_of(all_now(dispatcher, now_s)[0]) == n
        assert dispatcher.settle(now_s) > 0.0, "the disk is asked now and then"
    disk.is_broken = False
    assert outbox.flush()
    dispatcher.settle(4.0)
    assert key(0) not in {row.key for row in outbox.outstanding()}
    outbox.close()


def test_a_backlog_that_cannot_be_read_is_sent_when_it_can(tmp_path: Path) -> None:
    disk = Broken()
    outbox = Outbox(tmp_path / "o", ONE, engine=disk)
    outbox.put([stamped(n, priority=Priority.HIGH) for n in range(50)])
    dispatcher = Dispatcher(outbox)
    dispatcher.settle(0.0)
    disk.is_broken = True
    dispatcher.line_up(100)
    assert all_now(dispatcher, 1.0) == []
    n_faults = outbox.counters().n_faults
    assert all_now(dispatcher, 1.5) == []
    assert outbox.counters().n_faults == n_faults, "one is enough to know"
    outbox.put([stamped(50)])
    assert number_of(all_now(dispatcher, 2.0)[0]) == 50
    disk.is_broken = False
    assert outbox.flush()
    assert {number_of(sending) for sending in all_now(dispatcher, 4.0)} >= set(range(50))
    outbox.close()


def test_who_begins_to_send_while_the_disk_refuses_has_what_the_memory_holds(tmp_path: Path) -> None:
    disk = Broken()
    outbox = Outbox(tmp_path / "o", ONE, engine=disk)
    outbox.put([stamped(1)])
    disk.is_broken = True
    outbox.put([stamped(2)])
    before = Dispatcher(outbox)
    before.line_up(100)
    assert 2 in {number_of(sending) for sending in all_now(before, 0.0)}
    dispatcher = Dispatcher(outbox)
    dispatcher.line_up(100)
    found = all_now(dispatcher, 1.0)
    assert 2 in {number_of(sending) for sending in found}
    assert 1 not in {number_of(sending) for sending in found}
    disk.is_broken = False
    assert outbox.flush()
    assert 1 in {number_of(sending) for sending in all_now(dispatcher, 3.0)}
    outbox.close()


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order, each alert is receipted in the end, and none is given out twice at once."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.disk = Broken()
        self.outbox = Outbox(Path(self.folder.name) / "o", ONE, engine=self.disk)
        self.dispatcher = Dispatcher(self.outbox)
        self.now_s = 0.0
        self.n_put = 0
        self.on_the_way: dict[int, Key] = {}
        self.receipted: set[Key] = set()
        self.is_up = False

    @rule(n=st.integers(1, 5), priority=st.sampled_from(Priority))
    def put(self, n: int, priority: Priority) -> None:
        self.outbox.put([stamped(self.n_put + i, priority=priority) for i in range(n)])
        self.n_put += n

    @rule(window=st.integers(1, 30))
    def up(self, window: int) -> None:
        if not self.is_up:
            self.dispatcher.line_up(window)
            self.is_up = True

    @rule()
    def down(self) -> None:
        self.dispatcher.line_down()
        self.on_the_way.clear()
        self.is_up = False

    @rule(is_broken=st.booleans())
    def disk_breaks(self, is_broken: bool) -> None:
        self.disk.is_broken = is_broken

    @rule()
    def another_takes_over(self) -> None:
        self.down()
        self.dispatcher = Dispatcher(self.outbox)

    @rule(is_clear=st.booleans())
    def send(self, is_clear: bool) -> None:
        for sending in all_now(self.dispatcher, self.now_s, is_clear=is_clear):
            assert self.is_up
            assert sending.row.key not in self.on_the_way.values()
            self.on_the_way[sending.number] = sending.row.key

    @rule(data=st.data(), arrives=st.booleans(), receipted=st.booleans())
    def deliver(self, data: st.DataObject, arrives: bool, receipted: bool) -> None:
        if self.on_the_way:
            number = data.draw(st.sampled_from(sorted(self.on_the_way)))
            key = self.on_the_way.pop(number)
            self.dispatcher.delivered(number, "" if arrives else "refused", self.now_s)
            if receipted and arrives:
                self.receipted.add(key)
                self.dispatcher.received(key, "ward", self.now_s)

    @rule(seconds=st.sampled_from([0.01, 1.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    @rule()
    def hello(self) -> None:
        self.dispatcher.hello(self.now_s)

    @invariant()
    def nothing_is_retired_unreceipted(self) -> None:
        if hasattr(self, "outbox"):
            is_broken, self.disk.is_broken = self.disk.is_broken, False
            waiting = {row.key for row in [*self.outbox.outstanding(), *self.outbox.held()]}
            self.disk.is_broken = is_broken
            assert {key(n) for n in range(self.n_put)} - waiting <= self.receipted

    def teardown(self) -> None:
        self.down()
        self.disk.is_broken = False
        assert self.outbox.flush()
        self.dispatcher.line_up(30)
        for _ in range(1000):
            self.now_s += 1000.0
            sendings = all_now(self.dispatcher, self.now_s)
            delivered(self.dispatcher, sendings, self.now_s)
            for sending in sendings:
                self.dispatcher.received(sending.row.key, "ward", self.now_s)
            if not sendings and self.dispatcher.n_waiting == 0:
                break
        assert self.outbox.counters().n_waiting == 0
        self.outbox.close()
        self.folder.cleanup()


AnyOrder.TestCase.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)
TestAnyOrder = AnyOrder.TestCase
