"""Names of the images that a service may run: those with a recipe and those that are pulled. Names only."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from manage.catalog.document import read


def shared_images(root: Path) -> frozenset[str]:
    """Images of the checkout that are not a service's own: `images/<name>/` and the entries of images/upstream.yml."""
    recipes = {path.parent.name for path in root.glob("images/*/recipe.yml")}
    upstream = root / "images/upstream.yml"
    entries = read(upstream, "images/upstream.yml", ours=True).value["images"] if upstream.is_file() else {}
    return frozenset(recipes | set(entries))


def own_images(folders: Iterable[tuple[Path, str]]) -> frozenset[str]:
    """Of (folder of a service, image that it runs), the images that the folder itself makes."""
    return frozenset(
        image
        for folder, image in folders
        if any((folder / "image" / file).is_file() for file in ("recipe.yml", "upstream.yml"))
    )
