"""Where an installation's images come from: decided once, by trying, and then kept (docker-facts 18)."""

from __future__ import annotations

from dataclasses import dataclass

from manage.engine.client import connect
from manage.images import lock, recipe
from manage.images.model import ImageSource
from manage.installation.layout import Layout

PATIENCE_S = 10


@dataclass(frozen=True)
class Decision:
    source: ImageSource
    sentence: str
    """Why, for the person who installs."""


def decide(layout: Layout, patience_s: int = PATIENCE_S) -> Decision:
    """The source of an earlier run, else whether the engine gets an answer from a registry within `patience_s`.

    It asks for the base of our own images, and pulls nothing. NodeyardError when the engine itself does not answer.
    """
    sources = {entry.source for name, entry in lock.entries(layout).items()}
    if sources:
        return kept("upstream" if "upstream" in sources else "local")
    reference = recipe.load()["base"].upstream_base
    return by_trial(reference, ask(reference, patience_s))


def kept(source: ImageSource) -> Decision:
    return Decision(source, f"Images stay {source}, as this installation began.")


def by_trial(reference: str, answered: bool) -> Decision:
    """The decision that one try gives; pure."""
    if answered:
        return Decision("upstream", f"Images come from upstream: the registry of {reference} answers.")
    return Decision(
        "local", f"Images are built on this host: the registry of {reference} cannot be reached from Docker's engine."
    )


def ask(reference: str, patience_s: int) -> bool:
    """Whether the engine, with its own proxies and mirrors, gets an answer about `reference` from its registry."""
    from docker.errors import APIError
    from requests.exceptions import RequestException

    with connect(timeout_s=patience_s) as api:
        try:
            api.inspect_distribution(reference)
        except (APIError, RequestException):
            return False
        return True
