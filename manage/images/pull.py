"""Upstream images: pulled by digest, that of `images/upstream.yml` or one that a person confirmed (`unpinned`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manage import bounded_yaml, untrusted
from manage.catalog import images as catalog_images
from manage.engine.client import Api
from manage.errors import NodeyardError
from manage.events import Event, Progress
from manage.images import recipe, store
from manage.images.lock import Locked
from manage.images.model import Recipe
from manage.installation.layout import CHECKOUT
from manage.render.model import Image

UPSTREAM_FILE = "images/upstream.yml"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def upstream(checkout: Path = CHECKOUT, services: Path | None = None) -> Mapping[str, str]:
    """Image name -> `repository:tag`, or `repository@sha256:...` where the file pins a digest already.

    `services` is the folder of the operator's own services, each of which may have an `image/upstream.yml`.
    """
    entries = dict(_read(checkout / UPSTREAM_FILE, ours=True)["images"])
    if services:
        shipped, known = frozenset(entries), catalog_images.recipes(checkout, {})
        for name, path in recipe.of_operators(services, "upstream.yml", shipped, known, {}):
            entries[name] = _read(path)
    return {name: _reference(name, entry) for name, entry in entries.items()}


def bases(recipes: Mapping[str, Recipe], known: Mapping[str, str], checkout: Path = CHECKOUT) -> Mapping[str, str]:
    """`upstream_base` of each recipe -> the same, with the digest that the file pins for that reference."""
    entries = _read(checkout / UPSTREAM_FILE, ours=True)["images"]
    pinned = {entry["reference"]: _reference(name, entry) for name, entry in entries.items()}
    found = {entry.upstream_base for entry in recipes.values() if entry.upstream_base}
    return {reference: pinned.get(reference, reference) for reference in sorted(found - known.keys())}


def _reference(name: str, entry: Mapping[str, Any]) -> str:
    digest = entry.get("digest")
    if digest and not DIGEST.fullmatch(str(digest)):
        raise NodeyardError(
            f"The digest of the upstream image {name} is not sha256: and 64 hexadecimal digits: {digest}.",
            f"Correct it in {UPSTREAM_FILE}, or in image/upstream.yml of your own service.",
        )
    return by_digest(entry["reference"], digest) if digest else str(entry["reference"])


def _read(path: Path, *, ours: bool = False) -> Any:
    return bounded_yaml.load(untrusted.text(path), ours=ours)


def is_current(earlier: Locked | None, api: Api) -> bool:
    """Whether the engine still has the upstream image that was locked."""
    if earlier is None or earlier.source != "upstream" or not store.has(api, earlier.image.reference):
        return False
    return earlier.engine_id == store.engine_id(api, earlier.image.reference)


def locked(name: str, reference: str, earlier: Locked | None, api: Api, progress: Progress) -> Locked:
    """The lock's entry for an upstream image: what was locked before, else what `reference` means now.

    A tag that moved since then has no effect; `ensure` gives only references with a digest (`unpinned.pin`).
    Raises NodeyardError when the image cannot be pulled.
    """
    wanted = earlier.image.reference if earlier and earlier.source == "upstream" else reference
    if not store.has(api, wanted):
        fetch(name, wanted, progress)
    if earlier and is_current(earlier, api):
        return earlier
    exact = wanted if "@" in wanted else by_digest(wanted, digest_of(api, wanted))
    image = Image(name, exact, store.config_digest(api, exact))
    return Locked(image, "upstream", store.engine_id(api, exact))


def fetch(name: str, reference: str, progress: Progress) -> None:
    """Pull one image. Raises NodeyardError with the engine's message when that fails."""
    import python_on_whales

    progress(Event("step", name, f"Pulling {reference}"))
    try:
        python_on_whales.docker.image.pull(reference, quiet=True)
    except python_on_whales.DockerException as error:
        raise unreachable(reference, (error.stderr or "").strip()) from error


def unreachable(reference: str, reason: str) -> NodeyardError:
    """The registry's or the engine's reason as an error for the person."""
    return NodeyardError(
        f"The image {reference} could not be pulled: {reason}",
        "Is the registry reachable from this host? Without one, set `images.source: local` in stack.yml.",
    )


def by_digest(reference: str, digest: str) -> str:
    """`registry:5000/a/b:tag` and `sha256:...` -> `registry:5000/a/b@sha256:...`."""
    folder, slash, name = reference.rpartition("/")
    return f"{folder}{slash}{name.split(':')[0]}@{digest}"


def digest_of(api: Api, reference: str) -> str:
    """`sha256:...` under which the engine pulled `reference`. Raises NodeyardError if it does not know one."""
    repository = by_digest(reference, "").removesuffix("@")
    for candidate in api.inspect_image(reference)["RepoDigests"]:
        if candidate.split("@")[0].endswith(repository):
            return str(candidate.split("@")[1])
    raise NodeyardError(
        f"The engine does not know the digest of {reference} after pulling it.",
        f"Pull it yourself and see what it says: docker pull {reference}",
    )
