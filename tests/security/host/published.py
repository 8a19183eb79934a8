"""A host with a published port as an engine before 28 makes it, of network namespaces: bridge, container, NAT rules."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.security.host.neighbour import NETWORK, Neighbour, beside, run
from tests.stage.waiting import until

HOST, CONTAINER, BRIDGE, SUBNET, INSIDE = "nodeyard-host", "nodeyard-box", "br-test", "203.0.113.0/24", "203.0.113.2"
PUBLISHED, PORT = 8600, 8000
STRANGER = "table inet stranger {\n\tchain input {\n\t\ttcp dport 12345 drop\n\t}\n}\n"

LIKE_AN_ENGINE = f"""
table ip nat {{
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    ip daddr 127.0.0.1 tcp dport {PUBLISHED} dnat to {INSIDE}:{PORT}
    ip daddr {NETWORK}.1 tcp dport {PUBLISHED + 1} dnat to {INSIDE}:{PORT}
  }}
  chain output {{
    type nat hook output priority -100;
    ip daddr 127.0.0.1 tcp dport {PUBLISHED} dnat to {INSIDE}:{PORT}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip saddr 127.0.0.0/8 oifname "{BRIDGE}" masquerade
  }}
}}
"""
"""What an engine before 28 writes for `-p 127.0.0.1:8600:8000`, and for a port that is open to all on purpose."""
SERVER = f"import socket; s = socket.create_server(('0.0.0.0', {PORT}))\nwhile True: s.accept()[0].close()"


def on_host(*argv: str, stdin: str = "") -> str:
    return run("ip", "netns", "exec", HOST, *argv, stdin=stdin)


@contextmanager
def segment(loaded_before: str = "") -> Iterator[Neighbour]:
    """A host with a bridge, a container that serves behind it, and a neighbour.

    `loaded_before` is what nft loads before the host has the bridge and the engine's rules.
    """
    for name in (HOST, CONTAINER):
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        run("ip", "netns", "add", name)
    server = None
    try:
        on_host("ip", "link", "set", "lo", "up")
        if loaded_before:
            on_host("nft", "-f", "-", stdin=loaded_before)
        on_host("ip", "link", "add", BRIDGE, "type", "bridge")
        on_host("ip", "addr", "add", "203.0.113.1/24", "dev", BRIDGE)
        on_host("ip", "link", "set", BRIDGE, "up")
        on_host("ip", "link", "add", "veth-box", "type", "veth", "peer", "name", "eth0", "netns", CONTAINER)
        on_host("ip", "link", "set", "veth-box", "master", BRIDGE, "up")
        for line in (f"addr add {INSIDE}/24 dev eth0", "link set eth0 up", "route add default via 203.0.113.1"):
            run("ip", "-n", CONTAINER, *line.split())
        on_host("sh", "-c", "echo 1 | tee /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all/route_localnet")
        on_host("nft", "-f", "-", stdin=LIKE_AN_ENGINE + STRANGER)
        server = subprocess.Popen(["ip", "netns", "exec", CONTAINER, sys.executable, "-I", "-c", SERVER])
        host = Neighbour(HOST)
        until(lambda: host.reaches(INSIDE, PORT), 10)
        with beside(HOST) as neighbour:
            neighbour.route("127.0.0.1/32")
            neighbour.route(SUBNET)
            yield neighbour
    finally:
        if server:
            server.kill()
            server.wait()
        for name in (HOST, CONTAINER):
            run("ip", "netns", "del", name)
