"""The running sandbox that soaks and campaigns treat badly, and what must be true of it afterwards."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from manage.installation.documents import NEW
from tests.journeys.installed import Installed, set_up

ADDRESS = "kaspasim:qprx6l72u437tjcf5rgcwza4sq6ysprp0pu6zj2feu3zshcm4cljwd5me0nwt"
"""The payee of the recorded payment in tests/data/kaspad/simnet-2.0.1.jsonl."""
KAS = 100_000_000
"""One KAS in sompi."""
WRITING_S = 5
"""A temporary file that is older belongs to nobody any more."""
LABEL = "io.nodeyard.installation"


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


@contextmanager
def running(folder: Path | None, name: str) -> Iterator[Installed]:
    """The installation that runs in `folder`; without one a sandbox called `name`, purged at the end."""
    if folder is None:
        with set_up(name, "--profile", "sandbox") as installed:
            yield installed
        return
    urls = json.loads(Installed(folder, 0).run("urls", "--json").stdout)
    yield Installed(folder, int(urls["dashboard"]["url"].rstrip("/").rsplit(":", 1)[1]))


def healthy(installed: Installed) -> bool:
    return {verdict for verdict, _ in installed.verdicts().values()} == {"healthy"}


def follow(installed: Installed, token: str, label: str) -> None:
    """Follow ADDRESS; nothing changes if it is followed already."""
    installed.http("/tracker/api/addresses", body={"chain": "kaspa", "address": ADDRESS, "label": label}, token=token)


def held(installed: Installed, token: str) -> int:
    """Sompi that the tracker shows for ADDRESS; -1 while it shows none."""
    answer = installed.http("/tracker/api/portfolio", token=token)
    entries = answer.json()["addresses"] if answer.status == 200 else []
    found = [int(entry["balance"]["amount"] or 0) for entry in entries if entry["address"] == ADDRESS]
    return found[0] if found else -1


def left_behind(installed: Installed) -> list[str]:
    """What lies around although no change runs: containers, networks, volumes, files and processes, as sentences."""
    ours = f"label={LABEL}={installed.id}"
    names = docker("ps", "-aq", "--no-trunc", "--filter", ours).split()
    containers = json.loads(docker("inspect", *names)) if names else []
    services = [container["Config"]["Labels"].get("io.nodeyard.service", "") for container in containers]
    found = [f"{services.count(name)} containers of {name}" for name in set(services) if services.count(name) != 1]
    found += [f"{one['Name']} is {one['State']['Status']}" for one in containers if not one["State"]["Running"]]
    joined = {name for one in containers for name in one["NetworkSettings"]["Networks"]}
    mounted = {mount.get("Name") for one in containers for mount in one["Mounts"]}
    networks = docker("network", "ls", "--format", "{{.Name}}", "--filter", ours).split()
    volumes = docker("volume", "ls", "-q", "--filter", ours).split()
    found += [f"nothing is on network {name}" for name in networks if name not in joined]
    found += [f"nothing mounts volume {name}" for name in volumes if name not in mounted]
    found += [f"{path} is a temporary file" for path in installed.dir.rglob(".*") if _is_left(path)]
    return found + [f"process {pid} still runs" for pid in composing(installed)]


def composing(installed: Installed) -> list[int]:
    """The pids of docker-compose on this installation's files, whoever started it."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.endswith("docker-compose") for word in words) and str(installed.dir) in words:
            found.append(process.pid)
    return found


def _is_left(path: Path) -> bool:
    try:
        return path.name.endswith(NEW) and time.time() - path.stat().st_mtime > WRITING_S
    except FileNotFoundError:
        return False
