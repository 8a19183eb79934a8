"""Images of the operator's own services: a new or changed Dockerfile is confirmed before it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from manage import untrusted
from manage.errors import NodeyardError
from manage.images import host_settings, recipe
from manage.images.lock import Locked
from manage.images.model import ImageSource
from manage.immutable import dataclass
from manage.installation.layout import Layout


@dataclass(frozen=True)
class Unbuilt:
    """One image that was never built from what its folder holds now."""

    image: str
    dockerfile: Path
    text: str
    files: tuple[str, ...] = ()
    """Other files of the folder, which the build can see."""


Confirm = Callable[[tuple[Unbuilt, ...]], None]
"""Shows the Dockerfiles and asks; raises NodeyardError without consent."""


def refuse(images: tuple[Unbuilt, ...]) -> None:
    """A `Confirm` for callers with nobody to ask."""
    raise NodeyardError(
        f"{', '.join(str(image.dockerfile) for image in images)}: nobody has confirmed this Dockerfile yet.",
        "On the host, which shows it and asks: manage images build",
    )


def unbuilt(
    layout: Layout, names: Iterable[str], locked: Mapping[str, Locked], source: ImageSource
) -> tuple[Unbuilt, ...]:
    """Those of `names` that belong to the operator's services and whose Dockerfile or inputs are new or changed."""
    if not layout.services_dir.is_dir():
        return ()
    recipes = recipe.load(services=layout.services_dir)
    certificates = host_settings.certificates()
    found = []
    for name in dict.fromkeys(names):
        if name not in recipes or not recipes[name].operators:
            continue
        known = locked.get(name)
        if known is None or known.image.recipe != recipe.fingerprint(name, recipes, source, certificates):
            dockerfile = Path(recipes[name].folder) / "Dockerfile"
            files = tuple(path for path, _file in recipe.files(recipes[name], recipes[name].inputs))
            found.append(Unbuilt(name, dockerfile, untrusted.text(dockerfile), files))
    return tuple(found)
