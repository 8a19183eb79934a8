"""The one table of packet rules that Nodeyard writes: `inet nodeyard`. Nothing here reads or changes another table.

Docker before engine 28 lets hosts of the same network segment reach ports that are published on 127.0.0.1, and the
containers behind them (docker-facts 14 and 30). Newer engines write these rules themselves, in iptables' table `raw`
(moby libnetwork/drivers/bridge, `filterPortMappedOnLoopback` and `filterDirectAccess`).
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path

from manage import untrusted
from manage.host import builds
from manage.immutable import dataclass
from manage.installation import documents

TABLE = "inet nodeyard"
SAVED = Path("/etc/nodeyard/firewall.nft")
"""The table as it was last written, for the next boot."""
LOCK = Path("/run/nodeyard-firewall.lock")
INSTALL = "Install nft and run manage up: apt-get install nftables"
LOCAL = ("lo", "loopback0")
"""Interfaces from which this host itself speaks; the second is Windows' under WSL2 (`filterPortMappedOnLoopback`)."""
_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
_PATIENCE_S = 20


@dataclass(frozen=True)
class Bridge:
    """A network of ours on this host."""

    name: str
    """Of its interface, such as br-0123456789ab."""
    subnets: tuple[str, ...]


def text(bridges: Iterable[Bridge]) -> str:
    """One transaction for `nft -f`: the table is replaced whole (nft(8), "add", "delete"). Pure.

    The chain runs before Docker's NAT (priority dstnat), which would hide the address that the sender wrote. A rule
    about a subnet counts only while the host routes it to our bridge: a later network of somebody else may reuse it.
    """
    bridges = sorted(bridges, key=lambda bridge: bridge.name)
    subnets = [(bridge.name, ip_network(subnet)) for bridge in bridges for subnet in bridge.subnets]
    local, inside = _set(LOCAL), _set((*LOCAL, *(bridge.name for bridge in bridges)))
    rules = [f"iifname != {local} ip daddr 127.0.0.0/8 drop", f"iifname != {local} ip6 daddr ::1 drop"]
    rules += [
        f'iifname != {inside} ip{"" if net.version == 4 else "6"} daddr {net} fib daddr oifname "{name}" drop'
        for name, net in subnets
    ]
    return "\n".join(
        (
            f"add table {TABLE}",
            f"delete table {TABLE}",
            f"table {TABLE} {{",
            "  chain loopback {",
            "    type filter hook prerouting priority raw; policy accept;",
            *(f"    {rule}" for rule in rules),
            "  }",
            "}",
            "",
        )
    )


def _set(names: Iterable[str]) -> str:
    return "{ " + ", ".join(f'"{name}"' for name in names) + " }"


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold the table while reading which networks exist and writing it: all installations of a host share it."""
    with builds.lock_file(LOCK) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def write(bridges: Iterable[Bridge], saved: Path | None = None) -> str:
    """Write the table for these networks, without one remove it; "" or a sentence that says why that is impossible."""
    bridges, saved = tuple(bridges), saved or SAVED
    if not bridges:
        saved.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            saved.parent.rmdir()  # unless somebody keeps something else there
        _run(f"add table {TABLE}\ndelete table {TABLE}\n")  # fails only where there can be no table
        return ""
    wanted = text(bridges)
    if problem := _run(wanted):
        return problem
    try:
        if not _holds(saved, wanted):
            saved.parent.mkdir(mode=0o755, exist_ok=True)
            documents.replace(saved, wanted.encode())
    except OSError as error:
        return f"The firewall rule does not outlive a reboot: {saved} cannot be written ({error.strerror})."
    return ""


def _holds(saved: Path, wanted: str) -> bool:
    """Whether an earlier command saved the same table; writing it again would wait for the disk."""
    try:
        return untrusted.text(saved) == wanted
    except (OSError, UnicodeDecodeError):
        return False


def restore(saved: Path | None = None) -> str:
    """Write the table as it was last written; "" or a sentence."""
    try:
        return _run(untrusted.text(saved or SAVED))
    except FileNotFoundError:
        return ""
    except untrusted.Refused as error:
        return f"The firewall rule is missing: {saved or SAVED} cannot be read ({error.strerror})."


def is_present() -> bool:
    """Whether the table exists; False if nft is missing or does not answer. Needs root."""
    listing = [_nft(), "list", "table", *TABLE.split()]
    try:
        return subprocess.run(listing, capture_output=True, timeout=_PATIENCE_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _run(script: str) -> str:
    """ "" or a sentence."""
    nft = _nft()
    if not nft:
        return f"The firewall rule is missing, because this host has no nft. {INSTALL}"
    try:
        done = subprocess.run(
            [nft, "-f", "-"], input=script, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"The firewall rule is missing, because nft does not run: {error}."
    if done.returncode == 0:
        return ""
    reason = next(iter(done.stderr.splitlines()), f"exit code {done.returncode}")
    return f"The firewall rule is missing, because nft refused it: {reason}."


def _nft() -> str:
    return shutil.which("nft", path=_PATH) or ""
