"""What the outbox forgets, and when: never what a replay could still bring."""

from edgeecg.daemon.passed import Passed


class Outbox:
    def __init__(self) -> None:
        self.is_durable, self.put, self.told = True, 0, list[int]()

    def flush(self) -> bool:
        return self.is_durable

    def mark(self) -> int:
        return self.put

    def snapshot_passed(self, mark: int, /) -> bool:
        self.told.append(mark)
        return True


def test_what_lies_behind_the_snapshot_before_is_forgotten() -> None:
    outbox = Outbox()
    passed = Passed(outbox)
    for outbox.put in (10, 20, 30):
        assert passed.may_snapshot()
        passed.snapshot_came()
    assert outbox.told == [10, 20]


def test_a_snapshot_that_did_not_come_to_the_disk_lets_nothing_be_forgotten() -> None:
    outbox = Outbox()
    passed = Passed(outbox)
    assert passed.may_snapshot()
    passed.snapshot_came()
    for outbox.put in (10, 20):
        assert passed.may_snapshot()  # the disk refused these
    outbox.put = 30
    assert passed.may_snapshot()
    passed.snapshot_came()
    assert outbox.told == [0], "a replay may still begin at the first snapshot"


def test_a_disk_that_does_not_take_alerts_has_no_snapshot_pass_them() -> None:
    outbox = Outbox()
    outbox.is_durable = False
    assert not Passed(outbox).may_snapshot()
