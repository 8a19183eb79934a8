"""The key of Docker's package repository: apt sees the pinned key alone, whatever else the download holds."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg")

INSTALL = """
set -euo pipefail
cd "$1"
for part in console machine docker; do . "{checkout}/install/$part.sh"; done
LOG=$1/log DIR=$1/dir PURGE=""
VENDOR_KEY=$2 VENDOR_KEY_FILE=$1/keyrings/docker.asc VENDOR_LIST=$1/docker.list
trap 'on_exit $?' EXIT
ensure_packages() {{ echo "installs $*"; }}
install() {{ [ "$1" = -d ] || command install "$@"; }}
curl() {{ while [ "$1" != -o ]; do shift; done; cp "{folder}/offered" "$2"; }}
dockerd() {{ echo Docker version 28.0.0; }}
STEP=Docker
install_from_vendor
"""


class Keys:
    """Keys of a home of their own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "gnupg"
        self.home.mkdir(mode=0o700)

    def gpg(self, *arguments: str) -> bytes:
        argv = ["gpg", "--homedir", str(self.home), "--batch", "--passphrase", "", *arguments]
        return subprocess.run(argv, check=True, capture_output=True).stdout

    def make(self, name: str) -> str:
        """A key with a subkey that signs, as Docker's has; its fingerprint."""
        self.gpg("--quick-generate-key", f"{name} <{name}@localhost>", "ed25519", "cert", "never")
        listed = self.gpg("--list-keys", "--with-colons", f"{name}@localhost").decode().splitlines()
        fingerprint = next(line.split(":")[9] for line in listed if line.startswith("fpr:"))
        self.gpg("--quick-add-key", fingerprint, "ed25519", "sign", "never")
        return fingerprint


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    made = Keys(tmp_path)
    yield made
    subprocess.run(["gpgconf", "--homedir", str(made.home), "--kill", "all"], check=True)


def install(folder: Path, offered: bytes, pinned: str) -> subprocess.CompletedProcess[str]:
    (folder / "offered").write_bytes(offered)
    (folder / "keyrings").mkdir(exist_ok=True)
    script = INSTALL.format(checkout=CHECKOUT, folder=folder)
    return subprocess.run(
        ["bash", "-c", f"umask 077; {script}", "bash", str(folder), pinned],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


def fingerprints(file: Path) -> dict[str, list[str]]:
    """Primary keys and subkeys of a key file."""
    argv = ["gpg", "--homedir", str(file.parent), "--show-keys", "--with-colons", str(file)]
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    found: dict[str, list[str]] = {"pub": [], "sub": []}
    for kind, fingerprint in itertools.pairwise(lines):
        if kind.split(":")[0] in found:
            found[kind.split(":")[0]].append(fingerprint.split(":")[9])
    return found


@pytest.mark.promise("Of a downloaded key file, apt sees only the key that the installer pins", runs="ci")
@pytest.mark.parametrize("armor", [True, False], ids=["armored", "binary"])
def test_a_second_key_in_the_download_does_not_reach_apt(tmp_path: Path, keys: Keys, armor: bool) -> None:
    pinned, other = keys.make("docker"), keys.make("mallory")
    both = keys.gpg(*(["--armor"] if armor else []), "--export", other, pinned)
    done = install(tmp_path, both, pinned)
    assert done.returncode == 0, done.stdout
    written = tmp_path / "keyrings" / "docker.asc"
    found = fingerprints(written)
    assert found["pub"] == [pinned]
    assert len(found["sub"]) == 1, "the repository is signed with a subkey"
    assert written.stat().st_mode & 0o777 == 0o644, "apt reads it as its own user"


@pytest.mark.parametrize("kind", ["another key", "an error page", "nothing"])
def test_a_download_without_the_pinned_key_stops_and_leaves_nothing(tmp_path: Path, keys: Keys, kind: str) -> None:
    pinned, other = keys.make("docker"), keys.make("mallory")
    offered = {"another key": keys.gpg("--export", other), "an error page": b"<html>", "nothing": b""}[kind]
    done = install(tmp_path, offered, pinned)
    assert done.returncode == 1
    assert "is not the one that Docker publishes" in done.stdout
    assert "installs docker-ce" not in done.stdout
    assert not list((tmp_path / "keyrings").iterdir())
    assert not (tmp_path / "docker.list").exists()


def test_a_pinned_subkey_of_a_stranger_is_not_the_pinned_key(tmp_path: Path, keys: Keys) -> None:
    """gpg selects a whole key by the fingerprint of any part of it."""
    stranger = keys.make("mallory")
    (tmp_path / "all").write_bytes(keys.gpg("--export", stranger))
    [subkey] = fingerprints(tmp_path / "all")["sub"]
    done = install(tmp_path, keys.gpg("--export", stranger), subkey)
    assert done.returncode == 1
    assert not list((tmp_path / "keyrings").iterdir())
