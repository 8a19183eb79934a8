"""A bare Debian made of the distribution's packages, for hosts that cannot reach a registry."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from manage.images import host_settings
from manage.images.model import LABEL_IMAGE, LABEL_RECIPE, Recipe
from manage.images.store import BuildFailed
from manage.installation.layout import CHECKOUT

KEYRING = CHECKOUT / "images" / "keys" / "debian-archive-keyring.gpg"


def make(recipe: Recipe, reference: str, fingerprint: str, write: Callable[[str], None]) -> None:
    """Bootstrap the recipe's suite and import it as `reference`; `write` gets each line of output.

    Installs mmdebstrap with apt when it is missing. Raises `BuildFailed` when either fails.
    """
    import python_on_whales

    with tempfile.TemporaryDirectory(prefix="nodeyard-root-") as folder:
        archive = Path(folder) / "root.tar"
        Path(folder).chmod(0o755)
        # apt reads keys as its own user, which cannot read a checkout below /root.
        keyring = Path(shutil.copy(KEYRING, folder))
        _require_mmdebstrap(write)
        _run(command(recipe, archive, keyring, host_settings.debian_sources(recipe.suite)), write)
        python_on_whales.docker.image.import_(
            archive, reference, [f"LABEL {LABEL_IMAGE}={recipe.name} {LABEL_RECIPE}={fingerprint}"]
        )


def command(recipe: Recipe, archive: Path, keyring: Path, sources: tuple[str, ...]) -> list[str]:
    """mmdebstrap's arguments; without `sources` it uses its own archives for the suite, with security updates."""
    return [
        "mmdebstrap",
        "--variant=minbase",
        f"--include={','.join(recipe.include)}",
        f"--keyring={keyring}",
        # The package indexes stay, compressed (21 MB): builds on this root then only ask whether they are current.
        '--aptopt=Acquire::GzipIndexes "true"',
        "--skip=cleanup/apt/lists",
        *(f"--dpkgopt={option}" for option in recipe.dpkg_options),
        recipe.suite,
        str(archive),
        *sources,
    ]


def _require_mmdebstrap(write: Callable[[str], None]) -> None:
    if shutil.which("mmdebstrap") is None:
        # Another apt may be at work, for example unattended-upgrades.
        _run(
            ["apt-get", "-o", "DPkg::Lock::Timeout=900", "install", "-y", "--no-install-recommends", "mmdebstrap"],
            write,
        )


def _run(arguments: list[str], write: Callable[[str], None]) -> None:
    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
    ) as process:
        try:
            for line in process.stdout or ():
                write(line.rstrip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise BuildFailed(f"{arguments[0]} ended with status {process.returncode}")
