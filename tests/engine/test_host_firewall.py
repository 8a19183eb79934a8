"""The firewall table on this host's real engine, from the seat of a neighbour."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from manage.apply import host_firewall, up
from manage.engine import facts
from manage.host import firewall
from manage.installation import identity
from manage.installation.layout import Layout
from tests.engine import stacks
from tests.security.host.neighbour import Neighbour, beside
from tests.stage.waiting import until

SERVER = "import socket; s = socket.create_server(('0.0.0.0', 8000))\nwhile True: s.accept()[0].close()"


@contextmanager
def serving(engine: Any, container: str) -> Iterator[str]:
    """A server on port 8000 in the container's network; yields the container's address."""
    document = engine.inspect_container(container)
    argv = ["nsenter", "-t", str(document["State"]["Pid"]), "-n", sys.executable, "-I", "-c", SERVER]
    with subprocess.Popen(argv) as server:
        try:
            [network] = document["NetworkSettings"]["Networks"].values()
            yield network["IPAddress"]
        finally:
            server.kill()


def remove_table() -> None:
    subprocess.run(["nft", "delete", "table", *firewall.TABLE.split()], check=True)


@pytest.mark.promise(
    "On a real engine, `up` keeps neighbours from ports on loopback, and writes the table again if it is gone",
    runs="ci",
)
def test_up_closes_a_port_on_loopback_to_neighbours(
    engine: Any, watched: Layout, free_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(firewall, "SAVED", tmp_path / "etc" / "firewall.nft")
    state = stacks.state(watched, {"one": {"ports": [f"127.0.0.1:{free_port}:8000"]}})
    up.apply(state)
    assert host_firewall.problem() == ""
    [one] = facts.containers(engine, identity.read(watched))
    with serving(engine, one.id) as inside, beside() as neighbour:
        subnet = inside.rpartition(".")[0] + ".0/24"
        neighbour.route("127.0.0.1/32")
        neighbour.route(subnet)
        until(lambda: here(inside, 8000) and here("127.0.0.1", free_port), 10)
        assert reached(neighbour, inside, free_port) == [False, False]

        remove_table()
        guards_itself = int(engine.version()["Version"].partition(".")[0]) >= host_firewall.GUARDS_ITSELF
        assert reached(neighbour, inside, free_port) == [not guards_itself, not guards_itself]
        assert bool(host_firewall.problem()) is not guards_itself

        assert up.apply(state).number == 0, "there is nothing else to do"
        assert reached(neighbour, inside, free_port) == [False, False]
        assert here("127.0.0.1", free_port)


def here(address: str, port: int) -> bool:
    argv = [sys.executable, "-I", "-c", "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])))"]
    return subprocess.run([*argv, address, str(port)], capture_output=True, check=False).returncode == 0


def reached(neighbour: Neighbour, inside: str, published: int) -> list[bool]:
    return [neighbour.reaches("127.0.0.1", published), neighbour.reaches(inside, 8000)]
