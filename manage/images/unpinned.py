"""Upstream images whose digest nobody has recorded: the registry's answer is confirmed before it is pulled."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from manage.engine.client import Api
from manage.errors import NodeyardError
from manage.images import pull, store
from manage.images.lock import Locked
from manage.immutable import dataclass


@dataclass(frozen=True)
class Unpinned:
    """One image that only its tag names."""

    name: str
    reference: str
    """`repository:tag`."""
    digest: str
    """`sha256:...`, what the tag means now."""

    @property
    def exact(self) -> str:
        return pull.by_digest(self.reference, self.digest)


Trust = Callable[[tuple[Unpinned, ...]], None]
"""Shows the digests and asks; raises NodeyardError without consent."""


def refuse(images: tuple[Unpinned, ...]) -> None:
    """A `Trust` for callers who have nobody to ask. Raises NodeyardError with every image and its digest."""
    listed = "\n".join(f"  {image.name}: {image.exact}" for image in images)
    raise NodeyardError(
        f"No digest is recorded for these images, and only a person can accept what a registry answers:\n{listed}",
        f"Compare them with what the publishers name, then run the command at a terminal without --yes, or write them "
        f"into {pull.UPSTREAM_FILE}. To build every image here instead: manage config set images.source local",
    )


def pin(wanted: Mapping[str, str], earlier: Mapping[str, Locked], api: Api, trust: Trust) -> Mapping[str, str]:
    """`wanted` (name -> reference) with a digest in every reference; `trust` is asked once, about all that had none.

    An image that was locked before keeps its digest. Nothing is pulled. Raises NodeyardError without consent, and if a
    registry does not answer.
    """
    known = {name: earlier[name].image.reference for name in wanted if _is_locked(earlier.get(name))}
    found = tuple(
        Unpinned(name, reference, _digest(reference, api))
        for name, reference in wanted.items()
        if "@" not in reference and name not in known
    )
    if found:
        trust(found)
    return {**wanted, **known, **{image.name: image.exact for image in found}}


def _is_locked(entry: Locked | None) -> bool:
    return entry is not None and entry.source == "upstream"


def _digest(reference: str, api: Api) -> str:
    """What the tag means: of the image that the engine has, else the registry's answer."""
    if store.has(api, reference):
        return pull.digest_of(api, reference)
    from docker.errors import APIError

    try:
        return str(api.inspect_distribution(reference)["Descriptor"]["digest"])
    except APIError as error:
        raise pull.unreachable(reference, str(error.explanation or error)) from error
