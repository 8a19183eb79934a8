"""Where an installation's images come from: decided once, by asking a registry, and then kept (docker-facts 18)."""

from __future__ import annotations

from manage.engine.client import connect
from manage.images import lock, recipe
from manage.images.model import ImageSource
from manage.immutable import dataclass
from manage.installation.layout import Layout

ANSWER_WITHIN_S = 10


@dataclass(frozen=True)
class Decision:
    """Where images come from, with the reason as a sentence."""

    source: ImageSource
    sentence: str
    """Why, for the person who installs."""


def decide(layout: Layout, within_s: int = ANSWER_WITHIN_S) -> Decision:
    """The source of an earlier run; without one, whether a registry answers the engine within `within_s` seconds.

    It asks about the base of our own images, and pulls nothing. Raises NodeyardError when the engine does not answer.
    """
    sources = {entry.source for name, entry in lock.entries(layout).items()}
    if sources:
        return unchanged("upstream" if "upstream" in sources else "local")
    reference = recipe.load()["base"].upstream_base
    return from_answer(reference, registry_answers(reference, within_s))


def unchanged(source: ImageSource) -> Decision:
    return Decision(source, f"Images stay {source}, the source this installation began with.")


def from_answer(reference: str, answered: bool) -> Decision:
    """The decision after one question to the registry; pure."""
    if answered:
        return Decision("upstream", f"Images come from upstream: the registry of {reference} answers.")
    return Decision(
        "local", f"Images are built on this host: the registry of {reference} cannot be reached from Docker's engine."
    )


def registry_answers(reference: str, within_s: int) -> bool:
    """Whether the engine, with its own proxies and mirrors, gets an answer about `reference` from its registry."""
    from docker.errors import APIError
    from requests.exceptions import RequestException

    with connect(timeout_s=within_s) as api:
        try:
            api.inspect_distribution(reference)
        except (APIError, RequestException):
            return False
        return True
