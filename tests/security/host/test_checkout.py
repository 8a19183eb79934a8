"""install.sh from a checkout that another user can change: root runs a copy, and nothing of the checkout afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from manage.host import commands
from tests.manage.install.installer import CHECKOUT

USER = 1234
WRITER = '. "$1/install/copy.sh"; who_else_writes "$1"'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder below folders of root alone, as /home is; pytest's own lies in /tmp, which is sticky."""
    return tmp_path


@pytest.fixture
def checkout(place: Path) -> Path:
    """A checkout that only this process's user can write, as far as the installer looks."""
    folder = place / "nodeyard"
    (folder / "manage").mkdir(parents=True)
    shutil.copy(CHECKOUT / "install.sh", folder)
    shutil.copytree(CHECKOUT / "install", folder / "install")
    (folder / "manage" / "__init__.py").write_text("")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").write_text("")
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o022)
    return folder


def writer(checkout: Path) -> str:
    argv = ["bash", "-c", WRITER, "test", str(checkout)]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.removeprefix(str(checkout))


def to_user(path: Path) -> None:
    os.chown(path, USER, USER)


def test_a_checkout_that_nobody_else_can_write_is_used_as_it_is(checkout: Path) -> None:
    assert writer(checkout) == ""


@pytest.mark.parametrize("name", ["install.sh", "manage", "manage/__init__.py", ".venv/bin/python"])
def test_one_path_that_all_can_write_is_found(checkout: Path, name: str) -> None:
    path = checkout / name
    path.chmod(path.stat().st_mode | 0o002)
    assert writer(checkout) == f"/{name}"


@pytest.mark.root
@pytest.mark.parametrize("name", ["install.sh", "manage", ".venv/bin/python"])
def test_one_path_of_another_user_is_found(checkout: Path, name: str) -> None:
    to_user(checkout / name)
    assert writer(checkout) == f"/{name}"


@pytest.mark.root
def test_a_parent_of_another_user_is_found(checkout: Path, place: Path) -> None:
    to_user(place)
    assert writer(checkout) == str(place)


def install(checkout: Path, code: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """install.sh as root would run it; the copy's own install.sh only says where it is."""
    return subprocess.run(
        ["bash", str(checkout / "install.sh"), *arguments],
        env={"PATH": os.environ["PATH"], "NODEYARD_CODE_FOLDER": str(code)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def others(checkout: Path) -> Path:
    """The checkout of another user; its installer ends where it would ask something of the machine."""
    script = checkout / "install.sh"
    assert "  open_log\n" in script.read_text()
    text = script.read_text().replace("  open_log\n", '  echo "running $CHECKOUT as $# $*"; exit 0\n')
    script.write_text(text)
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, USER, USER)
    (checkout / "manage").chmod(0o777)
    return checkout


@pytest.mark.root
@pytest.mark.promise(
    "From a checkout that others can write, the installer continues with a copy that only root can", runs="ci"
)
def test_the_installer_goes_on_in_a_copy_of_root(others: Path, place: Path) -> None:
    code = place / "opt" / "nodeyard"
    code.parent.mkdir()
    done = install(others, code, "--yes", "--profile", "core")

    assert f"Copied {others} to {code}, because others can write {others}. Root runs the copy only." in done.stderr
    assert done.stdout == f"running {code} as 3 --yes --profile core\n"
    assert {(path.stat().st_uid, path.stat().st_mode & 0o022) for path in (code, *code.rglob("*"))} == {(0, 0)}
    assert not (code / ".venv").exists(), "root never runs an environment that somebody else made"


@pytest.mark.root
def test_a_second_run_refreshes_the_copy_and_keeps_its_environment(others: Path, place: Path) -> None:
    code = place / "code"
    (code / ".venv").mkdir(parents=True)
    (code / "gone").write_text("an earlier version had it")
    (others / "new").write_text("a newer version has it")
    install(others, code, "--yes")
    assert sorted(path.name for path in code.iterdir()) == [".venv", "install", "install.sh", "manage", "new"]
    assert sorted(path.name for path in place.iterdir()) == ["code", "nodeyard"]


@pytest.mark.root
def test_tests_stay_in_the_checkout(others: Path, place: Path) -> None:
    for option in ("--tools", "--dev"):
        assert install(others, place / "code", option).stdout == f"running {others} as 1 {option}\n"
    assert not (place / "code").exists()


@pytest.mark.root
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_link_back_into_what_others_write_is_refused(others: Path, place: Path, kind: str) -> None:
    if kind == "link":
        (others / "manage" / "cli").symlink_to(others)
    else:
        os.mkfifo(others / "manage" / "cli")
    done = install(others, place / "code", "--yes")
    assert done.returncode == 1
    assert f"error: {others}/manage/cli is neither a file nor a folder" in done.stderr
    assert sorted(path.name for path in place.iterdir()) == ["nodeyard"]


@pytest.mark.root
def test_a_link_of_an_earlier_version_into_the_checkout_of_a_user_is_replaced(others: Path, place: Path) -> None:
    (others / "manage" / "cli").mkdir()
    old, new, name = others / ".venv/bin/manage", place / "manage-of-root", place / "bin" / "manage"
    for path in (old, new):
        path.write_text("")
    name.parent.mkdir()
    name.symlink_to(old)
    assert commands.link(name, new)
    assert name.readlink() == new
    name.unlink()
    name.symlink_to(old)
    assert commands.unlink(name, place / "elsewhere")
