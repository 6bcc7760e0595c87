"""Whichever write or fsync fails, tears or lies: what the outbox said is on the disk is there after a power cut."""

import pytest

apsw = pytest.importorskip("apsw", reason="apsw is not installed")

from tests.io.outbox.failing_disk import FAULTS, Disk  # noqa: E402
from tests.io.outbox.faulty_runs import faulty_run, new_vfs  # noqa: E402

N_ALERTS = 9


@pytest.mark.parametrize("fault", FAULTS)
def test_the_nth_write_or_fsync_fails_for_every_n(fault: str) -> None:
    vfs = new_vfs()
    whole = faulty_run(vfs, Disk(), N_ALERTS)
    assert len(whole.acknowledged) == N_ALERTS
    assert whole.n_operations > 80
    for at in range(1, whole.n_operations + 1):
        run = faulty_run(vfs, Disk(at=at, fault=fault), N_ALERTS)
        assert run.n_faults, f"operation {at} was not reached"
        assert not run.lost(), f"operation {at}"
        assert not run.back(), f"operation {at}"
        if not run.is_dead:
            assert len([key for key in run.acknowledged if int(key[0], 16) < N_ALERTS]) == N_ALERTS, f"operation {at}: it did not recover"


@pytest.mark.parametrize("fault", FAULTS[:4])
def test_every_nth_fails(fault: str) -> None:
    vfs = new_vfs()
    for every in (2, 3, 7, 19, 40):
        run = faulty_run(vfs, Disk(at=60, fault=fault, every=every), N_ALERTS)
        assert run.n_faults > 1
        assert not run.lost(), f"every {every}"
        assert not run.back(), f"every {every}"


def test_the_disk_forgets_what_was_not_synced() -> None:
    """Else the rest proves nothing."""
    vfs, disk = new_vfs(), Disk()
    from edgeecg.io.outbox.database import _PRAGMAS, Database
    from tests.io.outbox.failing_disk import Apsw
    from tests.io.outbox.faulty_runs import PATH

    database = Database(PATH, Apsw(vfs, disk))
    assert "synchronous=FULL" in _PRAGMAS
    database.rows("PRAGMA synchronous=OFF")
    for n in range(50):
        database.rows("INSERT INTO meta VALUES (?, ?)", f"k{n}", n)
    cut = Database(PATH, Apsw(vfs, disk.after_power_cut(1)))
    assert len(cut.rows("SELECT * FROM meta WHERE key LIKE 'k%'")) < 50
