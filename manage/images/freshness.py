"""Which locked images no longer match the checkout and the configuration, for `manage plan`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from manage.errors import NodeyardError
from manage.images import digests, host_settings, lock, recipe
from manage.images.model import ImageSource, Recipe
from manage.installation.layout import CHECKOUT


def outdated(
    names: Iterable[str],
    recipes: Mapping[str, Recipe],
    locked: Mapping[str, lock.Locked],
    source: ImageSource,
    checkout: Path = CHECKOUT,
) -> tuple[str, ...]:
    """Those of `names` whose recipe or sources changed since they were built: `ensure.images` would build them again.

    Raises NodeyardError as `require_same_source` does.
    """
    names = tuple(name for name in dict.fromkeys(names) if name in locked)
    require_same_source(locked, names, recipes, source)
    certificates = host_settings.certificates()
    with digests.kept(checkout) as known:
        return tuple(
            name
            for name in names
            if locked[name].source == "local"
            and locked[name].image.recipe
            != recipe.fingerprint(name, recipes, source, certificates, checkout, digests=known)
        )


def require_same_source(
    locked: Mapping[str, lock.Locked], names: Iterable[str], recipes: Mapping[str, Recipe], source: ImageSource
) -> None:
    """Raise NodeyardError if an image came from the other source before: it must not open the same data.

    Images of our own are always built here.
    """
    for name in names:
        own = name in recipes and recipes[name].ours
        if name in locked and locked[name].source != ("local" if own else source):
            began = locked[name].source
            raise NodeyardError(
                f"images.source is {source}, but this installation began with {began}. Images from another source must "
                "not open its data.",
                f"Set it back: manage config set images.source {began}. A new installation can use another: --dir DIR",
            )
