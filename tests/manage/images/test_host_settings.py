from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from manage.images import host_settings, recipe, root, store
from manage.images.model import Recipe
from manage.installation.layout import CHECKOUT

# Printed on a Debian bookworm with a third party's repository added, by
#   apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages'
# (the host's name is replaced).
TARGETS = """\
Debian|Debian|main|http://mirror.example/debian/
Debian|Debian|main|http://mirror.example/debian/
Debian|Debian-Security|main|http://mirror.example/debian-security/
. nodistro|. nodistro|main|https://packages.example/
"""


def test_a_debian_host_lends_its_own_mirrors_to_another_suite() -> None:
    assert host_settings.sources_at_mirrors(TARGETS, "trixie") == (
        "deb http://mirror.example/debian/ trixie main",
        "deb http://mirror.example/debian/ trixie-updates main",
        "deb http://mirror.example/debian-security/ trixie-security main",
    )


def test_another_distribution_lends_none() -> None:
    assert host_settings.sources_at_mirrors("Ubuntu|Ubuntu|main|http://mirror.example/ubuntu/\n", "trixie") == ()


def test_a_host_without_package_lists_lends_none() -> None:
    assert host_settings.sources_at_mirrors("||main|http://mirror.example/debian/\n", "trixie") == ()


def test_only_settings_that_are_set_go_into_a_build() -> None:
    environment = {
        "PIP_INDEX_URL": "https://u:p@index.example/",
        "http_proxy": "",
        "HOME": "/root",
        "PIP_FIND_LINKS": "/x",
    }

    assert host_settings.build_arguments(environment) == {"PIP_INDEX_URL": "https://u:p@index.example/"}


@pytest.mark.promise("A build reaches a proxy or a package index that listens on the host's loopback", runs="ci")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"http_proxy": "http://127.0.0.1:3128"}, "host"),
        ({"HTTPS_PROXY": "localhost:3128"}, "host"),
        ({"https_proxy": "http://user:word@[::1]:3128/"}, "host"),
        ({"PIP_EXTRA_INDEX_URL": "https://index.example/ http://127.0.0.2:3141/root/pypi"}, "host"),
        ({"http_proxy": "http://proxy.example:3128", "no_proxy": "localhost,127.0.0.1"}, None),
        ({"http_proxy": "http://[broken"}, None),
        ({}, None),
    ],
)
def test_a_build_shares_the_hosts_network_only_for_what_listens_there(
    arguments: dict[str, str], expected: str | None
) -> None:
    asked: dict[str, Any] = {}

    class Engine:
        def build(self, **given: Any) -> list[dict[str, str]]:
            asked.update(given)
            return [{"stream": "Step 1/1"}]

    assert list(store.build(Engine(), io.BytesIO(), "x", arguments, {})) == ["Step 1/1"]
    assert asked["network_mode"] == expected


def test_added_authorities_are_found_in_subfolders_too(tmp_path: Path) -> None:
    (tmp_path / "company").mkdir()
    (tmp_path / "company/root.crt").write_bytes(b"PEM")
    (tmp_path / "README").write_text("no certificate")

    assert host_settings.certificates(tmp_path) == {"company-root.crt": b"PEM"}


def test_a_host_without_added_authorities_has_none(tmp_path: Path) -> None:
    assert host_settings.certificates(tmp_path / "missing") == {}


def test_the_root_is_checked_against_the_keys_that_we_ship() -> None:
    command = root.command(recipe.load()["root"], Path("root.tar"), root.KEYRING, ())

    assert f"--keyring={root.KEYRING}" in command
    assert root.KEYRING.read_bytes()
    assert command[-2:] == ["trixie", "root.tar"]


def test_the_root_keeps_its_package_indexes_and_is_unpacked_without_waiting_for_the_disk() -> None:
    command = root.command(recipe.load()["root"], Path("root.tar"), root.KEYRING, ())

    assert "--skip=cleanup/apt/lists" in command
    assert "--dpkgopt=force-unsafe-io" in command


def test_a_pip_setting_never_reaches_the_last_stage_of_an_image() -> None:
    for entry in recipe.load().values():
        if entry.kind == "dockerfile":
            assert "PIP_" not in last_stage(entry)


def last_stage(entry: Recipe) -> str:
    text = (CHECKOUT / entry.folder / "Dockerfile").read_text()
    return text.rpartition("FROM ")[2]
