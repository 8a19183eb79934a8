"""Which networks and volumes are ours: the label decides, never the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION


def missing(
    kind: str, present: Iterable[Mapping[str, Any]], names: Iterable[str], installation: Installation, advice: str
) -> Iterator[str]:
    """Yield those of `names` that do not exist yet.

    `kind` is Docker's word (`network`, `volume`), `present` the engine's entries of it. Raises NodeyardError with
    `advice` at the first name that exists and is not ours: it is never used, changed or removed.
    """
    labels = {entry["Name"]: entry.get("Labels") or {} for entry in present}
    for name in names:
        if name not in labels:
            yield name
        elif labels[name].get(LABEL_INSTALLATION) != installation.id:
            raise NodeyardError(
                f"The {kind} {name} does not belong to this installation (it lacks the label "
                f"{LABEL_INSTALLATION}={installation.id}).",
                advice.format(inspect=f"docker {kind} inspect {name}"),
            )


def label_filter(installation: Installation) -> dict[str, str]:
    """The engine's filter for our objects."""
    return {"label": f"{LABEL_INSTALLATION}={installation.id}"}
