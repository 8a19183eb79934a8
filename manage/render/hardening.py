"""The hardening preset, held against what was rendered: a deviation is refused unless the catalog gives its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from manage.catalog.model import Service
from manage.errors import NodeyardError

NEEDED: Mapping[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "init": True,
    "restart": "unless-stopped",
}
LIMITS = ("mem_limit", "memswap_limit", "pids_limit", "ulimits", "logging", "stop_grace_period", "tmpfs")
POWERS = ("privileged", "cap_add", "devices", "device_cgroup_rules", "pid", "ipc", "uts", "userns_mode", "sysctls")
NOFILE = 20000
"""Some hosts allow no more open files to a container (no CAP_SYS_RESOURCE)."""


def check(service: Service, compose: Mapping[str, Any]) -> None:
    """Raise NodeyardError naming every deviation of `compose` that `service.exceptions` gives no reason for."""
    found = [sentence for name, sentence in deviations(compose) if name not in service.exceptions]
    if found:
        raise NodeyardError(
            f"{service.name} deviates from the hardening preset: {'; '.join(found)}.",
            "Change its template, or give the reason under `exceptions` in its service.yml.",
        )


def deviations(compose: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(name of the exception that would allow it, sentence) of each deviation."""
    for key, value in NEEDED.items():
        if compose.get(key) != value:
            yield key, f"{key} is not {value}"
    for key in LIMITS:
        if key not in compose:
            yield key, f"it has no {key}"
    if compose.get("mem_limit") != compose.get("memswap_limit"):
        yield "memswap_limit", "it may swap"
    if compose.get("ulimits", {}).get("nofile", {}).get("hard", 0) > NOFILE:
        yield "ulimits", f"it wants more than {NOFILE} open files"
    for key in POWERS:
        if key in compose:
            yield key, f"it has {key}"
    if compose.get("user", "0").split(":")[0] == "0":
        yield "user", "it runs as root"
    if compose.get("network_mode") == "host":
        yield "network_mode", "it is on the host's network"
    for mount in compose.get("volumes", []):
        if mount.get("source", "").endswith("docker.sock"):
            yield "socket", "it mounts Docker's socket"
