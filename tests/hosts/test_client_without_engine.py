"""A docker client lies on PATH and there is no engine: the engine is installed beside it, the client stays."""

from __future__ import annotations

import pytest

from tests.hosts.machine import CODE, Machine

CLIENT = "/usr/local/bin/docker"


@pytest.mark.promise(
    "On a machine with a `docker` client and no engine, the installer adds an engine and keeps the client",
    runs="long",
    case="bookworm",
)
def test_the_engine_is_installed_beside_a_client_that_stays(machine: Machine) -> None:
    machine.run(f"{CODE}/install.sh --tools")
    machine.run(f"cp /usr/bin/docker {CLIENT}")
    machine.run("kill $(cat /var/run/docker.pid); while [ -e /var/run/docker.pid ]; do :; done", timeout=60)
    machine.run("dpkg --purge --force-depends docker.io docker-cli; rm -f /var/run/docker.sock")
    assert machine.run("command -v dockerd", expect=None).status != 0
    before = machine.run(f"sha256sum {CLIENT}").output

    done = machine.run(f"{CODE}/install.sh --tools")

    assert f"found a client ({CLIENT}) without an engine" in done.output
    assert machine.run(f"sha256sum {CLIENT}").output == before
    assert machine.run("docker version --format '{{.Server.Version}}'").output.strip()
