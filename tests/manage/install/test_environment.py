"""Which tool makes .venv: uv, or pip where that has settings of its own and where uv does not work."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.manage.install.installer import CHECKOUT

STEPS = """
set -euo pipefail
. "$CODE/install/python.sh"
pip_install() { echo "pip $*"; }
fail() { echo "$1"; exit 1; }
bundled_pip() { echo a.whl; }
CHECKOUT=$FOLDER UNDO=() PIP_FILES=()
install -D -m 666 /dev/null "$FOLDER/.venv.new/.lock" # as uv makes it
venv_made() { [ -e "$FOLDER/.venv" ] || mv "$FOLDER/.venv.new" "$FOLDER/.venv"; }
quietly() { venv_made && echo "$*"; }
if [ "$1" = "uv fails" ]; then quietly() { venv_made && echo "$*" && [[ $* != *bin/uv* ]]; }; fi
make_environment python3 runtime
"""


def made(tmp_path: Path, case: str = "", **environment: str) -> list[str]:
    """The commands that make .venv, in their order, each without the folder."""
    done = subprocess.run(
        ["bash", "-c", STEPS, "bash", case],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CODE": str(CHECKOUT), "FOLDER": str(tmp_path)}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.replace(f"{tmp_path}/", "") for line in done.stdout.splitlines()]


def tools(lines: list[str]) -> list[str]:
    """`uv` or `pip` for each command that installs the packages of Nodeyard."""
    return ["pip" if line.startswith("pip ") else "uv" for line in lines if line.endswith("requirements/runtime.txt")]


def test_uv_is_fetched_by_its_hash_and_installs_the_locked_packages(tmp_path: Path) -> None:
    lines = made(tmp_path)
    assert "pip --retries 1 --no-deps --target .venv/uv -r requirements/uv.txt" in lines
    [install] = [line for line in lines if "bin/uv" in line]
    assert install.endswith("--require-hashes --no-deps -r requirements/runtime.txt")
    assert tools(lines) == ["uv"]


@pytest.mark.promise(
    "Nobody else can write what the installer puts into .venv, so a second run changes nothing", runs="ci"
)
def test_nobody_else_can_write_the_environment(tmp_path: Path) -> None:
    made(tmp_path)
    assert stat.S_IMODE((tmp_path / ".venv/.lock").stat().st_mode) == 0o644


def test_uv_trusts_the_authorities_that_pip_trusts(tmp_path: Path) -> None:
    [install] = [line for line in made(tmp_path, PIP_CERT="/srv/company.pem") if "bin/uv" in line]
    assert install.startswith("env SSL_CERT_FILE=/srv/company.pem ")


def test_without_uv_pip_does_the_work(tmp_path: Path) -> None:
    assert tools(made(tmp_path, "uv fails")) == ["uv", "pip"]


@pytest.mark.promise("Where pip's settings name an index or a proxy, the installer uses pip alone", runs="ci")
@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_PROXY"])
def test_a_setting_of_pip_is_kept_by_using_pip(tmp_path: Path, name: str) -> None:
    lines = made(tmp_path, **{name: "https://packages.example/simple"})
    assert tools(lines) == ["pip"]
    assert not [line for line in lines if "uv" in line]


@pytest.mark.parametrize("file", [".config/pip/pip.conf", ".pip/pip.conf", "own.conf"])
def test_a_file_of_pip_is_kept_by_using_pip(tmp_path: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("[global]\ntimeout = 60\nindex-url = https://packages.example/simple\n")
    assert tools(made(tmp_path, PIP_CONFIG_FILE=str(tmp_path / "own.conf"))) == ["pip"]


def test_other_settings_of_pip_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip/pip.conf").write_text("[global]\ntimeout = 60\n")
    assert tools(made(tmp_path, PIP_DEFAULT_TIMEOUT="60")) == ["uv"]
