from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.manage.install.installer import CHECKOUT


def install(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    argv = ["bash", "-s", "--"] if stdin is not None else [str(CHECKOUT / "install.sh")]
    return subprocess.run(
        [*argv, *arguments], input=stdin or "", capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_every_option_that_is_understood() -> None:
    text = (CHECKOUT / "install.sh").read_text()
    done = install("--help")

    assert done.returncode == 0
    for option in (
        "profile",
        "network",
        "dir",
        "port-base",
        "yes",
        "no-start",
        "dev",
        "tools",
        "source",
        "sha256",
        "commit",
        "uninstall",
        "purge",
    ):
        assert f"--{option}" in done.stdout
        assert f"--{option}" in text.partition("parse_options")[2]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--profil", "sandbox"), "There is no option --profil."),
        (("--profile",), "--profile needs a value."),
        (("--dir", "--yes"), "--dir needs a value."),
        (("--purge",), "--purge works only with --uninstall."),
    ],
)
def test_a_wrong_option_is_a_usage_error_with_a_working_command(arguments: tuple[str, ...], sentence: str) -> None:
    done = install(*arguments)

    assert done.returncode == 64
    assert done.stderr == f"error: {sentence}\n       Try: ./install.sh --help\n"


def test_through_a_pipe_it_wants_to_know_where_the_code_is() -> None:
    done = install("--yes", stdin=(CHECKOUT / "install.sh").read_text())

    assert done.returncode == 64
    assert "needs --source" in done.stderr


def test_the_installer_is_short_enough_to_be_read() -> None:
    files = [CHECKOUT / "install.sh", *sorted((CHECKOUT / "install").glob("*.sh"))]

    assert {path.name: lines for path in files if (lines := len(Path(path).read_text().splitlines())) > 200} == {}
