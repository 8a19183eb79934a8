"""Images that a service may run, those with a recipe and those that are pulled: where they are, and their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from manage.catalog.document import read
from manage.errors import NodeyardError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")


def shared_images(root: Path) -> frozenset[str]:
    """Images of the checkout that are not a service's own: `images/<name>/` and the entries of images/upstream.yml."""
    upstream = root / "images/upstream.yml"
    entries = read(upstream, "images/upstream.yml", ours=True).value["images"] if upstream.is_file() else {}
    return frozenset(_shared_recipes(root).keys() | set(entries))


def own_images(folders: Iterable[tuple[Path, str]]) -> frozenset[str]:
    """Of (folder of a service, image that it runs), the images that the folder itself makes."""
    return frozenset(
        image
        for folder, image in folders
        if any((folder / "image" / file).is_file() for file in ("recipe.yml", "upstream.yml"))
    )


def recipes(root: Path, images: Mapping[Path, str]) -> dict[str, Path]:
    """Image -> its recipe.yml, for each image that the checkout can build; `images` as for `image_of`."""
    of_services = image_files(root / "profiles/services", "recipe.yml")
    return _shared_recipes(root) | {image_of(path.parent.parent, images, ours=True): path for path in of_services}


def image_files(services: Path, file: str) -> list[Path]:
    """Each `file` in the folders `image/` of these services."""
    return sorted(services.glob(f"*/image/{file}"))


def image_of(folder: Path, images: Mapping[Path, str], *, ours: bool = False) -> str:
    """The image that the service in `folder` runs: that of `images`, else what its file says.

    Raises NodeyardError if the file does not say it.
    """
    path = folder / "service.yml"
    image = images.get(folder)
    if image is None:
        document = read(path, str(path), ours=ours).value
        image = document.get("image") if isinstance(document, dict) else None
    if not isinstance(image, str) or not NAME.fullmatch(image):
        raise NodeyardError(f"{path}: image is not a name of lower-case letters, digits and -.", "Name the image.")
    return image


def _shared_recipes(root: Path) -> dict[str, Path]:
    return {path.parent.name: path for path in root.glob("images/*/recipe.yml")}
