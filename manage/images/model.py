"""The content of an image recipe."""

from __future__ import annotations

from typing import Literal

from manage.immutable import dataclass

ImageSource = Literal["upstream", "local"]
"""Pulled from a registry, or built on this host."""
RecipeKind = Literal["dockerfile", "root"]

REPOSITORY = "localhost/nodeyard"
"""The engine never asks a registry for names under `localhost/` (docker-facts 9)."""

LABEL_IMAGE = "io.nodeyard.image"
LABEL_RECIPE = "io.nodeyard.recipe"
LABEL_STAGE = "io.nodeyard.stage"
"""On the build stages of a Dockerfile with several: they are removed after the build."""


@dataclass(frozen=True)
class Programs:
    """Programs compiled from a source package, or taken prebuilt, that an image is made of."""

    version: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """One `recipe.yml`, in `images/<name>/` or in the `image/` folder of the service it belongs to."""

    name: str
    kind: RecipeKind
    folder: str
    """Its folder in the checkout. In its inputs, its Dockerfile and the build context the folder is `images/<name>`."""
    base: str = ""
    """Recipe whose image is the Dockerfile's `ARG BASE`."""
    upstream_base: str = ""
    """Image taken as base instead where a registry can be reached."""
    inputs: tuple[str, ...] = ()
    """Files and folders of the checkout that the build sees, under the same paths."""
    ours: bool = False
    """An image of our own services: always built here, whatever the source of the others."""
    operators: bool = False
    """It belongs to a service of the operator's own: its Dockerfile is shown and confirmed before it is built."""
    host_certificates: bool = False
    """The build sees the host's own CA certificates in `certificates/`."""
    programs: Programs | None = None
    suite: str = ""
    include: tuple[str, ...] = ()
    """For a root: the distribution's suite and packages."""
    dpkg_options: tuple[str, ...] = ()
    """For a root: dpkg settings that stay in it, and so apply to every image built on it."""

    @property
    def context_folder(self) -> str:
        """The name of its folder in its inputs and in the build context, wherever the folder is."""
        return f"images/{self.name}"


def reference(name: str, fingerprint: str) -> str:
    """The tag of a locally built image, from the hash of its recipe."""
    return f"{REPOSITORY}/{name}:{fingerprint[:12]}"
