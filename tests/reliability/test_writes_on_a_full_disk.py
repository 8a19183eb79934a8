"""Every file that a change writes is as it was before if the disk fills up, and no part of a new one is left."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from manage import config
from manage.access import audit
from manage.apply import receipt, secrets
from manage.apply.receipt import Receipt
from manage.catalog import load_catalog
from manage.health.history import History
from manage.health.model import ServiceStatus
from manage.installation import folders, lock
from manage.installation.layout import Layout
from manage.render import SecretUse
from tests.stage.initial import initialise
from tests.stage.owners import Paper
from tests.stage.small_disk import SmallDisk

pytestmark = pytest.mark.root
Write = Callable[[Layout, int], None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "yard") as made:
        yield made


@pytest.fixture
def layout(disk: SmallDisk) -> Layout:
    layout = Layout(disk.path, Paper().owners())
    folders.make(layout)
    initialise(layout)
    return layout


def write_secrets(layout: Layout, number: int) -> None:
    secrets.ensure(layout, [SecretUse("tracker", 70014, f"password_{n}", "password") for n in range(number)])


def write_receipt(layout: Layout, number: int) -> None:
    receipt.begin(layout, Receipt(0, "up", "ann", 1.0, "in_progress", reason="x" * 100 * number))


def write_stack(layout: Layout, number: int) -> None:
    config.set_value(layout.stack_file, "name", f"home{number}", load_catalog())


def write_audit(layout: Layout, number: int) -> None:
    log = audit.Audit(layout.audit_file)
    log.write(who="ann", address="", verb="up", args={"text": "x" * 190}, result="ok", source="change")


def content(layout: Layout) -> dict[str, bytes]:
    ours = (path for path in layout.dir.rglob("*") if path.is_file() and not path.name.startswith("ballast"))
    return {str(path): path.read_bytes() for path in ours}


@pytest.mark.parametrize("write", [write_secrets, write_receipt, write_stack, write_audit])
@pytest.mark.promise("A write on a full disk leaves the old file and no part of a new one", runs="ci")
def test_a_failed_write_leaves_everything_as_it_was(disk: SmallDisk, layout: Layout, write: Write) -> None:
    write(layout, 1)
    disk.fill()
    for number in range(2, 40):  # the last page of a file may have room for some records
        before = content(layout)
        try:
            write(layout, number)
        except OSError:
            assert content(layout) == before
            break
    else:
        pytest.fail("nothing was refused")
    disk.free()
    write(layout, 40)
    assert content(layout) != before


def test_the_lock_is_held_also_where_its_holder_cannot_be_named(disk: SmallDisk, layout: Layout) -> None:
    with lock.hold(layout, "up", "ann"):
        pass
    disk.fill()
    with lock.hold(layout, "down", "ann"):
        assert lock.holder(layout)


def test_a_full_disk_does_not_put_the_history_away(disk: SmallDisk, layout: Layout) -> None:
    path = layout.watch_dir / "history.db"
    History(path).close()
    disk.fill()
    with pytest.raises(sqlite3.OperationalError):
        History(path)
    assert not path.with_name("history.db.old").exists()
    disk.free()
    History(path).close()


def test_a_verdict_that_could_not_be_recorded_is_recorded_later(disk: SmallDisk, layout: Layout) -> None:
    def status(verdict: Any, at: float) -> ServiceStatus:
        return ServiceStatus("kaspad", "Kaspa node", "chains", verdict, "x" * 3000, at, (), (), {})

    history = History(layout.watch_dir / "history.db")
    history.record([status("healthy", 100.0)], 100.0)
    disk.fill()
    with pytest.raises(sqlite3.OperationalError):
        for number in range(1000):
            history.record([status(("down", "healthy")[number % 2], 110.0)], 110.0)
            history.record_points({("kaspad", f"fact{number}"): 1.0}, 110.0)
    disk.free()
    history.record([status("degraded", 120.0)], 120.0)
    history.record([status("degraded", 120.0)], 130.0)
    history.record_points({("kaspad", "peers"): 8.0}, 130.0)
    assert history.strips(1, 140.0)["kaspad"][-1] == (120.0, 130.0, "degraded")
    assert history.series(1, 140.0)["kaspad"]["peers"]
    history.close()
