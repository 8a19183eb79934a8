"""The inputs of a change, read once per command: identity, catalog, configuration, locked images, generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from manage.apply import secrets
from manage.catalog import Catalog, load_catalog
from manage.config import load as load_config
from manage.config.model import Config
from manage.errors import NodeyardError
from manage.images import lock, recipe
from manage.images.lock import Locked
from manage.images.model import Recipe
from manage.immutable import dataclass
from manage.installation import identity
from manage.installation.identity import Installation
from manage.installation.layout import Layout
from manage.render import image_names, secret_uses
from manage.render.model import Image


@dataclass(frozen=True)
class Inputs:
    """Everything that is read from the installation's folder and the checkout."""

    layout: Layout
    installation: Installation
    catalog: Catalog
    config: Config
    locked: Mapping[str, Locked]
    """Image name -> entry of `images.json`; images that were not built or pulled yet are missing."""
    generations: Mapping[str, int]
    """Secret name -> generation that the next `up` uses."""

    @cached_property
    def image_names(self) -> tuple[str, ...]:
        """The images that the configured services need."""
        return tuple(dict.fromkeys(image_names(self.catalog, self.config)))

    @cached_property
    def recipes(self) -> Mapping[str, Recipe]:
        """The recipe of each image that this checkout and the operator's own services can build."""
        return recipe.load(services=self.layout.services_dir, images=self.catalog.images_of_folders)

    @property
    def images(self) -> dict[str, Image]:
        return {name: entry.image for name, entry in self.locked.items()}

    def with_locked_images(self) -> Inputs:
        """The same, with `images.json` read again after images were built or pulled."""
        return replace(self, locked=lock.entries(self.layout))


def read(layout: Layout) -> Inputs:
    """Read everything in the installation's folder; does not use the engine and changes nothing.

    Raises NodeyardError for a folder without an installation and for an invalid stack.yml.
    """
    installation = identity.read(layout)
    catalog = load_catalog(layout)
    config = load_config(layout.stack_file, catalog)
    generations = secrets.planned(layout, secret_uses(catalog, config, installation.id))
    return Inputs(layout, installation, catalog, config, lock.entries(layout), generations)


def require_images(inputs: Inputs) -> None:
    """Raise NodeyardError unless every image that the stack needs was built or pulled."""
    missing = [name for name in inputs.image_names if name not in inputs.locked]
    if missing:
        raise NodeyardError(
            f"These images are not built or pulled yet: {', '.join(missing)}.", "Run: manage images build"
        )
