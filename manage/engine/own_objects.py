"""Whose a network or volume is: the label tells, never the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION


def missing(
    kind: str, present: Iterable[Mapping[str, Any]], names: Iterable[str], installation: Installation, advice: str
) -> Iterator[str]:
    """Those of `names` that are to be made, one after the other.

    `kind` is Docker's word (`network`, `volume`), `present` the engine's entries of it. Raises NodeyardError, with
    `advice` after the command that shows it, at the first that is there and not ours: it is never used, changed or
    removed.
    """
    labels = {entry["Name"]: entry.get("Labels") or {} for entry in present}
    for name in names:
        if name not in labels:
            yield name
        elif labels[name].get(LABEL_INSTALLATION) != installation.id:
            raise NodeyardError(
                f"There is a {kind} {name} that is not this installation's (it lacks the label "
                f"{LABEL_INSTALLATION}={installation.id}).",
                advice.format(inspect=f"docker {kind} inspect {name}"),
            )


def label_filter(installation: Installation) -> dict[str, str]:
    """The engine's filter for what is ours."""
    return {"label": f"{LABEL_INSTALLATION}={installation.id}"}
