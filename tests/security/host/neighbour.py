"""Another machine of the same network segment: a network namespace with a cable to this or to a test's host."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.5).close()"
NETWORK = "198.51.100"
"""TEST-NET-2 of RFC 5737: nobody's."""


def run(*argv: str, stdin: str = "") -> str:
    """Run a command that must succeed; returns what it printed."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout


@dataclass(frozen=True)
class Neighbour:
    """A machine that routes to the host whatever it wants to send there."""

    namespace: str

    def run(self, *argv: str) -> str:
        return run("ip", "netns", "exec", self.namespace, *argv)

    def route(self, where: str) -> None:
        """Send packets for an address or subnet to the host: all an attacker needs."""
        self.run("ip", "route", "replace", where, "via", f"{NETWORK}.1")

    def reaches(self, address: str, port: int) -> bool:
        """Whether a TCP connection is accepted there."""
        argv = ["ip", "netns", "exec", self.namespace, sys.executable, "-I", "-c", CONNECT, address, str(port)]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@contextmanager
def beside(host: str = "") -> Iterator[Neighbour]:
    """A neighbour of the namespace `host`, or of this machine."""
    name, cable, far = f"{host or 'nodeyard'}-near", "nodeyard-a", "nodeyard-b"
    inside = ("ip", "netns", "exec", host) if host else ()
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    run("ip", "netns", "add", name)
    try:
        neighbour = Neighbour(name)
        run(*inside, "ip", "link", "add", cable, "type", "veth", "peer", "name", far, "netns", name)
        run(*inside, "ip", "addr", "add", f"{NETWORK}.1/24", "dev", cable)
        run(*inside, "ip", "link", "set", cable, "up")
        neighbour.run("ip", "addr", "add", f"{NETWORK}.2/24", "dev", far)
        neighbour.run("ip", "link", "set", far, "up")
        neighbour.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet")
        neighbour.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter")
        yield neighbour
    finally:
        run("ip", "netns", "del", name)
