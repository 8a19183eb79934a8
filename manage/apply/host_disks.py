"""The disks that a change writes to, measured on the host: the installation's, Docker's and those of chain folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from manage.apply import chain_folders
from manage.errors import NodeyardError
from manage.health import disks
from manage.health.model import Snapshot
from manage.installation.disk import measure
from manage.installation.layout import Layout


def require_room(folders: Iterable[Path]) -> None:
    """Raise NodeyardError if nothing can be written to the disk of one of the folders."""
    for folder in folders:
        if full := disks.trouble_of(folder):
            raise NodeyardError(f"{full.headline}, so nothing was changed.", full.detail)


def measured_again(layout: Layout, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the disks as they are now, those of chain folders included, which watch cannot see."""
    own = [measure(folder) for folder in (layout.dir, *chain_folders.known(layout))]
    seen = [disk for disk in disks.of_host(snapshot.host) if disk.folder not in {one.folder for one in own}]
    return replace(snapshot, host={**snapshot.host, "disks": disks.as_host([*own, *seen])})
