"""`images.json`: the images of this installation, so that a render needs no engine and the source never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manage.images.model import ImageSource
from manage.immutable import dataclass
from manage.installation import documents
from manage.installation.layout import Layout
from manage.render.model import Image


@dataclass(frozen=True)
class Locked:
    """One entry of the lock."""

    image: Image
    source: ImageSource
    engine_id: str
    """Its id in this host's engine: the config digest, or with the containerd store the digest of the manifest."""


def read(layout: Layout) -> Mapping[str, Image]:
    """The locked images by name; empty before the first build or pull."""
    return {name: entry.image for name, entry in entries(layout).items()}


def entries(layout: Layout) -> Mapping[str, Locked]:
    """The whole lock by name. Raises NodeyardError when a newer manage wrote it or when it cannot be read."""
    try:
        document = documents.read(layout.image_lock_file)
    except FileNotFoundError:
        return {}
    with documents.require_shape(layout.image_lock_file):
        return {name: _entry(name, entry) for name, entry in document["images"].items()}


def identities(layout: Layout) -> Mapping[str, str]:
    """Engine id of each locked image -> its config digest, for facts read from the engine."""
    return {entry.engine_id: entry.image.config_digest for entry in entries(layout).values()}


def write(layout: Layout, locked: Mapping[str, Locked]) -> None:
    """Replace the lock."""
    images = {
        name: {
            "reference": entry.image.reference,
            "config_digest": entry.image.config_digest,
            "recipe": entry.image.recipe,
            "source": entry.source,
            "engine_id": entry.engine_id,
        }
        for name, entry in sorted(locked.items())
    }
    layout.dir.mkdir(parents=True, exist_ok=True)
    documents.write(layout.image_lock_file, {"images": images})


def _entry(name: str, entry: Mapping[str, Any]) -> Locked:
    image = Image(name, entry["reference"], entry["config_digest"], entry["recipe"])
    return Locked(image, entry["source"], entry["engine_id"])
