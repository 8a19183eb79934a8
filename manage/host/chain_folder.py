"""A folder of this host that holds a service's chain: what is in it, on which file system, and the marker in it.

The service can write to the folder, so nothing in it is followed: the marker is an empty file with a fixed name, and
only its presence counts.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from manage.errors import NodeyardError
from manage.immutable import dataclass
from manage.installation import disk
from manage.installation.labels import MARKER_PREFIX

NOT_DATA = ("lost+found",)
"""What `mkfs.ext4` puts into an empty file system."""


@dataclass(frozen=True)
class Mount:
    """The file system of a path."""

    point: str
    """Where it is mounted, like /mnt/ssd."""
    source: str
    """What is mounted there, like /dev/sdb1."""


@dataclass(frozen=True)
class FolderFacts:
    """What is known of a folder."""

    exists: bool
    empty: bool = False
    """There is nothing in it but markers and what an empty file system has."""
    markers: tuple[str, ...] = ()
    mount: Mount = Mount("", "")
    read_only: bool = False
    """The file system is mounted read-only, as Linux does after an error of the disk."""
    complete: bool = True
    """False if only one marker was looked for, through the engine."""


def look(folder: Path) -> FolderFacts:
    """Facts of `folder`, or of the file system where it would be. Raises NodeyardError if it cannot be used."""
    try:
        mount, read_only = mount_of(folder), disk.measure(folder).read_only
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except FileNotFoundError:
        return FolderFacts(False, mount=mount, read_only=read_only)
    except OSError as error:
        raise NodeyardError(
            f"The folder {folder} cannot be used for a chain: {error.strerror} ({error.filename}).",
            "Check the disk and the path (storage.chain_dirs).",
        ) from error
    markers = tuple(name for name in names if name.startswith(MARKER_PREFIX))
    return FolderFacts(True, not set(names) - {*markers, *NOT_DATA}, markers, mount, read_only)


def mark(folder: Path, marker: str, others: Iterable[str] = ()) -> None:
    """Create the file `marker` in `folder`, and remove `others`, the markers of those who no longer own the folder."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in others:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=opened)
        with contextlib.suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(marker, flags, 0o444, dir_fd=opened))
        os.fsync(opened)
    finally:
        os.close(opened)


def unmark(folder: Path, marker: str) -> None:
    """Remove the marker, if the folder and the marker are there."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        (folder / marker).unlink()


def mount_of(path: Path, table: Path = Path("/proc/self/mountinfo")) -> Mount:
    """The file system that holds `path`, which need not exist (proc(5), mountinfo)."""
    resolved = real(path)
    best = Mount("/", "")
    for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
        fields, _, rest = line.partition(" - ")
        point = _plain(fields.split(" ")[4])
        if resolved.is_relative_to(point) and len(point) >= len(best.point):  # a later mount hides an earlier one
            best = Mount(point, _plain(rest.split(" ")[1]))
    return best


def real(path: Path) -> Path:
    """`path` without links; `Path.resolve` fails for a loop of links."""
    return Path(os.path.realpath(path))


def _plain(text: str) -> str:
    """mountinfo writes blanks and backslashes as three octal digits."""
    for code in ("040", "011", "012", "134"):
        text = text.replace(f"\\{code}", chr(int(code, 8)))
    return text
