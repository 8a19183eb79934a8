from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.manage.install.installer import CHECKOUT, Installer


@pytest.fixture
def installer(tmp_path: Path) -> Installer:
    """Run by root on a machine that is good enough, with a Docker that is good enough."""
    made = Installer(tmp_path / "code", tmp_path / "commands", tmp_path / "state")
    made.folder.mkdir()
    shutil.copy(CHECKOUT / "install.sh", made.folder)
    for folder in ("install", "requirements"):
        shutil.copytree(CHECKOUT / folder, made.folder / folder)
    made.stand_in("id", "#!/bin/sh\necho 0\n")
    (made.commands / "python3").symlink_to(os.path.realpath(sys.executable))
    made.docker()
    return made
