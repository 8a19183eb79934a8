"""What an attacker inside a container would find: every container of a running sandbox, exactly as promised.

The engine is asked, not what was rendered: a new power, mount, network or port of any service fails here.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.journeys.hardening import PROMISES
from tests.journeys.installed import Installed


@pytest.fixture(scope="module")
def documents(installed: Installed) -> dict[str, dict[str, Any]]:
    """Service -> what `docker inspect` tells of its container."""
    ids = [installed.container(name) for name in PROMISES]
    done = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True)
    return dict(zip(PROMISES, json.loads(done.stdout), strict=True))


def test_these_are_all_the_containers_of_the_installation(installed: Installed) -> None:
    listed = subprocess.run(
        ["docker", "ps", "-a", "--filter", f"label=io.nodeyard.installation={installed.id}", "--format", "{{.ID}}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(listed) == len(PROMISES)


@pytest.mark.promise("Running containers are hardened exactly as promised", runs="ci")
@pytest.mark.promise("The running oracle is hardened exactly as promised", runs="ci", case="oracle")
@pytest.mark.parametrize("name", PROMISES)
def test_a_container_has_no_power_but_those_promised(documents: dict[str, dict[str, Any]], name: str) -> None:
    promise, host, config = PROMISES[name], documents[name]["HostConfig"], documents[name]["Config"]
    assert config["User"] == f"{promise.uid}:{promise.uid}"
    assert host["CapDrop"] == ["ALL"]
    assert tuple(sorted(_capability(power) for power in host["CapAdd"] or ())) == promise.powers
    assert tuple(host["GroupAdd"] or ()) == promise.groups
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["ReadonlyRootfs"], host["Privileged"], host["Init"]) == (True, False, True)
    assert not (host["Devices"] or host["DeviceCgroupRules"] or host["DeviceRequests"] or host.get("Sysctls"))
    assert (host["PidMode"], host["UTSMode"], host["UsernsMode"], host["IpcMode"]) == ("", "", "", "private")
    assert "/proc/kcore" in host["MaskedPaths"]
    assert "/proc/sys" in host["ReadonlyPaths"]


@pytest.mark.parametrize("name", PROMISES)
def test_a_container_is_limited(documents: dict[str, dict[str, Any]], name: str) -> None:
    promise, host = PROMISES[name], documents[name]["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (promise.memory, promise.memory, promise.pids)
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 16384, "Hard": 16384}]
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "5", "max-size": "10m"}}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert tuple(sorted(host["Tmpfs"])) == promise.tmpfs
    assert all({"nosuid", "nodev", "noexec"} <= set(options.split(",")) for options in host["Tmpfs"].values())


@pytest.mark.parametrize("name", PROMISES)
def test_a_container_sees_only_its_own_files_and_networks(
    installed: Installed, documents: dict[str, dict[str, Any]], name: str
) -> None:
    promise, document = PROMISES[name], documents[name]
    mounts = {
        m["Destination"].replace(str(installed.dir), "DIR"): "rw" if m["RW"] else "ro" for m in document["Mounts"]
    }
    assert mounts == promise.mounts
    networks = {network.rpartition("_")[2] for network in document["NetworkSettings"]["Networks"]}
    assert networks == set(promise.networks)


@pytest.mark.parametrize("name", PROMISES)
def test_a_container_publishes_on_loopback_alone_what_was_promised(
    installed: Installed, documents: dict[str, dict[str, Any]], name: str
) -> None:
    offset = PROMISES[name].port
    bound = [binding for ports in documents[name]["HostConfig"]["PortBindings"].values() for binding in ports]
    wanted = [] if offset is None else [{"HostIp": "127.0.0.1", "HostPort": str(installed.port_base + offset)}]
    assert bound == wanted


def test_nothing_listens_beyond_loopback_on_our_ports(installed: Installed) -> None:
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr
        if connection.laddr.port in (installed.port_base, installed.port_base + 1)
    }
    assert listening == {("127.0.0.1", installed.port_base), ("127.0.0.1", installed.port_base + 1)}


def test_networks_lead_nowhere_but_to_published_ports(installed: Installed) -> None:
    done = subprocess.run(
        ["docker", "network", "ls", "-q", "--filter", f"label=io.nodeyard.installation={installed.id}"],
        capture_output=True,
        text=True,
        check=True,
    )
    inspected = subprocess.run(
        ["docker", "network", "inspect", *done.stdout.split()], capture_output=True, text=True, check=True
    )
    internal = {network["Name"].rpartition("_")[2]: network["Internal"] for network in json.loads(inspected.stdout)}
    assert {name for name, closed in internal.items() if not closed} == {"dashboard-door", "proxy-door"}


def test_no_secret_is_in_a_containers_description_in_its_log_or_in_a_rendered_file(
    installed: Installed, documents: dict[str, dict[str, Any]]
) -> None:
    values = _secret_values(installed)
    places = {f"inspect {name}": json.dumps(document) for name, document in documents.items()}
    for name, document in documents.items():
        log = subprocess.run(["docker", "logs", document["Id"]], capture_output=True, text=True, check=True)
        places[f"log of {name}"] = log.stdout + log.stderr
        processes = subprocess.run(["docker", "top", document["Id"]], capture_output=True, text=True, check=True)
        places[f"processes of {name}"] = processes.stdout
    closed = {installed.dir / "secrets", installed.dir / "run" / "secrets"}
    for path in installed.dir.rglob("*"):
        if path.is_file() and not closed & set(path.parents):
            places[str(path)] = path.read_text(encoding="utf-8", errors="replace")
    assert len(places) > 3 * len(PROMISES), "the places were looked at"
    assert [place for place, text in places.items() for value in values if value in text] == []


def test_what_an_other_user_of_the_machine_may_open(installed: Installed) -> None:
    modes = {
        "": 0o750,
        "lock": 0o600,
        "receipts": 0o750,
        "specs": 0o750,
        "compose": 0o750,
        "watch": 0o2750,
        "watch/watch.sock": 0o660,
        "stack.yml": 0o644,
        "secrets": 0o700,
        "run/secrets": 0o700,
        "run/agent": 0o750,
        "run/agent/agent.sock": 0o660,
        "agent": 0o700,
        "agent/users.json": 0o600,
        "agent/session.key": 0o600,
        "agent/audit.log": 0o600,
        "sandbox/kaspad": 0o700,
        "sandbox/bitcoind": 0o700,
    }
    assert {name: stat.S_IMODE((installed.dir / name).stat().st_mode) for name in modes} == modes
    assert (installed.dir / "run" / "agent" / "agent.sock").stat().st_gid == 70020
    masters = list((installed.dir / "secrets").iterdir())
    assert {(stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) for path in masters} == {(0o600, 0)}
    copies = {path: path.stat() for path in (installed.dir / "run" / "secrets").glob("*/*")}
    assert {stat.S_IMODE(found.st_mode) for found in copies.values()} == {0o400}
    assert {(path.parent.name, found.st_uid) for path, found in copies.items()} == {
        (name, PROMISES[name].uid) for name in ("timescaledb", "bitcoind", "tracker", "oracle", "watch")
    }
    assert [path for path in installed.dir.rglob("*") if _others_may_write(path)] == []
    stranger = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", str(installed.dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Permission denied" in stranger.stderr


def test_only_root_and_the_dashboard_are_answered_by_the_agent(installed: Installed) -> None:
    ask = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "s.connect(sys.argv[1])\n"
        's.sendall(b\'{"verb": "plan", "args": {"verb": "down"}}\\n\')\n'
        "print(s.makefile().readline())\n"
    )
    argv = ["/usr/bin/python3", "-I", "-c", ask, str(installed.dir / "run" / "agent" / "agent.sock")]
    stranger = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *argv],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in stranger.stderr
    member = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=70020", "--clear-groups", *argv],
        capture_output=True,
        text=True,
        check=False,
    )
    # The installation of a test may lie in a folder that is closed to everyone else: then nobody comes so far.
    assert "does not answer this user" in member.stdout or "PermissionError" in member.stderr


def test_the_tracker_answers_nobody_without_its_token(installed: Installed) -> None:
    guarded = ("/tracker/api/portfolio", "/tracker/api/addresses", "/tracker/metrics", "/tracker/openapi.json")
    assert {installed.http(path).status for path in guarded} == {401}
    assert {installed.http(path, token="x" * 32).status for path in guarded} == {401}
    assert installed.http("/tracker/api/portfolio", token=installed.token()).status == 200


def _secret_values(installed: Installed) -> list[str]:
    """Every generated value; of the derived RPC lines the hashes."""
    texts = [path.read_text().strip() for path in (installed.dir / "secrets").iterdir()]
    values = [part for text in texts for part in re.findall(r"[\w-]{32,}", text)]
    assert len(values) >= len(texts)
    return values


def _capability(name: str) -> str:
    """Engines tell CHOWN and CAP_CHOWN."""
    return f"CAP_{name.removeprefix('CAP_')}"


def _others_may_write(path: Path) -> bool:
    found = path.lstat()
    return not stat.S_ISLNK(found.st_mode) and bool(found.st_mode & 0o002)
