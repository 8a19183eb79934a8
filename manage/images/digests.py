"""sha256 of files, kept between commands by what the file system says of each file, as git's index does."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from manage.installation import documents

FILE = "images/__pycache__/digests.json"
"""Beside the recipes; fingerprints leave out such folders."""
SETTLED_NS = 2_000_000_000
"""Younger digests are not kept: a file can change twice within one tick of its file system's clock, and then looks the
same. The longest tick is that of FAT, 2 s (git calls such entries racy)."""


class Digests:
    """Digests by path. One is reused only while size, both times, inode and device of the file are the same: every
    change of a file sets the time of the change (ctime), which no program can choose."""

    def __init__(self, known: dict[str, str] | None = None) -> None:
        self.known = known or {}
        """Path -> facts and digest."""
        self.lines: dict[str, list[list[str]]] = {}
        """Inputs that were read already, for `recipe.fingerprint`."""
        self.seen: dict[str, str] = {}
        self.is_changed = False
        self._settled_at = time.time_ns() - SETTLED_NS

    def of(self, path: str, found: os.stat_result) -> str:
        """sha256 hex of the file, whose `found` was read after this object was made."""
        facts = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino} {found.st_dev} "
        entry = self.known.get(path, "")
        if entry.startswith(facts):
            self.seen[path] = entry
            return entry[len(facts) :]
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - several hundred files, and Path takes as long
            digest = hashlib.sha256(file.readall()).hexdigest()
        if max(found.st_mtime_ns, found.st_ctime_ns) < self._settled_at:
            self.seen[path] = facts + digest
            self.is_changed = True
        return digest


@contextlib.contextmanager
def kept(checkout: Path) -> Iterator[Digests]:
    """The digests of earlier commands, from a file that this user can trust; saved at the end if there are new ones."""
    digests = Digests(_read(checkout))
    yield digests
    if digests.is_changed:
        others = {path: entry for path, entry in digests.known.items() if path not in digests.seen}
        present = {path: entry for path, entry in others.items() if Path(path).exists()}
        _save(checkout, present | digests.seen)


def _read(checkout: Path) -> dict[str, str]:
    path = checkout / FILE
    trusted = {0, os.geteuid(), checkout.stat().st_uid}  # whoever owns the checkout can change its modules as well
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not all(_is_only_of(trusted, found) for found in (path.parent.lstat(), os.fstat(descriptor))):
                return {}
            document = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    files = document.get("files") if isinstance(document, dict) and document.get("version") == 1 else None
    if not isinstance(files, dict) or not all(isinstance(entry, str) for entry in files.values()):
        return {}
    return files


def _is_only_of(owners: set[int], found: os.stat_result) -> bool:
    return found.st_uid in owners and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _save(checkout: Path, files: dict[str, str]) -> None:
    path = checkout / FILE
    with contextlib.suppress(OSError):  # a checkout that this user may only read
        path.parent.mkdir(mode=0o755, exist_ok=True)
        documents.replace(path, json.dumps({"version": 1, "files": files}).encode())
