"""Refuses to plan changes of objects that have our names but not our installation id."""

from __future__ import annotations

from manage.engine.model import Facts
from manage.errors import NodeyardError
from manage.installation.labels import LABEL_INSTALLATION
from manage.render.model import Stack


def require_own_names(stack: Stack, facts: Facts) -> None:
    """Raise NodeyardError if a container, network or volume has our name and is not ours (docker-facts 3 and 8)."""
    for container in facts.containers:
        if container.project == stack.project and container.installation != stack.installation:
            raise NodeyardError(
                f"Container {container.name} has this project's name ({stack.project}) but not this installation's id, "
                "so it belongs to somebody else. Nothing was changed.",
                "Rename or remove it, or create another installation: manage init --dir DIR",
            )
    for name in (network.name for network in stack.networks):
        if name in facts.networks and facts.networks[name].get(LABEL_INSTALLATION) != stack.installation:
            raise NodeyardError(
                f"Network {name} exists but does not have this installation's id, so it belongs to somebody else.",
                f"If it is not needed, remove it: docker network rm {name}",
            )
    for volume in stack.volumes:
        if volume.name in facts.volumes and facts.volumes[volume.name].get(LABEL_INSTALLATION) != stack.installation:
            raise NodeyardError(
                f"Volume {volume.name} exists but does not have this installation's id: another installation or a "
                f"person created it, and {volume.service} would write into its data.",
                "Copy it to another name, or remove it if its content is not needed.",
            )
