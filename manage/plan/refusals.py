"""What a plan must not touch: things that carry our names but not our installation id."""

from __future__ import annotations

from manage.engine.model import LABEL_INSTALLATION, Facts
from manage.errors import NodeyardError
from manage.render.model import Stack


def strangers(stack: Stack, facts: Facts) -> None:
    """Raise NodeyardError for a container, network or volume of our names that is not ours (docker-facts 3 and 8)."""
    for container in facts.containers:
        if container.project == stack.project and container.installation != stack.installation:
            raise NodeyardError(
                f"Container {container.name} carries our project's name ({stack.project}) but not our installation id; "
                "it belongs to somebody else, and nothing was changed.",
                "Rename or remove it yourself, or make another installation: manage init --dir DIR",
            )
    for name in stack.networks:
        if name in facts.networks and facts.networks[name].get(LABEL_INSTALLATION) != stack.installation:
            raise NodeyardError(
                f"Network {name} is there but does not carry our installation id; it was made by somebody else.",
                f"If nobody needs it: docker network rm {name}",
            )
    for volume in stack.volumes:
        if volume.name in facts.volumes and facts.volumes[volume.name].get(LABEL_INSTALLATION) != stack.installation:
            raise NodeyardError(
                f"Volume {volume.name} is there but does not carry our installation id; its definition changed or it "
                f"is another installation's. {volume.service} would write into data that is not ours.",
                "Keep it under another name, or remove it if nobody needs what it holds.",
            )
