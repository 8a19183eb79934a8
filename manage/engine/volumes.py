"""Volumes: created by the CLI with our label, external in the compose file, so that compose never replaces one."""

from __future__ import annotations

from collections.abc import Iterable

from manage.engine import own_objects
from manage.engine.client import Api
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION

_ADVICE = "Its data was not changed. Inspect it ({inspect}), then copy or remove it."


def ensure(api: Api, installation: Installation, names: Iterable[str]) -> tuple[str, ...]:
    """Create the missing ones of `names`; returns their names.

    The label never changes: compose deletes a volume whose label changed.
    Raises NodeyardError if a volume of that name is not ours: its data belongs to somebody else.
    """
    made = []
    for name in own_objects.missing("volume", api.volumes()["Volumes"] or (), names, installation, _ADVICE):
        api.create_volume(name, labels={LABEL_INSTALLATION: installation.id})
        made.append(name)
    return tuple(made)


def owned(api: Api, installation: Installation) -> tuple[str, ...]:
    """Names of the volumes with our label."""
    found = api.volumes(filters=own_objects.label_filter(installation))["Volumes"] or ()
    return tuple(sorted(volume["Name"] for volume in found))
