"""Refuses to start a service on other data than it had before: a disk that is not mounted, a volume that is gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from manage import words
from manage.apply import chain_folders, volume_images
from manage.apply.chain_folders import ChainFolder, Known
from manage.apply.desired_state import DesiredState
from manage.engine.model import Facts
from manage.errors import NodeyardError
from manage.host import chain_folder
from manage.host.chain_folder import FolderFacts, Mount
from manage.installation.labels import MARKER_PREFIX
from manage.plan.model import STARTING, Operation
from manage.render import compose_document
from manage.render.model import VolumeSpec

Look = Callable[[ChainFolder], FolderFacts]


def require_data(
    state: DesiredState,
    operations: Iterable[Operation],
    facts: Facts | None = None,
    *,
    host: bool = True,
    accepted: Collection[str] = (),
) -> None:
    """Raise NodeyardError if a service that is about to start would not find the data that it had before.

    `facts` are those of the plan; a restart has none, because it keeps the mounts. `host` is False for the agent, which
    sees no folder of the host and looks through the engine. `accepted` are services whose data is used as it is now.
    """
    starting = {operation.service for operation in operations if operation.kind in STARTING} - set(accepted)
    folders = [folder for folder in state.chain_folders if folder.service in starting]
    if host:
        _require_separate(folders, state.chain_folders)
    remembered = chain_folders.known(state.layout) if folders else {}
    look: Look = (lambda folder: chain_folder.look(folder.path)) if host else _look_through_engine(state)
    for folder in folders:
        used = folder.path in remembered or (facts is not None and _is_mounted(facts, folder))
        if sentence := problem(folder, remembered.get(folder.path), look(folder), used=used):
            raise NodeyardError(sentence, _hint(folder.service))
    for volume in _gone(state, facts, starting) if facts is not None else ():
        raise NodeyardError(
            f"The volume {volume.name}, which held data of {volume.service}, no longer exists.",
            f"If Docker's folder is on another disk, check that it is mounted. {_hint(volume.service)}",
        )


def problem(folder: ChainFolder, before: Known | None, now: FolderFacts, *, used: bool) -> str:
    """Why the service must not start with this folder, or "". `used` says that it had the folder before. Pure."""
    what = f"{folder.path} (storage.chain_dirs.{folder.service})"
    if now.read_only:
        return f"The folder {what} is on a file system that is mounted read-only ({now.mount.point})."
    if folder.marker in now.markers:
        return ""
    if not now.complete:
        state = "is not there" if not now.exists else "is new, or is not the one that it had before"
        return f"The folder {what} {state}, and only the host can prepare it. Run on the host: manage up"
    if now.markers:
        owner = now.markers[0].removeprefix(MARKER_PREFIX)
        return f"The folder {what} is in use by another service or installation ({owner}). Two never share a chain."
    if not used or (before is None and now.exists and not now.empty):
        return ""
    state = "does not exist" if not now.exists else "is empty" if now.empty else "holds other data than before"
    return f"The folder {what} {state}, but {folder.service}'s chain was there.{_moved(folder.path, before, now.mount)}"


def _moved(path: Path, before: Known | None, now: Mount) -> str:
    if before is None:
        return f" Is {path.parent} mounted?"
    if before.mount.point == now.point:
        return ""
    return (
        f" Is {before.mount.point} mounted? {before.mount.source} was there; now the folder would be on the disk of "
        f"{now.point}."
    )


def _require_separate(folders: Iterable[ChainFolder], every: Iterable[ChainFolder]) -> None:
    """Raise NodeyardError if a folder is, contains or lies in that of another service, also by a link."""
    for one in folders:
        for other in every:
            a, b = chain_folder.real(one.path), chain_folder.real(other.path)
            if one.service != other.service and (a.is_relative_to(b) or b.is_relative_to(a)):
                both = words.listing(sorted((one.service, other.service)))
                raise NodeyardError(
                    f"{both} cannot both use {min(a, b)} for their chains.",
                    f"Choose another folder: manage config set storage.chain_dirs.{one.service} FOLDER",
                )


def _hint(service: str) -> str:
    return f"To use what is there now, empty or not: manage up --accept-data {service}"


def _is_mounted(facts: Facts, folder: ChainFolder) -> bool:
    """Whether a container of the service has the folder: installations from before markers remember none."""
    for container in facts.containers:
        compose = facts.known_specs.get(container.spec_digest, {}).get("compose", {})
        mounts = compose.get("volumes", []) if isinstance(compose, dict) else []
        source = compose_document.escaped(str(folder.path))
        if container.service == folder.service and any(mount.get("source") == source for mount in mounts):
            return True
    return False


def _gone(state: DesiredState, facts: Facts, starting: Collection[str]) -> Iterator[VolumeSpec]:
    opened = volume_images.opened(state.layout)
    for volume in state.stack.volumes:
        if volume.service in starting and volume.name in opened and volume.name not in facts.volumes:
            yield volume


def _look_through_engine(state: DesiredState) -> Look:
    from manage.engine import folder_look
    from manage.engine.client import connect

    def look(folder: ChainFolder) -> FolderFacts:
        with connect() as api:
            return folder_look.look(api, state.installation, folder.image, folder.path, folder.marker)

    return look
