"""Compares rendered services with the hardening preset. A deviation needs a reason in the catalog."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from manage.catalog.model import Service
from manage.errors import NodeyardError
from manage.render import compose_document, own_template

REQUIRED: Mapping[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "init": True,
    "restart": "unless-stopped",
}
LIMITS = ("mem_limit", "memswap_limit", "pids_limit", "ulimits", "logging", "stop_grace_period", "tmpfs")
ALLOWED = {
    *REQUIRED,
    *LIMITS,
    *(
        "image",
        "pull_policy",
        "command",
        "entrypoint",
        "environment",
        "user",
        "cpus",
        "cpu_shares",
        "stop_signal",
        "shm_size",
    ),
    *("networks", "network_mode", "dns", "dns_opt", "ports", "volumes", "secrets", "labels"),
    *("healthcheck", "depends_on", "working_dir"),
}
"""Keys that give a container no power outside it. Any other key needs a reason."""
FIXED = ("image", "pull_policy", "user", "networks", "network_mode", "dns", "dns_opt", "ports", "secrets", "labels")
"""What the skeleton writes from the catalog and the configuration; no template of an operator changes it."""
LIMITED = ("mem_limit", "memswap_limit", "pids_limit", "cpus", "cpu_shares", "ulimits", "logging", "stop_grace_period")
"""The same, unless the service file gives a reason."""
NOFILE = 20000
"""Some hosts allow a container no more open files (no CAP_SYS_RESOURCE)."""


def require_preset(service: Service, compose: Mapping[str, Any], folders: Collection[str] = ()) -> None:
    """Raise NodeyardError with every deviation of `compose` that has no reason in `service.exceptions`.

    `folders` are the host folders that a service may mount without a reason.
    """
    found = [sentence for name, sentence in deviations(compose, folders) if name not in service.exceptions]
    if found:
        raise NodeyardError(
            f"{service.name} deviates from the hardening preset: {'; '.join(found)}.",
            "Change its template, or add a reason under `exceptions` in its service.yml.",
        )


def deviations(compose: Mapping[str, Any], folders: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """(name of the exception that would allow it, sentence) of each deviation."""
    for key, value in REQUIRED.items():
        if compose.get(key) != value:
            yield key, f"{key} is not {value}"
    for key in LIMITS:
        if key not in compose:
            yield key, f"it has no {key}"
    if compose.get("mem_limit") != compose.get("memswap_limit"):
        yield "memswap_limit", "it may swap"
    if compose.get("ulimits", {}).get("nofile", {}).get("hard", 0) > NOFILE:
        yield "ulimits", f"it may open more than {NOFILE} files"
    for key in compose:
        if key not in ALLOWED:
            yield key, f"it has {key}"
    if compose.get("user", "0").split(":")[0] == "0":
        yield "user", "it runs as root"
    if compose.get("network_mode") == "host":
        yield "network_mode", "it uses the host's network"
    for mount in compose.get("volumes", []):
        source = compose_document.literal(mount.get("source", "") if isinstance(mount, dict) else str(mount))
        if source.endswith("docker.sock"):
            yield "socket", "it mounts Docker's socket"
        elif isinstance(mount, str) or (mount.get("type") == "bind" and not _is_below(source, folders)):
            yield "bind", f"it mounts {source} of the host"


def require_skeleton(service: Service, compose: Mapping[str, Any], skeleton: Mapping[str, Any], directory: str) -> None:
    """Raise NodeyardError where the template of an operator's service changes what the shared skeleton writes."""
    fixed = (*FIXED, *(key for key in LIMITED if key not in service.exceptions))
    changed = [key for key in fixed if compose.get(key) != skeleton.get(key)]
    if changed:
        raise NodeyardError(
            f"{service.file}: compose.yml.j2 changes {', '.join(changed)}, which Nodeyard sets.",
            'Begin it with {% extends "service.yml.j2" %} and omit these keys.',
        )
    if problems := list(own_template.problems(compose, skeleton.get("volumes", []), directory)):
        raise NodeyardError(
            f"{service.directory}/compose.yml.j2 renders what Nodeyard does not take: {'; '.join(problems)}.",
            "Correct the template; manage services check shows the result.",
        )


def _is_below(path: str, folders: Collection[str]) -> bool:
    parts = PurePosixPath(path).parts
    return ".." not in parts and any(
        parts[: len(PurePosixPath(folder).parts)] == PurePosixPath(folder).parts for folder in folders
    )
