"""The table of the CIS Docker Benchmark's rules finds what it is there to find."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.long import cis_rules

GOOD: dict[str, Any] = {
    "AppArmorProfile": "docker-default",
    "Config": {"User": "70013:70013", "Labels": {}},
    "State": {"Health": {"Status": "healthy"}},
    "Mounts": [{"Source": "/var/lib/nodeyard/sandbox/kaspad", "RW": True, "Propagation": "rprivate"}],
    "HostConfig": {
        "CapAdd": None,
        "SecurityOpt": ["no-new-privileges:true"],
        "Privileged": False,
        "PortBindings": None,
        "NetworkMode": "nodeyard_kaspad-wrpc-json",
        "Memory": 256 * 1024**2,
        "CpuShares": 512,
        "NanoCpus": 0,
        "ReadonlyRootfs": True,
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
        "PidMode": "",
        "IpcMode": "private",
        "UTSMode": "",
        "UsernsMode": "",
        "Devices": None,
        "Ulimits": [{"Name": "nofile", "Soft": 16384, "Hard": 16384}],
        "CgroupParent": "",
        "PidsLimit": 512,
    },
}
SOCKET = {"Source": "/run/docker.sock", "RW": False, "Propagation": "rprivate"}
BAD: dict[str, tuple[str, Any]] = {
    "4.1": ("Config.User", "root:root"),
    "5.1": ("Config.Labels", {"com.docker.swarm.service.id": "x"}),
    "5.2": ("AppArmorProfile", "unconfined"),
    "5.3": ("HostConfig.SecurityOpt", []),
    "5.4": ("HostConfig.CapAdd", ["CAP_CHOWN", "SYS_ADMIN"]),
    "5.5": ("HostConfig.Privileged", True),
    "5.6": ("Mounts", [{"Source": "/etc", "RW": True}]),
    "5.8": ("HostConfig.PortBindings", {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}]}),
    "5.9": ("HostConfig.PortBindings", {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8600"}]}),
    "5.10": ("HostConfig.NetworkMode", "host"),
    "5.11": ("HostConfig.Memory", 0),
    "5.12": ("HostConfig.CpuShares", 0),
    "5.13": ("HostConfig.ReadonlyRootfs", False),
    "5.14": ("HostConfig.PortBindings", {"80/tcp": [{"HostIp": "", "HostPort": "8600"}]}),
    "5.15": ("HostConfig.RestartPolicy", {"Name": "unless-stopped", "MaximumRetryCount": 0}),
    "5.16": ("HostConfig.PidMode", "host"),
    "5.17": ("HostConfig.IpcMode", "host"),
    "5.18": ("HostConfig.Devices", [{"PathOnHost": "/dev/sda"}]),
    "5.19": ("HostConfig.Ulimits", None),
    "5.20": ("Mounts", [{"Source": "/srv", "RW": True, "Propagation": "rshared"}]),
    "5.21": ("HostConfig.UTSMode", "host"),
    "5.22": ("HostConfig.SecurityOpt", ["no-new-privileges:true", "seccomp=unconfined"]),
    "5.25": ("HostConfig.CgroupParent", "/mine"),
    "5.26": ("HostConfig.SecurityOpt", ["no-new-privileges:false"]),
    "5.27": ("State", {}),
    "5.29": ("HostConfig.PidsLimit", -1),
    "5.30": ("HostConfig.NetworkMode", "bridge"),
    "5.31": ("HostConfig.UsernsMode", "host"),
    "5.32": ("Mounts", [SOCKET]),
}


def changed(place: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    *path, last = place.split(".")
    inner = document
    for key in path:
        inner = inner[key]
    inner[last] = value
    return document


def test_a_container_that_keeps_every_rule_is_praised() -> None:
    assert cis_rules.broken({"kaspad": GOOD}) == ([], [])


@pytest.mark.parametrize("rule", cis_rules.RULES, ids=lambda rule: rule.number)
def test_each_rule_finds_what_breaks_it(rule: cis_rules.Rule) -> None:
    assert rule.breaks(changed(*BAD[rule.number]))


def test_a_reason_is_for_the_service_that_has_it() -> None:
    with_socket = changed("Mounts", [SOCKET])
    faults, accepted = cis_rules.broken({"agent": with_socket, "kaspad": with_socket})
    assert faults == ["5.32 kaspad: no socket of Docker"]
    assert [text.partition(" (")[0] for text in accepted] == ["5.32 agent: no socket of Docker"]
