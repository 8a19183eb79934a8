"""The three networks of an installation: made by the CLI, external to both compose projects."""

from __future__ import annotations

from collections.abc import Iterable

from manage.engine import own_objects
from manage.engine.client import Api
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION

INTERNAL = ("data",)
"""Networks without a way out: databases talk to no one outside."""
_ADVICE = "Look what uses it ({inspect}) and rename or remove it yourself."


def ensure(api: Api, installation: Installation, names: Iterable[str]) -> tuple[str, ...]:
    """Make those of `names` (full Docker names, `<project>_<front|chain|data>`) that are missing; gives what was made.

    Raises NodeyardError when one of that name is not ours: it is never used, changed or removed.
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
    """Remove the networks with our label; gives their names. A stranger's container on one keeps it: NodeyardError."""
    from docker.errors import APIError

    removed = []
    for network in owned(api, installation):
        try:
            api.remove_network(network["Id"])
        except APIError as error:
            raise NodeyardError(
                f"The network {network['Name']} is still used: {error.explanation}.",
                f"Disconnect what is on it (docker network inspect {network['Name']}), then run this again.",
            ) from error
        removed.append(network["Name"])
    return tuple(removed)


def owned(api: Api, installation: Installation) -> list[dict[str, str]]:
    """The engine's entries of the networks that carry our label."""
    return list(api.networks(filters=own_objects.label_filter(installation)))
