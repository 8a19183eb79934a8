"""`images.json`: which images this installation runs, so that a render needs no engine and a source never flips."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manage.errors import NodeyardError
from manage.host.layout import Layout
from manage.images.model import ImageSource
from manage.render.model import Image

VERSION = 1


@dataclass(frozen=True)
class Locked:
    """One entry of the lock."""

    image: Image
    source: ImageSource
    engine_id: str
    """What this host's engine calls it: the config digest, or with the containerd store the manifest's."""


def read(layout: Layout) -> Mapping[str, Image]:
    """The locked images by name; empty before the first build or pull."""
    return {name: entry.image for name, entry in entries(layout).items()}


def entries(layout: Layout) -> Mapping[str, Locked]:
    """The whole lock by name. NodeyardError when a newer manage wrote it or it cannot be read."""
    path = layout.image_lock_file
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise NodeyardError(
            f"{path} is not readable as JSON: {error}.", "Delete it: the next `manage up` makes it anew."
        ) from error
    if document["version"] > VERSION:
        raise NodeyardError(
            f"{path} was written by a newer manage (version {document['version']}).", "Update this checkout."
        )
    return {name: _entry(name, entry) for name, entry in document["images"].items()}


def identities(layout: Layout) -> Mapping[str, str]:
    """What this host's engine calls each locked image -> its config digest, for facts read from the engine."""
    return {entry.engine_id: entry.image.config_digest for entry in entries(layout).values()}


def write(layout: Layout, locked: Mapping[str, Locked]) -> None:
    """Replace the lock."""
    document = {
        "version": VERSION,
        "images": {
            name: {
                "reference": entry.image.reference,
                "config_digest": entry.image.config_digest,
                "recipe": entry.image.recipe,
                "source": entry.source,
                "engine_id": entry.engine_id,
            }
            for name, entry in sorted(locked.items())
        },
    }
    _replace(layout.image_lock_file, json.dumps(document, indent=2) + "\n")


def _entry(name: str, entry: Mapping[str, Any]) -> Locked:
    image = Image(name, entry["reference"], entry["config_digest"], entry["recipe"])
    return Locked(image, entry["source"], entry["engine_id"])


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
