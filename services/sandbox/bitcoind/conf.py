"""bitcoin.conf as bitcoind reads it, limited to the options that the simulator supports."""

from __future__ import annotations

import argparse
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from nodeclients.networks import BITCOIN

TOPICS = ("hashblock", "hashtx", "rawblock", "rawtx", "sequence")
"""In the order in which Core notifies: sorted by the name of the option."""
DEFAULT_HWM = 1000
RPC_PORT = BITCOIN["sandbox"].rpc_port


class ConfError(Exception):
    """The configuration is invalid; the message says why."""


@dataclass(frozen=True)
class Publisher:
    """One `zmqpub<topic>` line."""

    topic: str
    address: str
    hwm: int


@dataclass(frozen=True)
class Conf:
    datadir: Path
    binds: tuple[tuple[str, int], ...]
    """(host, port) where RPC listens."""
    rpcauth: dict[str, tuple[str, str]]
    """User -> (salt, HMAC-SHA256 of the password, hex)."""
    whitelist: dict[str, frozenset[str]]
    """User -> methods. Other users may call every method, or none if `whitelist_default` is set."""
    whitelist_default: bool
    publishers: tuple[Publisher, ...]
    allowed: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    """Networks whose requests are answered, loopback besides."""

    def allows(self, address: str) -> bool:
        """src/httpserver.cpp, ClientAllowed: loopback always."""
        peer = ipaddress.ip_address(address)
        return peer.is_loopback or any(peer in network for network in self.allowed)


def read(argv: list[str]) -> Conf:
    """The configuration from `-conf=FILE -datadir=DIR` and `-option=value` flags. Raises ConfError if it is invalid."""
    parser = argparse.ArgumentParser(prog="sandbox bitcoind", prefix_chars="-", allow_abbrev=False)
    parser.add_argument("-conf", type=Path)
    parser.add_argument("-datadir", type=Path, default=Path.home() / ".bitcoin")
    known, rest = parser.parse_known_args(argv)
    options = [_option(flag.lstrip("-")) for flag in rest]
    conf_file = known.conf or known.datadir / "bitcoin.conf"
    options += _file(conf_file, known.datadir) if known.conf or conf_file.exists() else []
    return _conf(options, known.datadir)


def _file(path: Path, datadir: Path) -> list[tuple[str, str]]:
    """Options of a file and of the files that it includes: those before any section and those in [regtest]."""
    try:
        lines = path.read_text().splitlines()
    except OSError as fault:
        raise ConfError(f"cannot read {path}: {fault.strerror}") from fault
    options: list[tuple[str, str]] = []
    section = ""
    for line in lines:
        text = line.split("#", 1)[0].strip()
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1]
        elif text and section in ("", "regtest"):
            name, value = _option(text)
            name = name.removeprefix("regtest.")
            options += _file(datadir / value, datadir) if name == "includeconf" else [(name, value)]
    return options


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip() or "1"


def _conf(options: list[tuple[str, str]], datadir: Path) -> Conf:
    first = dict(reversed(options))  # for bitcoind the first value wins, and flags precede the file
    if first.get("chain", "regtest") != "regtest":
        raise ConfError(f"the simulator supports regtest only, not {first['chain']}: set chain=regtest")
    many: dict[str, list[str]] = {}
    for name, value in options:
        many.setdefault(name, []).append(value)
    port = int(first.get("rpcport", RPC_PORT))
    binds = tuple(_host_port(bind, port) for bind in many.get("rpcbind", ["127.0.0.1"]))
    publishers = tuple(
        Publisher(topic, address, int(first.get(f"zmqpub{topic}hwm", DEFAULT_HWM)))
        for topic in TOPICS
        for address in many.get(f"zmqpub{topic}", [])
    )
    whitelist = dict(_whitelist(line) for line in many.get("rpcwhitelist", []))
    deny = first.get("rpcwhitelistdefault", "1" if whitelist else "0") == "1"
    allowed = tuple(map(_network, many.get("rpcallowip", [])))
    return Conf(datadir, binds, dict(map(_rpcauth, many.get("rpcauth", []))), whitelist, deny, publishers, allowed)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as fault:
        raise ConfError(f"rpcallowip is {text!r}, which is neither an address nor a network") from fault


def _host_port(bind: str, port: int) -> tuple[str, int]:
    """HOST, HOST:PORT, [IPv6] or [IPv6]:PORT; a bare IPv6 address has no port."""
    host, colon, own_port = bind.rpartition(":")
    named = colon and not bind.endswith("]") and (bind.startswith("[") or ":" not in host)
    return (host.strip("[]"), int(own_port)) if named else (bind.strip("[]"), port)


def _rpcauth(line: str) -> tuple[str, tuple[str, str]]:
    user, _, secret = line.partition(":")
    salt, dollar, digest = secret.partition("$")
    if not user or not dollar:
        raise ConfError("an rpcauth line does not have the form user:salt$hash")
    return user, (salt, digest)


def _whitelist(line: str) -> tuple[str, frozenset[str]]:
    user, _, methods = line.partition(":")
    return user, frozenset(method.strip() for method in methods.split(",") if method.strip())
