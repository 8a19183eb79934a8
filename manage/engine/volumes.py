"""Volumes: made by the CLI with our label, external in the compose file, so that compose can never replace one."""

from __future__ import annotations

from collections.abc import Iterable

from manage.engine import own_objects
from manage.engine.client import Api
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION

_ADVICE = "Its data is not touched. Look at it ({inspect}) and move it away yourself."


def ensure(api: Api, installation: Installation, names: Iterable[str]) -> tuple[str, ...]:
    """Make those of `names` that are missing; gives what was made.

    The one label never changes: compose answers a changed label by deleting the volume.
    Raises NodeyardError when a volume of that name is not ours: its data is somebody else's.
    """
    made = []
    for name in own_objects.missing("volume", api.volumes()["Volumes"] or (), names, installation, _ADVICE):
        api.create_volume(name, labels={LABEL_INSTALLATION: installation.id})
        made.append(name)
    return tuple(made)


def owned(api: Api, installation: Installation) -> tuple[str, ...]:
    """Names of the volumes that carry our label."""
    found = api.volumes(filters=own_objects.label_filter(installation))["Volumes"] or ()
    return tuple(sorted(volume["Name"] for volume in found))
