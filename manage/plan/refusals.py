"""What no plan may touch: things that have our names but not our installation id."""

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
                f"Container {container.name} carries our project's name ({stack.project}) but not our installation id; "
                "it belongs to somebody else. Nothing was changed.",
                "Rename or remove it, or make another installation: manage init --dir DIR",
            )
    for name in stack.networks:
        if name in facts.networks and facts.networks[name].get(LABEL_INSTALLATION) != stack.installation:
            raise NodeyardError(
                f"Network {name} exists but does not carry our installation id; somebody else made it.",
                f"If nobody needs it, remove it: docker network rm {name}",
            )
    for volume in stack.volumes:
        if volume.name in facts.volumes and facts.volumes[volume.name].get(LABEL_INSTALLATION) != stack.installation:
            raise NodeyardError(
                f"Volume {volume.name} exists but does not carry our installation id; it is another installation's or "
                f"was made by hand. {volume.service} would write into data that is not ours.",
                "Copy it to another name, or remove it if nobody needs its content.",
            )
