"""The build context as a tar: only what the recipe names, with owners and times that do not depend on the host."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from manage.images import recipe as recipes
from manage.images.model import Recipe
from manage.installation.layout import CHECKOUT

_CERTIFICATES_README = "Certificates of the host's own authorities; empty on most machines.\n"


def pack(
    recipe: Recipe,
    dockerfile: str = "Dockerfile",
    certificates: recipes.Certificates | None = None,
    programs: Mapping[str, Path] | None = None,
    checkout: Path = CHECKOUT,
) -> IO[bytes]:
    """An open temporary file at its start.

    It holds `Dockerfile`, the inputs under their own paths, and `certificates/` and `programs/` where the recipe asks.
    """
    archive = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    with tarfile.open(fileobj=archive, mode="w") as tar:
        _add(tar, "Dockerfile", (checkout / recipe.folder / dockerfile).read_bytes())
        for name, path in recipes.files(recipe, recipe.inputs, checkout):
            _add(tar, name, path.read_bytes(), executable=bool(path.stat().st_mode & 0o100))
        if recipe.host_certificates:
            _add(tar, "certificates/README", _CERTIFICATES_README.encode())
            for name, pem in sorted((certificates or {}).items()):
                _add(tar, f"certificates/{name}", pem)
        for name, path in sorted((programs or {}).items()):
            _add(tar, f"programs/{name}", path.read_bytes(), executable=True)
    archive.seek(0)
    return archive


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, executable: bool = False) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o755 if executable else 0o644
    tar.addfile(entry, io.BytesIO(content))
