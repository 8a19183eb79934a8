"""Facts of the host, and pure checks whether the stack fits on it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from manage import words
from manage.errors import NodeyardError
from manage.immutable import dataclass


@dataclass(frozen=True)
class HostFacts:
    """What the checks before a change know of this machine."""

    memory_total_bytes: int
    cpus: int
    uid_map: str = ""
    """Text of /proc/self/uid_map: shows whether this is a user namespace (an unprivileged LXC)."""
    container: str = ""
    """The container type that systemd reports (/run/systemd/container): "lxc", "docker", "" on a plain host."""


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    ok: bool
    sentence: str
    hint: str = ""


def read() -> HostFacts:
    """Facts of this machine."""
    return HostFacts(
        memory_total_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        cpus=os.cpu_count() or 1,
        uid_map=_text(Path("/proc/self/uid_map")),
        container=_text(Path("/run/systemd/container")),
    )


def memory(facts: HostFacts, limits: Mapping[str, int]) -> Check:
    """Whether the largest limit fits. Limits are ceilings: their sum may exceed the memory, a single one may not."""
    largest = max(limits, key=lambda name: limits[name], default="")
    if not largest or limits[largest] <= facts.memory_total_bytes:
        return Check("memory", True, f"{words.size(facts.memory_total_bytes)} of memory")
    return Check(
        "memory",
        False,
        f"Not enough memory: the limit of {largest} is {words.size(limits[largest])}, and this machine has "
        f"{words.size(facts.memory_total_bytes)}.",
        f"Lower services.{largest}.memory in stack.yml, or use a larger machine.",
    )


def cpus(facts: HostFacts, limits: Mapping[str, float]) -> Check:
    """Whether the machine has as many processors as each limit: the engine refuses to create a container with more."""
    most = max(limits, key=lambda name: limits[name], default="")
    if not most or limits[most] <= facts.cpus:
        return Check("cpus", True, words.plural(facts.cpus, "processor"))
    return Check(
        "cpus",
        False,
        f"Not enough processors: the limit of {most} is {limits[most]:g}, and this machine has {facts.cpus}.",
        f"Lower resources.cpus in the service.yml of {most}, or use a larger machine.",
    )


def memory_cgroup(limits_memory: bool) -> Check:
    """Whether the engine can limit memory (`GET /info`, MemoryLimit)."""
    if limits_memory:
        return Check("memory cgroup", True, "the engine limits memory")
    return Check(
        "memory cgroup",
        False,
        "The kernel of this machine has no memory cgroup, so the memory limits of the services have no effect.",
        "Add cgroup_enable=memory to the kernel's command line (Raspberry Pi: /boot/firmware/cmdline.txt) and reboot.",
    )


def not_unprivileged_lxc(facts: HostFacts) -> Check:
    """Docker in an unprivileged LXC is not supported: uids are shifted, so fixed owners cannot be set."""
    shifted = bool(facts.uid_map.strip()) and facts.uid_map.split()[:3] != ["0", "0", "4294967295"]
    if facts.container == "lxc" and shifted:
        return Check(
            "lxc",
            False,
            "This machine is an unprivileged LXC container, which Nodeyard does not support.",
            "Use a virtual machine, or a privileged container.",
        )
    return Check("lxc", True, "not in an unprivileged LXC container")


def require_passed(checks: Iterable[Check]) -> None:
    """Raise NodeyardError with every failed check and the hint of the first."""
    failed = [check for check in checks if not check.ok]
    if failed:
        raise NodeyardError(" ".join(check.sentence for check in failed), failed[0].hint)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
