"""The identity of an installation: its id and compose project, created once."""

from __future__ import annotations

import secrets
import time

from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation import documents, folders
from manage.installation.layout import DEFAULT_DIR, Layout

LAYOUT_VERSION = 3
"""Version of the folder as a whole, in `installation.json`: 2 may hold own services, 3 has data of the user ids in
`manage.installation.ids`. A checkout that knows only an earlier version refuses it."""


@dataclass(frozen=True)
class Installation:
    """The identity on this host: every container, volume, network and image of the installation has `id` as a label."""

    id: str
    project: str
    """Compose project of the stack; the manager's is `<project>-manager`."""

    @property
    def manager_project(self) -> str:
        return f"{self.project}-manager"


def create(layout: Layout, project: str | None = None) -> Installation:
    """Create the folders and, if there is none yet, a new identity; an existing identity is kept.

    The compose project is `nodeyard` in the default folder, else `nodeyard-<id>`, so that two installations on one
    host never share a name. `project` overrides it (tests). Raises NodeyardError without permission.
    """
    if layout.installation_file.exists():
        folders.make(layout)
        return read(layout)
    if ":" in str(layout.dir) or not str(layout.dir).isprintable():
        raise NodeyardError(
            f"The path {str(layout.dir)!r} holds a colon or a control character, which ends a path in many places.",
            "Choose another folder with --dir.",
        )
    folders.make(layout)
    identity = secrets.token_hex(4)
    name = project or ("nodeyard" if layout.dir == DEFAULT_DIR else f"nodeyard-{identity}")
    documents.write(
        layout.installation_file,
        {"version": LAYOUT_VERSION, "id": identity, "project": name, "created_at": round(time.time(), 3)},
        mode=0o644,
    )
    return Installation(identity, name)


def read(layout: Layout) -> Installation:
    """The identity in this folder. Raises NodeyardError if there is none, or if a newer manage wrote it."""
    try:
        document = documents.read(layout.installation_file, known=LAYOUT_VERSION)
    except FileNotFoundError:
        raise NodeyardError(
            f"There is no installation in {layout.dir}.",
            "Create one with manage init, or give its folder with --dir.",
        ) from None
    identity, project = document.get("id"), document.get("project")
    if not isinstance(identity, str) or not isinstance(project, str) or not identity or not project:
        raise NodeyardError(f"{layout.installation_file} has no installation id or project.", "Restore a copy of it.")
    return Installation(identity, project)


def is_current(layout: Layout) -> bool:
    """Whether a whole `up` of this version has taken the installation over."""
    return bool(documents.read(layout.installation_file, known=LAYOUT_VERSION)["version"] == LAYOUT_VERSION)


def record_layout_version(layout: Layout) -> None:
    """Write down that this manage has taken the installation over, so that an older checkout refuses it.

    Called when every container already runs this version: the older ones could not read the file any more, and their
    data may have moved to other user ids.
    """
    document = documents.read(layout.installation_file, known=LAYOUT_VERSION)
    if document["version"] < LAYOUT_VERSION:
        documents.write(layout.installation_file, {**document, "version": LAYOUT_VERSION}, mode=0o644)
