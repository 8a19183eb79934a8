"""JSON files of an installation: each begins with `version`, is replaced by rename, and refused when newer than us."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from manage.errors import NodeyardError
from manage.installation.owners import Give

VERSION = 1
RESTORE_HINT = "Put back a copy of it, or move it away."


def replace(
    path: Path, content: bytes, *, mode: int = 0o644, uid: int = -1, gid: int = -1, give: Give = os.chown
) -> None:
    """Put `content` at `path` in one step, durably; readers see the old bytes or the new, never half of them.

    `uid` and `gid` -1 keep our own; `give` passes the file to them. The file is 0600 until it is complete, so a secret
    is never readable on the way.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            if (uid, gid) != (-1, -1):
                give(stream.fileno(), uid, gid)
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write(path: Path, document: Mapping[str, Any], *, mode: int = 0o644) -> None:
    """Write `document` with the version that this manage knows."""
    text = json.dumps({"version": VERSION, **document}, indent=1, ensure_ascii=False)
    replace(path, text.encode() + b"\n", mode=mode)


def read(path: Path) -> dict[str, Any]:
    """The document at `path`, its `version` included.

    Raises FileNotFoundError when there is none, NodeyardError when it is unreadable, broken or newer than us.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NodeyardError(f"{path} cannot be read: {error.strerror}.", "Run it again as root.") from error
    except ValueError as error:
        raise NodeyardError(f"{path} is not JSON: {error}.", RESTORE_HINT) from error
    version = document.get("version") if isinstance(document, dict) else None
    if not isinstance(version, int):
        raise NodeyardError(f"{path} has no version.", RESTORE_HINT)
    if version > VERSION:
        raise NodeyardError(
            f"{path} was written by a newer manage (version {version}, this one knows {VERSION}).",
            "Use the newer manage.",
        )
    return dict(document)


@contextlib.contextmanager
def require_shape(path: Path) -> Iterator[None]:
    """Around the reading of a document's parts: one that is JSON and not of our shape is a NodeyardError, too."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NodeyardError(f"{path} is damaged ({type(error).__name__}: {error}).", RESTORE_HINT) from error
