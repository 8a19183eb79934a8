"""A neighbour on the network: a network namespace that has one route to a container's network, through this host."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NAME, OUTSIDE = "nodeyard-test", "nytest0"
HERE, THERE = "198.18.77.1", "198.18.77.2"
"""Addresses for tests of networks (RFC 2544)."""

_ASK = """
import http.client, json, sys
host, port, name, path = sys.argv[1:]
try:
    connection = http.client.HTTPConnection(host, int(port), timeout=3)
    connection.request("GET", path, headers={"Host": name})
    answer = connection.getresponse()
    print(json.dumps([answer.status, answer.read().decode()]))
except OSError as error:
    print(json.dumps([0, str(error)]))
"""


@contextmanager
def neighbour(network: str) -> Iterator[None]:
    """The namespace until the block ends; `network` is the container's, as 172.18.0.0/16."""
    remove()
    try:
        for command in (
            f"ip netns add {NAME}",
            f"ip link add {OUTSIDE} type veth peer name inside netns {NAME}",
            f"ip address add {HERE}/24 dev {OUTSIDE}",
            f"ip link set {OUTSIDE} up",
            f"ip -n {NAME} address add {THERE}/24 dev inside",
            f"ip -n {NAME} link set inside up",
            f"ip -n {NAME} route add {network} via {HERE}",
        ):
            subprocess.run(command.split(), check=True, capture_output=True, text=True)
        yield
    finally:
        remove()


def remove() -> None:
    for command in (f"ip link del {OUTSIDE}", f"ip netns del {NAME}"):
        subprocess.run(command.split(), check=False, capture_output=True)


def ask(address: str, port: int, name: str, path: str) -> tuple[int, str]:
    """What the neighbour gets: (status, body), status 0 for no connection at all."""
    argv = ["ip", "netns", "exec", NAME, sys.executable, "-I", "-c", _ASK, address, str(port), name, path]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30)
    status, body = json.loads(done.stdout)
    return int(status), str(body)
