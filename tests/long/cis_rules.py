"""The container rules of the CIS Docker Benchmark, as a table over what `docker inspect` says.

Numbers and conditions are those of docker/docker-bench-security 1.6.0 (commit ff26d67; 5.x in
tests/5_container_runtime.sh, 4.1 in tests/4_container_images.sh). No document shows what 5.7 (sshd), 5.23 and 5.24
(`docker exec`) and 5.28 (pulls) ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
ALL = "*"
DEFAULT_CAPABILITIES = {
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
}
SENSITIVE = {"/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr"}


@dataclass(frozen=True)
class Rule:
    """One rule; `breaks` says whether a container breaks it."""

    number: str
    about: str
    breaks: Callable[[Document], bool]
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Service, or ALL -> why it may break the rule."""


def host(document: Document) -> Document:
    found: Document = document["HostConfig"]
    return found


def bindings(document: Document) -> list[Mapping[str, str]]:
    return [binding for found in (host(document)["PortBindings"] or {}).values() for binding in found]


def added(document: Document) -> set[str]:
    return {name.upper().removeprefix("CAP_") for name in host(document)["CapAdd"] or ()}


def options(document: Document) -> list[str]:
    return list(host(document)["SecurityOpt"] or ())


def restarted_for_ever(document: Document) -> bool:
    policy = host(document)["RestartPolicy"]
    return policy["Name"] not in ("", "no") and not 0 < policy["MaximumRetryCount"] <= 5


def has(key: str) -> Callable[[Document], bool]:
    """Whether HostConfig has anything there."""
    return lambda document: bool(host(document)[key])


def lacks(key: str) -> Callable[[Document], bool]:
    """Whether HostConfig has nothing, 0 or -1 (no limit) there."""
    return lambda document: host(document)[key] in (None, 0, -1, False, [], "")


def is_hosts(key: str) -> Callable[[Document], bool]:
    """Whether the container shares this namespace of the host."""
    return lambda document: host(document)[key] == "host"


RULES = (
    Rule(
        "4.1",
        "a user of its own",
        lambda d: d["Config"]["User"].partition(":")[0] in ("", "0", "root"),
        {"agent": "it gives files to the users of services, with three capabilities and without a network"},
    ),
    Rule("5.1", "no swarm", lambda d: "com.docker.swarm.service.id" in d["Config"]["Labels"]),
    Rule("5.2", "AppArmor where the host has it", lambda d: d["AppArmorProfile"] == "unconfined"),
    Rule("5.3", "security options", lacks("SecurityOpt")),
    Rule("5.4", "no capability beyond Docker's own", lambda d: not added(d) <= DEFAULT_CAPABILITIES),
    Rule("5.5", "not privileged", has("Privileged")),
    Rule(
        "5.6",
        "no sensitive folder of the host to write to",
        lambda d: any(mount["RW"] and mount.get("Source") in SENSITIVE for mount in d["Mounts"]),
    ),
    Rule("5.8", "no privileged port", lambda d: any(int(each["HostPort"] or 0) < 1025 for each in bindings(d))),
    Rule(
        "5.9",
        "only needed ports",
        lambda d: bool(bindings(d)),
        {"dashboard": "people open it", "proxy": "services are reached through it"},
    ),
    Rule("5.10", "a network of its own", is_hosts("NetworkMode")),
    Rule("5.11", "a memory limit", lacks("Memory")),
    Rule(
        "5.12",
        "a share of the processors",
        lambda d: lacks("CpuShares")(d) and lacks("NanoCpus")(d),
        {ALL: "an idle processor is for whoever needs it; `cpus` in a service file sets a limit"},
    ),
    Rule("5.13", "a read-only root", lacks("ReadonlyRootfs")),
    Rule("5.14", "one address for a port", lambda d: any(e["HostIp"] in ("", "0.0.0.0", "::") for e in bindings(d))),
    Rule(
        "5.15",
        "at most five restarts",
        restarted_for_ever,
        {ALL: "a node comes back after a power cut; Docker waits longer each time, and `watch` reports restarts"},
    ),
    Rule("5.16", "processes of its own", is_hosts("PidMode")),
    Rule("5.17", "IPC of its own", is_hosts("IpcMode")),
    Rule("5.18", "no device of the host", has("Devices")),
    Rule("5.19", "a limit of open files", lacks("Ulimits")),
    Rule(
        "5.20",
        "no mount shared with the host",
        lambda d: any("shared" in m.get("Propagation", "") for m in d["Mounts"]),
    ),
    Rule("5.21", "a host name of its own", is_hosts("UTSMode")),
    Rule("5.22", "seccomp", lambda d: bool({"seccomp=unconfined", "seccomp:unconfined"} & set(options(d)))),
    Rule("5.25", "Docker's cgroup", has("CgroupParent")),
    Rule(
        "5.26",
        "no new privileges",
        lambda d: not {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"} & set(options(d)),
    ),
    Rule(
        "5.27",
        "a health check",
        lambda d: "Health" not in d["State"],
        {ALL: "`watch` asks every service for facts of its chain; Docker would start a program in it for each check"},
    ),
    Rule("5.29", "a limit of processes", lacks("PidsLimit")),
    Rule("5.30", "not on docker0", lambda d: host(d)["NetworkMode"] in ("default", "bridge")),
    Rule("5.31", "users of its own", is_hosts("UsernsMode")),
    Rule(
        "5.32",
        "no socket of Docker",
        lambda d: any(str(mount.get("Source")).endswith("docker.sock") for mount in d["Mounts"]),
        {"agent": "it applies changes; it has no network and a fixed list of verbs"},
    ),
)


def broken(documents: Mapping[str, Document], rules: Sequence[Rule] = RULES) -> tuple[list[str], list[str]]:
    """(rules broken without a reason, rules broken for one), each as "5.13 kaspad: a read-only root". Pure."""
    faults: list[str] = []
    accepted: dict[str, None] = {}
    for rule in rules:
        for service in (name for name, document in documents.items() if rule.breaks(document)):
            name = service if service in rule.accepted else ALL
            if name in rule.accepted:
                accepted[f"{rule.number} {name}: {rule.about} ({rule.accepted[name]})"] = None
            else:
                faults.append(f"{rule.number} {service}: {rule.about}")
    return faults, list(accepted)
