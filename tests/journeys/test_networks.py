"""Which container reaches which, tried from inside each of them; networks with addresses of the operator's choice."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from manage.catalog import load_catalog
from tests.journeys.installed import Installed, until

POOL = "100.64.128.0/20"
"""Of carriers, not of RFC 1918: an allow list of the usual private ranges does not hold it."""
TRY = """
import concurrent.futures, json, socket, sys
def is_open(target):
    try:
        socket.create_connection(target, timeout=1.5).close()
    except OSError:
        return False
    return True
targets = [tuple(target) for target in json.load(sys.stdin)]
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    json.dump(list(pool.map(is_open, targets)), sys.stdout)
"""
"""Standard input: addresses and ports. Standard output: whether each accepts a connection."""
OUTSIDE, HERE = "198.51.100.2", "198.51.100.1"
Target = tuple[str, int]


def inspected(installed: Installed) -> dict[str, dict[str, Any]]:
    """Service -> what the engine tells of its container."""
    names = [service["name"] for service in installed.json("status")["services"]]
    ids = [installed.container(name) for name in names]
    done = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True)
    return dict(zip(names, json.loads(done.stdout), strict=True))


def tried(container: dict[str, Any], targets: list[Target]) -> list[bool]:
    """Which `targets` accept a connection from inside the container's network namespace."""
    argv = ["nsenter", f"--net=/proc/{container['State']['Pid']}/ns/net", sys.executable, "-I", "-c", TRY]
    done = subprocess.run(argv, input=json.dumps(targets), capture_output=True, text=True, check=True, timeout=60)
    return list(json.loads(done.stdout))


def addresses(container: dict[str, Any]) -> list[str]:
    return [found["IPAddress"] for found in container["NetworkSettings"]["Networks"].values() if found["IPAddress"]]


def open_connections(containers: dict[str, dict[str, Any]]) -> set[tuple[str, str, int]]:
    """(from, to, port) of everything that is open, tried at every address of every container."""
    ports = {name: [port.number for port in s.ports] for name, s in load_catalog().services("sandbox").items()}
    found = set()
    for client, container in containers.items():
        asked = [
            (server, address, port)
            for server, other in containers.items()
            if server != client
            for address in addresses(other)
            for port in ports[server]
        ]
        answers = tried(container, [(address, port) for _server, address, port in asked])
        found |= {(client, server, port) for (server, _, port), is_open in zip(asked, answers, strict=True) if is_open}
    return found


@pytest.mark.promise("Tried from inside each container, allowed connections are open and all others closed", runs="ci")
def test_the_matrix_holds_from_inside_each_container(installed: Installed) -> None:
    shown = installed.json("why", "--network")["connections"]
    allowed = {(entry["from"], entry["to"], entry["number"]) for entry in shown}
    assert len(allowed) > 10
    assert open_connections(inspected(installed)) == allowed


@pytest.fixture
def outside() -> Iterator[Target]:
    """A listener in a network namespace that knows this machine's address and no way to containers, as the Internet."""
    listen = (
        f"import socket; s = socket.create_server(('{OUTSIDE}', 9)); print('listens', flush=True)\nwhile 1: s.accept()"
    )
    setup = (
        ["ip", "netns", "add", "nytest-outside"],
        ["ip", "link", "add", "nytest0", "type", "veth", "peer", "name", "nytest1", "netns", "nytest-outside"],
        ["ip", "addr", "add", f"{HERE}/24", "dev", "nytest0"],
        ["ip", "link", "set", "nytest0", "up"],
        ["ip", "-n", "nytest-outside", "addr", "add", f"{OUTSIDE}/24", "dev", "nytest1"],
        ["ip", "-n", "nytest-outside", "link", "set", "nytest1", "up"],
    )
    with contextlib.ExitStack() as stack:
        stack.callback(subprocess.run, ["ip", "netns", "del", "nytest-outside"], capture_output=True, check=False)
        for argv in setup:
            subprocess.run(argv, check=True)
        listener = stack.enter_context(
            subprocess.Popen(
                ["ip", "netns", "exec", "nytest-outside", sys.executable, "-I", "-c", listen],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(listener.kill)
        assert listener.stdout
        assert listener.stdout.readline() == "listens\n"
        yield (OUTSIDE, 9)


@pytest.mark.promise("No container of a sandbox reaches an address outside of the stack", runs="ci")
def test_nothing_gets_out(installed: Installed, outside: Target) -> None:
    containers = inspected(installed)
    reaching = [name for name, container in containers.items() if tried(container, [outside]) != [False]]
    assert reaching == []
    image = containers["tracker"]["Image"]
    network = ["docker", "run", "--rm", "-i", "--network", "bridge", "--entrypoint", "python", image, "-I", "-c", TRY]
    control = subprocess.run(network, input=json.dumps([outside]), capture_output=True, text=True, check=True)
    assert json.loads(control.stdout) == [True], "a container with Docker's own network gets out"


def test_no_server_outside_is_asked_for_names(installed: Installed) -> None:
    containers = inspected(installed)
    del containers["agent"]  # has no network
    assert [name for name, container in containers.items() if container["HostConfig"]["Dns"] != ["127.0.0.1"]] == []


@pytest.mark.promise("An address that bitcoind's allow list lacks is named as the cause", runs="ci")
def test_the_cause_is_named_when_the_allow_list_is_wrong(installed: Installed) -> None:
    file = installed.dir / "run/start/bitcoind/allowed.conf"
    right, container = file.read_text(), installed.container("bitcoind")
    assert right.startswith("rpcallowip=")
    try:
        file.write_text("rpcallowip=192.0.2.0/24\n")
        subprocess.run(["docker", "restart", "-t", "5", container], capture_output=True, check=True)
        until(
            lambda: "no network of its rpcallowip has it" in installed.verdicts()["bitcoind"][1], 30, "the cause named"
        )
    finally:
        file.write_text(right)
        subprocess.run(["docker", "restart", "-t", "5", container], capture_output=True, check=True)
    until(lambda: installed.verdicts()["bitcoind"][0] == "healthy", 60, "bitcoind healthy")


@pytest.mark.promise("With `networks.pool` outside of RFC 1918, every service is healthy", runs="ci")
def test_networks_move_into_a_pool(installed: Installed) -> None:
    installed.run("config", "set", "networks.pool", POOL)
    installed.run("down", "--all")
    installed.run("up", "--yes")
    pool = ipaddress.IPv4Network(POOL)
    containers = inspected(installed)
    assert all(ipaddress.IPv4Address(a) in pool for container in containers.values() for a in addresses(container))
    until(lambda: {v for v, _ in installed.verdicts().values()} == {"healthy"}, 90, "everything healthy")
    allowed = (installed.dir / "run/start/bitcoind/allowed.conf").read_text()
    assert ipaddress.IPv4Network(allowed.strip().removeprefix("rpcallowip=")).subnet_of(pool)
    shown = installed.json("why", "--network")["connections"]
    assert open_connections(containers) == {(entry["from"], entry["to"], entry["number"]) for entry in shown}
