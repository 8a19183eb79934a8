"""The three networks of an installation: created by the CLI, external to both compose projects."""

from __future__ import annotations

from collections.abc import Iterable

from manage.engine import own_objects
from manage.engine.client import Api
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION

INTERNAL = ("data",)
"""Networks without access to the outside: databases do not need it."""
_ADVICE = "See what uses it ({inspect}), then rename or remove it."


def ensure(api: Api, installation: Installation, names: Iterable[str]) -> tuple[str, ...]:
    """Create the missing ones of `names` (full Docker names, `<project>_<front|chain|data>`); returns their names.

    Raises NodeyardError if a network of that name is not ours: it is never used, changed or removed.
    """
    made = []
    for name in own_objects.missing("network", api.networks(), names, installation, _ADVICE):
        api.create_network(
            name,
            driver="bridge",
            internal=name.rpartition("_")[2] in INTERNAL,
            check_duplicate=True,
            labels={LABEL_INSTALLATION: installation.id},
        )
        made.append(name)
    return tuple(made)


def remove_all(api: Api, installation: Installation) -> tuple[str, ...]:
    """Remove the networks with our label and return their names. Raises NodeyardError if another container uses one."""
    from docker.errors import APIError

    removed = []
    for network in owned(api, installation):
        try:
            api.remove_network(network["Id"])
        except APIError as error:
            raise NodeyardError(
                f"The network {network['Name']} is still in use: {error.explanation}.",
                f"Disconnect its containers (docker network inspect {network['Name']}), then run this again.",
            ) from error
        removed.append(network["Name"])
    return tuple(removed)


def owned(api: Api, installation: Installation) -> list[dict[str, str]]:
    """The engine's entries of the networks with our label."""
    return list(api.networks(filters=own_objects.label_filter(installation)))
