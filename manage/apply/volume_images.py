"""`data-formats.json`: which image opened which volume, recorded before it starts, so that a downgrade is noticed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from manage.installation import documents
from manage.installation.layout import Layout
from manage.render.model import Stack


def record(layout: Layout, stack: Stack, services: Collection[str], now: float) -> None:
    """Record the image of each of `services` for each of its volumes, unless the same image opened it last.

    {"version": 1, "volumes": {NAME: [{"image", "reference", "config_digest", "at"}, ...]}}, newest last.
    """
    volumes = opened(layout)
    changed = False
    for volume in stack.volumes:
        if volume.service not in services:
            continue
        image = stack.service(volume.service).image
        images = volumes.setdefault(volume.name, [])
        if not images or images[-1]["config_digest"] != image.config_digest:
            changed = True
            images.append(
                {"image": image.name, "reference": image.reference, "config_digest": image.config_digest, "at": now}
            )
    if changed:
        documents.write(layout.data_formats_file, {"volumes": volumes})


def opened(layout: Layout) -> dict[str, list[dict[str, Any]]]:
    """Volume -> the images that opened it, newest last; empty before the first `up`."""
    try:
        document = documents.read(layout.data_formats_file)
    except FileNotFoundError:
        return {}
    with documents.require_shape(layout.data_formats_file):
        return {name: list(images) for name, images in document["volumes"].items()}
