"""Connects a running container to networks and disconnects it, without recreating it."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from manage.engine.client import Api
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION, LABEL_SERVICE


def attach(api: Api, installation: Installation, service: str, own: Collection[str], live: Collection[str]) -> None:
    """Connect our container of `service` to the networks `live`, and disconnect it from all but these and `own`.

    Both are full names. Those in `own` come from its Compose file, so Compose connects it to them.
    """
    filters = {"label": [f"{LABEL_INSTALLATION}={installation.id}", f"{LABEL_SERVICE}={service}"]}
    for container in api.containers(all=True, filters=filters):
        found = set(api.inspect_container(container["Id"])["NetworkSettings"]["Networks"])
        for name in live:
            if name not in found:
                api.connect_container_to_network(container["Id"], name)
        for name in found - {*own, *live}:
            _disconnect(api, container["Id"], name)


def _disconnect(api: Api, container: str, network: str) -> None:
    """Disconnect the container; it is no error if container or network no longer exists."""
    from docker.errors import APIError

    try:
        api.disconnect_container_from_network(container, network)
    except APIError as error:
        if error.status_code != HTTPStatus.NOT_FOUND:
            raise
