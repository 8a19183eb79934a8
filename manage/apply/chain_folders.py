"""The chain folders of an installation: how they are remembered, and prepared for their service before it starts."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from manage.errors import NodeyardError
from manage.host import chain_folder
from manage.host.chain_folder import Mount
from manage.immutable import dataclass
from manage.installation import documents
from manage.installation.folders import make_private
from manage.installation.layout import Layout


@dataclass(frozen=True)
class ChainFolder:
    """A folder of this host that a service uses in place of a volume (storage.chain_dirs)."""

    service: str
    path: Path
    marker: str
    """Name of the file in it by which the service knows it again."""
    uid: int
    """User that the service runs under."""
    image: str
    """Reference of the service's image, with which the agent looks into the folder."""


@dataclass(frozen=True)
class Known:
    """What is remembered of a folder since its service last started with it."""

    marker: str
    uid: int
    mount: Mount


def known(layout: Layout) -> dict[Path, Known]:
    """The remembered folders.

    {"version": 1, "folders": {PATH: {"marker", "uid", "mount", "source"}}}.
    """
    try:
        document = documents.read(layout.chain_folders_file)
    except FileNotFoundError:
        return {}
    with documents.require_shape(layout.chain_folders_file):
        return {
            Path(path): Known(str(entry["marker"]), int(entry["uid"]), Mount(str(entry["mount"]), str(entry["source"])))
            for path, entry in document["folders"].items()
        }


def owners(layout: Layout, folders: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Service -> uid that owns its adopted chain folder: the service runs under it, and the folder keeps its owner.

    A folder owned by root is not adopted: an empty one is given to the service; one with data is a NodeyardError.
    For a folder that is not there the owner is remembered: the agent sees none, and a disk may be missing.
    """
    remembered = known(layout)
    found = {}
    for service, path in ((service, Path(folder)) for service, folder in folders):
        if not path.exists():
            if path in remembered:
                found[service] = remembered[path].uid
            continue
        uid = layout.owners.uid(path)
        if uid != 0:
            found[service] = uid
        elif not chain_folder.look(path).empty:
            raise NodeyardError(
                f"Root owns the folder {path} (storage.chain_dirs.{service}), and a chain node does not run as root.",
                f"Give the folder and its content to another user: chown -R USER {shlex.quote(str(path))}",
            )
    return found


def prepare(layout: Layout, folders: Iterable[ChainFolder]) -> list[str]:
    """Create the missing folders, mark all of them, and remember them; returns a sentence for each new one.

    Only the service and root can open a folder made here. An existing one keeps its owner, unless it is empty and
    belongs to root: then somebody created it for the service. Call it only for folders that `data_guard` has judged.
    """
    remembered = known(layout)
    notes = []
    for folder in folders:
        before = chain_folder.look(folder.path)
        _give(layout, folder, before)
        others = [name for name in before.markers if name != folder.marker]
        chain_folder.mark(folder.path, folder.marker, others)
        if folder.path not in remembered:
            notes.append(f"{folder.path} holds {folder.service}'s chain, on the file system of {before.mount.point}.")
        remembered[folder.path] = Known(folder.marker, folder.uid, before.mount)
    if notes or remembered != known(layout):
        documents.write(layout.chain_folders_file, {"folders": {str(p): _entry(k) for p, k in remembered.items()}})
    return notes


def forget(layout: Layout) -> None:
    """Remove our markers, so that another installation can use the chains. The chains are kept."""
    for path, entry in known(layout).items():
        chain_folder.unmark(path, entry.marker)


def _give(layout: Layout, folder: ChainFolder, before: chain_folder.FolderFacts) -> None:
    if not before.exists:
        make_private(folder.path)
    elif layout.owners.uid(folder.path) != 0 or not before.empty:
        return
    layout.owners.give(folder.path, folder.uid, folder.uid)


def _entry(entry: Known) -> dict[str, Any]:
    return {"marker": entry.marker, "uid": entry.uid, "mount": entry.mount.point, "source": entry.mount.source}
