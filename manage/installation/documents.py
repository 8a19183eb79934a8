"""JSON files of an installation: each has a `version` and is replaced by rename; newer versions are refused."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from manage import untrusted
from manage.errors import NodeyardError
from manage.installation.owners import Give

VERSION = 1
NEW = ".nodeyard-new"
"""The end of the name under which a file is written before it replaces the earlier one."""
LEFT_S = 60.0
"""Older, such a file was left behind by a process that was killed: writing one takes milliseconds."""
RESTORE_HINT = "Restore a copy of it, or move it away."


def replace(
    path: Path, content: bytes, *, mode: int = 0o644, uid: int = -1, gid: int = -1, give: Give = os.chown
) -> None:
    """Write `content` to `path` atomically and durably; readers see the old bytes or the new ones.

    `uid` and `gid` -1 keep the owner of this process; else `give` changes the owner. The file is 0600 until it is
    complete, so that a secret is never readable in between. Raises OSError, and NodeyardError if a folder is there.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=NEW, dir=path.parent)
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
    except IsADirectoryError as error:
        temporary.unlink(missing_ok=True)
        raise NodeyardError(
            f"{path} is a folder, but a file belongs there.", "Move it away, then run the same command again."
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_left(folder: Path) -> None:
    """Remove what a killed `replace` left in `folder`: half a file, perhaps with a secret in it."""
    for path in folder.glob(f".*{NEW}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.lstat().st_mtime > LEFT_S:
                path.unlink()


def write(path: Path, document: Mapping[str, Any], *, mode: int = 0o644) -> None:
    """Write `document` with the current version."""
    text = json.dumps({"version": VERSION, **document}, indent=1, ensure_ascii=False)
    replace(path, text.encode() + b"\n", mode=mode)


def read(path: Path, *, known: int = VERSION) -> dict[str, Any]:
    """The document at `path`, its `version` included; `known` is the newest version that the caller reads.

    Raises FileNotFoundError if there is none, and NodeyardError if it is unreadable, damaged or of a newer version.
    """
    try:
        document = untrusted.parse_json(untrusted.content(path))
    except FileNotFoundError:
        raise
    except untrusted.Refused as error:
        raise NodeyardError(f"{path} cannot be read: {error.strerror}.", RESTORE_HINT) from error
    except OSError as error:
        raise NodeyardError(f"{path} cannot be read: {error.strerror}.", "Run it again as root.") from error
    except ValueError as error:
        raise NodeyardError(f"{path} is not JSON: {error}.", RESTORE_HINT) from error
    version = document.get("version") if isinstance(document, dict) else None
    if not isinstance(version, int):
        raise NodeyardError(f"{path} has no version.", RESTORE_HINT)
    if version > known:
        raise NodeyardError(
            f"{path} was written by a newer manage (version {version}, this one knows {known}).",
            "Use the newer manage.",
        )
    return dict(document)


@contextlib.contextmanager
def require_shape(path: Path) -> Iterator[None]:
    """A context for reading the parts of a document: raises NodeyardError if a part is missing or of another type."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NodeyardError(f"{path} is damaged ({type(error).__name__}: {error}).", RESTORE_HINT) from error
