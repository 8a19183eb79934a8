"""An installation's identity and its folders: made once, read by everyone."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from manage.errors import NodeyardError
from manage.host import documents
from manage.host.identity import Installation
from manage.host.layout import DEFAULT_DIR, Layout

AGENT_GROUP = 10020
"""Group that may open the agent's socket (docs/architecture.md)."""
WATCH_UID = 10021


def folders(layout: Layout) -> tuple[tuple[Path, int, int, int], ...]:
    """Every folder that an installation needs from the start: (path, mode, uid, gid), parents first."""
    root, watch = 0, WATCH_UID
    return (
        (layout.dir, 0o755, root, root),
        (layout.dir / "run", 0o755, root, root),
        (layout.secrets_dir, 0o700, root, root),
        (layout.secret_copies_dir, 0o700, root, root),
        (layout.files_dir, 0o755, root, root),
        (layout.compose_dir, 0o755, root, root),
        (layout.specs_dir, 0o755, root, root),
        (layout.receipts_dir, 0o755, root, root),
        (layout.agent_dir, 0o700, root, root),
        (layout.agent_socket_dir, 0o750, root, AGENT_GROUP),
        (layout.engine_file.parent, 0o755, root, root),
        (layout.watch_dir, 0o755, watch, watch),
    )


def create(layout: Layout, project: str | None = None) -> Installation:
    """Make the folders and, where there is none yet, a new identity; an identity that is there stays.

    The compose project is `nodeyard` in the default folder, else `nodeyard-<id>`, so that two installations on one
    host never share a name. `project` overrides it (tests). Raises NodeyardError without the right to do it.
    """
    make_folders(layout)
    if layout.installation_file.exists():
        return read(layout)
    identity = secrets.token_hex(4)
    name = project or ("nodeyard" if layout.dir == DEFAULT_DIR else f"nodeyard-{identity}")
    documents.write(
        layout.installation_file, {"id": identity, "project": name, "created_at": round(time.time(), 3)}, mode=0o644
    )
    return Installation(identity, name)


def make_folders(layout: Layout) -> None:
    """Every folder that is missing, each with the owner and mode it should have. NodeyardError without the right."""
    try:
        for path, mode, uid, gid in folders(layout):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
            layout.owners.give(path, uid, gid)
    except OSError as error:
        raise NodeyardError(
            f"The installation's folder {layout.dir} cannot be made: {error.strerror} ({error.filename}).",
            "Run it as root, or name another folder with --dir.",
        ) from error


def read(layout: Layout) -> Installation:
    """Who lives in this folder. Raises NodeyardError when nobody does, or when a newer manage wrote it."""
    try:
        document = documents.read(layout.installation_file)
    except FileNotFoundError:
        raise NodeyardError(
            f"There is no installation in {layout.dir}.", "Make one with manage init, or name its folder with --dir."
        ) from None
    identity, project = document.get("id"), document.get("project")
    if not isinstance(identity, str) or not isinstance(project, str) or not identity or not project:
        raise NodeyardError(
            f"{layout.installation_file} names no installation id and project.", "Put back a copy of it."
        )
    return Installation(identity, project)
