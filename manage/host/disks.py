"""Whether each disk has room for what a change will store on it. Pure, except `disk_of`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from manage import words
from manage.host.preflight import Check
from manage.immutable import dataclass
from manage.installation.disk import existing, measure

RESERVE_BYTES = 500_000_000
"""Kept free in addition to what the services need: for logs, receipts and image layers during a pull."""


@dataclass(frozen=True)
class Need:
    """Data that a service will store in a folder."""

    service: str
    folder: Path
    bytes: int


@dataclass(frozen=True)
class Disk:
    """The file system of a folder."""

    id: int
    """`st_dev`: equal for folders on the same file system until the next boot."""
    free_bytes: int


def checks(needs: Iterable[Need], disk_of: Callable[[Path], Disk]) -> Iterator[Check]:
    """One check for each file system that gets data."""
    found: dict[int, tuple[Disk, list[Need]]] = {}
    for need in needs:
        disk = disk_of(need.folder)
        found.setdefault(disk.id, (disk, []))[1].append(need)
    for disk, stored in found.values():
        yield _check(disk, stored)


def disk_of(folder: Path) -> Disk:
    """The file system that holds `folder`, or will hold it."""
    return Disk(existing(folder).stat().st_dev, measure(folder).free_bytes)


def _check(disk: Disk, needs: list[Need]) -> Check:
    total = sum(need.bytes for need in needs) + RESERVE_BYTES
    largest = max(needs, key=lambda need: need.bytes)
    amounts = f"{words.size(disk.free_bytes)} free, {words.size(total)} needed"
    if disk.free_bytes >= total:
        return Check("disk", True, amounts)
    return Check(
        "disk",
        False,
        f"Not enough disk space: {amounts}, {words.size(largest.bytes)} of it for {largest.service} "
        f"in {largest.folder}.",
        "Free some space, put the chain on another disk (storage.chain_dirs), let bitcoind delete old blocks "
        "(services.bitcoind.prune), or choose a smaller profile.",
    )
