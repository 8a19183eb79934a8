"""Moves the data of a service to its user id, if an earlier version ran the service under another one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from manage.apply import files
from manage.errors import NodeyardError
from manage.events import Event, Progress
from manage.host import tree_owner
from manage.installation import folders, ids
from manage.installation.layout import Layout
from manage.render.model import ServiceSpec, Stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from manage.engine.client import Api


def move(
    api: Api, layout: Layout, stack: Stack, spec: ServiceSpec, *, stop: Callable[[], None], progress: Progress
) -> None:
    """Give the volumes of the service, and its folders in the installation, to its uid if the earlier one owns them.

    `stop` stops the service's container, and is called only if something moves. After an interruption, call this again:
    it continues. Adopted chain folders keep their owner. Raises NodeyardError if an owner cannot be changed.
    """
    uid, _gid = files.owner(spec.compose)
    before = ids.earlier(uid)
    if before is None:
        return
    moving = [place for place in _places(api, layout, stack, spec) if tree_owner.owner(place) == before]
    if not moving:
        return
    progress(Event("note", spec.name, f"The data of {spec.name} moves from user id {before} to {uid}."))
    stop()
    for place in moving:
        try:
            tree_owner.change(place, before, uid)
        except OSError as error:
            raise NodeyardError(
                f"The data of {spec.name} in {place} could not be given to user id {uid}: {error.strerror} "
                f"({error.filename}).",
                "Run manage up again as root on the host; it continues where it stopped.",
            ) from error
    folders.make(layout)


def _places(api: Api, layout: Layout, stack: Stack, spec: ServiceSpec) -> list[Path]:
    names = [volume.name for volume in stack.volumes if volume.service == spec.name]
    present = [volume for volume in api.volumes()["Volumes"] or () if volume["Name"] in names]
    inside = [source for source in files.bind_sources(spec.compose) if source.is_relative_to(layout.dir)]
    return [*(Path(volume["Mountpoint"]) for volume in present), *inside]
