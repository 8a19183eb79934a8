"""The folder of an operator's service: regular files and folders only, so that nothing else of the host is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from manage.errors import NodeyardError

MAX_FILES = 2000
MAX_BYTES = 64 << 20
MAX_TEXT_BYTES = 1 << 20
"""Of a file outside of `image/`: each of them is read for every plan."""


def require_regular(folder: Path) -> None:
    """Raise NodeyardError for a link, a pipe or a device in `folder`, and for too many or too large files."""
    if folder.is_symlink():
        raise NodeyardError(f"{folder} is a link.", "Put the folder itself there.")
    total = 0
    for number, (path, found) in enumerate(_entries(folder)):
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise NodeyardError(f"{path} is a link, a pipe or a device.", "Replace it with a regular file.")
        if stat.S_ISDIR(found.st_mode):
            continue
        total += found.st_size
        in_image = path.relative_to(folder).parts[0] == "image"
        if number >= MAX_FILES or total > MAX_BYTES or (found.st_size > MAX_TEXT_BYTES and not in_image):
            raise NodeyardError(
                f"{folder} is too large at {path.relative_to(folder)}.",
                f"It may hold {MAX_FILES} files of {MAX_BYTES >> 20} MiB in all, each outside of image/ up to 1 MiB.",
            )


def _entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        for parent, folders, files in os.walk(folder):
            for name in sorted((*folders, *files)):
                path = Path(parent, name)
                yield path, path.lstat()
    except OSError as error:
        raise NodeyardError(f"{error.filename} cannot be read: {error.strerror}.") from error
