"""The installer runs as root, in a folder and with an environment that others may have prepared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.manage.install.installer import CHECKOUT

MODULES = ("venv", "ensurepip", "pip", "compileall", "sys", "argparse", "runpy", "pathlib", "shutil")
STEPS = """
set -euo pipefail
. "$CODE/install/python.sh"
quietly() { "$@" >/dev/null 2>&1; }
fail() { echo "$1"; exit 1; }
CHECKOUT=$FOLDER UNDO=() PIP_FILES=() DEV="" LOG=/dev/null pip=""
"""


def run(tmp_path: Path, cwd: Path, steps: str, **environment: str) -> str:
    own = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    own |= {"CODE": str(CHECKOUT), "FOLDER": str(tmp_path), "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", "-c", STEPS + steps], env=own | environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with modules that leave a trace when Python imports them."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(f"open({str(folder)!r} + '/imported-{name}', 'w')\n")
    return folder


@pytest.mark.promise("The installer runs no Python of the folder in which it is started", runs="ci")
@pytest.mark.parametrize(
    "steps",
    [
        "find_python",
        'uv_install() { :; }; make_environment "$PYTHON" runtime',
        'mkdir -p "$FOLDER/.venv/bin"; venv=$FOLDER/.venv; ln -s "$PYTHON" "$venv/bin/python"; pip_install --help',
    ],
    ids=["finding Python", "making .venv", "pip"],
)
def test_no_module_of_the_current_folder_runs(tmp_path: Path, trap: Path, steps: str) -> None:
    run(tmp_path, trap, f"({steps}) || true")
    assert not list(trap.glob("imported-*"))


def test_no_setting_of_uv_reaches_it(tmp_path: Path) -> None:
    uv = tmp_path / "venv/uv/bin/uv"
    uv.parent.mkdir(parents=True)
    uv.write_text("#!/bin/sh\nenv | grep ^UV_ >&3 || echo nothing >&3\n")
    uv.chmod(0o755)
    steps = "venv=$FOLDER/venv; pip_install() { :; }; exec 3>&1; uv_install list"
    assert run(tmp_path, tmp_path, steps, UV_TARGET="/tmp/other", UV_DEFAULT_INDEX="http://x") == "nothing\n"
    assert run(tmp_path, tmp_path, steps) == "nothing\n"
