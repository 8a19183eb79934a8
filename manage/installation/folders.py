"""The folders of an installation, each with its owner and mode."""

from __future__ import annotations

from pathlib import Path

from manage.errors import NodeyardError
from manage.installation import documents, ids
from manage.installation.layout import Layout


def expected(layout: Layout) -> tuple[tuple[Path, int, int, int], ...]:
    """Every folder that an installation needs from the start: (path, mode, uid, gid), parents first.

    The first one closes all others to every user of the host but root and the members of the group: specs,
    receipts, rendered files and sockets. What lies in `watch` inherits its group (setgid),
    because watch itself is no member.
    """
    root, group = 0, ids.AGENT_GROUP
    return (
        (layout.dir, 0o750, root, group),
        (layout.dir / "run", 0o755, root, root),
        (layout.secrets_dir, 0o700, root, root),
        (layout.secret_copies_dir, 0o700, root, root),
        (layout.files_dir, 0o755, root, root),
        (layout.compose_dir, 0o750, root, group),
        (layout.specs_dir, 0o750, root, group),
        (layout.receipts_dir, 0o750, root, group),
        (layout.agent_dir, 0o700, root, root),
        (layout.agent_socket_dir, 0o750, root, group),
        (layout.engine_file.parent, 0o755, root, root),
        (layout.watch_dir, 0o2750, ids.WATCH_UID, group),
    )


def make(layout: Layout) -> None:
    """Create the missing folders, and set owner and mode of each. Raises NodeyardError without permission."""
    try:
        for path, mode, uid, gid in expected(layout):
            path.mkdir(parents=True, exist_ok=True)
            if layout.owners.uid(path) != ids.earlier(uid):  # else its content moves first: manage/apply/moved_ids.py
                layout.owners.give(path, uid, gid)
            path.chmod(mode)  # last, because giving a folder away can clear its setgid bit
    except OSError as error:
        raise NodeyardError(
            f"The installation's folder {layout.dir} cannot be created: {error.strerror} ({error.filename}).",
            "Run it as root, or choose another folder with --dir.",
        ) from error


def remove_left(layout: Layout) -> None:
    """Remove what killed processes left half written in the installation's folders."""
    own = [path for path, *_ in expected(layout)]
    per_service = (layout.secret_copies_dir, layout.files_dir, layout.dir / "run" / "start")
    for folder in (*own, *(child for parent in per_service for child in parent.glob("*/"))):
        documents.remove_left(folder)


def make_private(folder: Path) -> None:
    """Create a folder of 0700 and those above it of 0755, whatever the umask is."""
    for parent in reversed([parent for parent in folder.parents if not parent.exists()]):
        parent.mkdir()
        parent.chmod(0o755)  # the umask reduces the mode of mkdir (docker-facts 32)
    folder.mkdir(mode=0o700)
