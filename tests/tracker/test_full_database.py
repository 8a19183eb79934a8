"""A database whose disk is full: tracker and oracle wait for it, and go on by themselves when there is space again."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oracle.history.entries import Entry, HistoryUnavailable
from oracle.history.postgres import PostgresStore

from tests.stage.ports import free_port
from tests.stage.small_disk import MEBIBYTE, SmallDisk
from tests.tracker.cluster import Cluster
from tests.tracker.process import Tracker
from tests.tracker.tinynode import TinyNode

pytestmark = pytest.mark.root
PAYMENTS = 400
"""Rows that the pages of a new table cannot hold."""


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        SmallDisk(Path(folder), size=160 * MEBIBYTE, inodes=5000) as made,
    ):
        yield made


@pytest.fixture
def full_cluster(disk: SmallDisk) -> Iterator[Cluster]:
    with Cluster(disk.path) as running:
        yield running


@pytest.mark.promise("Tracker and oracle go on by themselves after the database's disk was full", runs="ci")
def test_what_came_while_the_disk_was_full_is_written_afterwards(
    disk: SmallDisk, full_cluster: Cluster, node: TinyNode, tmp_path: Path, address: Callable[[int], str]
) -> None:
    env = {
        "KASPAD_URL": node.url,
        "DATABASE_URL": full_cluster.url(full_cluster.new_database()),
        "DATABASE_PASSWORD_FILE": str(full_cluster.password_file),
    }
    with Tracker(tmp_path, free_port(), env) as tracker:
        tracker.wait_ready()
        tracker.follow(address(1))
        tracker.wait_amount(address(1), 0)
        disk.fill()
        for number in range(PAYMENTS):
            node.pay(address(1), 7, f"full{number}")
        gone = tracker.wait_not_ready("No space left on device")
        assert gone["waits_for"] == ["timescaledb"]
        disk.free()
        tracker.wait_ready(30)
        tracker.wait_amount(address(1), 7 * PAYMENTS)


def test_the_oracles_history_is_written_again(disk: SmallDisk, full_cluster: Cluster) -> None:
    async def scene() -> int:
        store = PostgresStore(full_cluster.url(full_cluster.new_database()), full_cluster.password_file)
        await store.open()
        now = float(int(time.time()))
        entries = [Entry(now + n, 100.0, 90.0, 110.0, 0.5, "ok", "real") for n in range(2000)]
        disk.fill()
        with pytest.raises(HistoryUnavailable, match="No space left on device"):
            await store.write(entries)
        disk.free()
        await store.write(entries)
        found = await store.read(now, now + 2000, 2000)
        await store.close()
        return len(found)

    assert asyncio.run(scene()) > 0
