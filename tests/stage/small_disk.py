"""A file system of a few megabytes that a test may fill: a tmpfs, so the test runs as root."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

MEBIBYTE = 1 << 20


class SmallDisk:
    """`with SmallDisk(folder) as disk:` mounts it at `folder`."""

    def __init__(self, path: Path, *, size: int = 4 * MEBIBYTE, inodes: int = 1000) -> None:
        self.path = path
        self._size, self._inodes = size, inodes

    def __enter__(self) -> Self:
        self.path.mkdir(exist_ok=True)
        options = f"size={self._size},nr_inodes={self._inodes},mode=0755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(self.path)], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def fill(self) -> None:
        """Take every byte that is left."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                pass

    def fill_inodes(self) -> None:
        """Create empty files until no more is possible."""
        folder = self.path / "ballast-files"
        try:
            folder.mkdir()
            for number in range(self._inodes):
                (folder / str(number)).touch()
        except OSError:
            pass

    def free(self) -> None:
        """Remove what filled it."""
        (self.path / "ballast").unlink(missing_ok=True)
        folder = self.path / "ballast-files"
        for file in list(folder.iterdir()) if folder.exists() else ():
            file.unlink()

    def remount(self, how: str) -> None:
        """`how` is "ro" or "rw"."""
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.path)], check=True)
