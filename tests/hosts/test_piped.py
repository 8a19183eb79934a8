"""Piped into a shell: the code comes from a folder, a tar.gz, or a server; the engine and Python are there already."""

from __future__ import annotations

import pytest

from tests.hosts.machine import CODE, Machine

ARCHIVE = "/root/nodeyard.tar.gz"
PORT = 8123


@pytest.fixture(scope="module")
def offered(machine: Machine) -> Machine:
    """The machine with the code as a tar.gz, alone and behind a server on loopback."""
    machine.run(f"{CODE}/install.sh --tools && {CODE}/install.sh --uninstall --yes")
    machine.run(f"tar -C /root --exclude=.venv -czf {ARCHIVE} nodeyard")
    machine.run(
        f"cd /root && setsid python3 -m http.server {PORT} --bind 127.0.0.1 >/dev/null 2>&1 </dev/null & sleep 0"
    )
    machine.run(
        f"until python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {PORT}))' 2>/dev/null; do :; done"
    )
    return machine


@pytest.mark.promise(
    "Piped (`bash -s -- --source URL --sha256 SUM`), the installer fetches the code (here from a loopback server) and "
    "continues from it",
    runs="long",
    case="bookworm",
)
@pytest.mark.parametrize(
    "source", [CODE, ARCHIVE, f"http://127.0.0.1:{PORT}/nodeyard.tar.gz"], ids=["folder", "tar.gz", "url"]
)
def test_the_installer_goes_on_from_code_that_it_fetched(offered: Machine, source: str) -> None:
    pinned = f"--sha256 $(sha256sum {ARCHIVE} | cut -d ' ' -f 1)" if source != CODE else ""
    done = offered.run(f"bash -s -- --source {source} {pinned} --tools < {CODE}/install.sh")

    assert "/opt/nodeyard/.venv are ready" in done.output
    assert offered.run("manage --version").output.startswith("nodeyard")
    assert offered.run("readlink /usr/local/bin/manage").output == "/opt/nodeyard/.venv/bin/manage\n"


def test_a_source_that_is_not_nodeyard_is_one_sentence_and_changes_nothing(offered: Machine) -> None:
    offered.run("mkdir -p /root/other && touch /root/other/README")
    done = offered.run(f"bash -s -- --source /root/other --tools < {CODE}/install.sh", expect=1)

    assert "error: /root/other is not Nodeyard: it has no install.sh." in done.output
    assert offered.run("manage --version").output.startswith("nodeyard")
    assert offered.run("ls /opt/nodeyard.new", expect=None).status != 0


def test_a_source_that_cannot_be_reached_is_one_sentence(offered: Machine) -> None:
    pinned = f"http://127.0.0.1:1/x.tar.gz --sha256 {'0' * 64}"
    done = offered.run(f"bash -s -- --source {pinned} --tools < {CODE}/install.sh", expect=1)

    assert "error: The code could not be fetched from http://127.0.0.1:1/x.tar.gz." in done.output
