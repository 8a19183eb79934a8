"""The folders of an installation, each with its owner and mode."""

from __future__ import annotations

from pathlib import Path

from manage.errors import NodeyardError
from manage.installation.layout import Layout

AGENT_GROUP = 10020
"""Group that may open the agent's socket (docs/architecture.md)."""
WATCH_UID = 10021


def expected(layout: Layout) -> tuple[tuple[Path, int, int, int], ...]:
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


def make(layout: Layout) -> None:
    """Create the missing folders, and set owner and mode of each. Raises NodeyardError without permission."""
    try:
        for path, mode, uid, gid in expected(layout):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
            layout.owners.give(path, uid, gid)
    except OSError as error:
        raise NodeyardError(
            f"The installation's folder {layout.dir} cannot be created: {error.strerror} ({error.filename}).",
            "Run it as root, or choose another folder with --dir.",
        ) from error
