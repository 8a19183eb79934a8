"""Volumes: made by the CLI with our label, external in the compose file, so that compose can never replace one."""

from __future__ import annotations

from collections.abc import Iterable

from manage.engine.client import Api
from manage.engine.model import LABEL_INSTALLATION
from manage.errors import NodeyardError
from manage.host.identity import Installation


def ensure(api: Api, installation: Installation, names: Iterable[str]) -> tuple[str, ...]:
    """Make those of `names` that are missing; gives what was made.

    The one label never changes: compose answers a changed label by deleting the volume.
    Raises NodeyardError when a volume of that name is not ours: its data is somebody else's.
    """
    present = {volume["Name"]: volume.get("Labels") or {} for volume in api.volumes()["Volumes"] or ()}
    made = []
    for name in names:
        if name in present:
            if present[name].get(LABEL_INSTALLATION) != installation.id:
                raise NodeyardError(
                    f"There is a volume {name} that is not this installation's (it lacks the label "
                    f"{LABEL_INSTALLATION}={installation.id}).",
                    f"Its data is not touched. Look at it (docker volume inspect {name}) and move it away yourself.",
                )
            continue
        api.create_volume(name, labels={LABEL_INSTALLATION: installation.id})
        made.append(name)
    return tuple(made)


def owned(api: Api, installation: Installation) -> tuple[str, ...]:
    """Names of the volumes that carry our label."""
    found = api.volumes(filters={"label": f"{LABEL_INSTALLATION}={installation.id}"})["Volumes"] or ()
    return tuple(sorted(volume["Name"] for volume in found))
