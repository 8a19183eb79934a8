"""The proxies that the person who runs the installer has set."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manage.install.conftest import installer  # noqa: F401 - a fixture
from tests.manage.install.installer import Installer

URL = "http://proxy.example:3128"


def seen(host: Installer, folder: Path, **environment: str) -> dict[str, str]:
    """The variables of proxies as a program sees them that the installer starts; the run ends at an old engine."""
    note = folder / "environment"
    host.stand_in("nproc", f"#!/bin/sh\nenv >{note}\necho 2\n")
    host.docker(api="1.40")
    host.run("--tools", **environment)
    pairs = (line.partition("=") for line in note.read_text().splitlines())
    return {name: value for name, _, value in pairs if name.lower().endswith("_proxy")}


@pytest.mark.promise("The installer uses proxies whose variables have upper-case names only", runs="ci")
@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "no_proxy"])
def test_an_upper_case_name_is_enough(installer: Installer, tmp_path: Path, name: str) -> None:  # noqa: F811
    assert seen(installer, tmp_path, **{name.upper(): URL}) == {name: URL, name.upper(): URL}


def test_the_lower_case_name_wins(installer: Installer, tmp_path: Path) -> None:  # noqa: F811
    given = {"https_proxy": URL, "HTTPS_PROXY": "http://other.example:1"}
    assert seen(installer, tmp_path, **given) == given


def test_without_a_proxy_none_is_invented(installer: Installer, tmp_path: Path) -> None:  # noqa: F811
    assert seen(installer, tmp_path) == {}
