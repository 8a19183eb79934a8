"""A real installation for tests: its own folder, id, project and ports, driven by the `manage` command alone."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

CHECKOUT = Path(__file__).resolve().parents[2]
INSTALLATIONS = CHECKOUT / ".cache" / "installations"
"""Installations of tests; tests/run removes what a killed run left there."""
MANAGE = CHECKOUT / ".venv" / "bin" / "manage"
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Installed:
    """One installation below `dir`, ports from `port_base`."""

    dir: Path
    port_base: int

    def run(self, *arguments: str, expect: int | None = 0, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """`manage ARGUMENTS --dir DIR`; fails with what it printed when the exit code is not `expect`."""
        argv = [str(MANAGE), *arguments, "--dir", str(self.dir)]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *arguments: str, expect: int | None = 0) -> Any:
        """The same with `--json`, parsed."""
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)

    def verdicts(self) -> dict[str, tuple[str, str]]:
        """Service -> (verdict, reason)."""
        return {s["name"]: (s["verdict"], s["reason"]) for s in self.json("status")["services"]}

    def container(self, service: str) -> str:
        """Id of the running container of a service, found by label."""
        done = subprocess.run(
            [
                "docker",
                "ps",
                "-aq",
                "--no-trunc",
                "--filter",
                f"label=io.nodeyard.installation={self.id}",
                "--filter",
                f"label=io.nodeyard.service={service}",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    @property
    def id(self) -> str:
        return str(json.loads((self.dir / "installation.json").read_text())["id"])

    def token(self) -> str:
        return self.run("secrets", "show", "tracker_token").stdout.strip()

    def http(self, path: str, *, port: int = 1, body: Any = None, token: str = "", method: str = "") -> Answer:
        """A request to the proxy (`port` 1) or the dashboard (`port` 0), which has a host name of its own."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        if port == 0:
            headers["Host"] = f"nodeyard-{self.id}.localhost:{self.port_base}"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port_base + port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=method or ("GET" if body is None else "POST"),
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode())


@contextmanager
def set_up(name: str, *options: str, timeout: float = 1500) -> Iterator[Installed]:
    """The installation `name` below INSTALLATIONS after `manage init OPTIONS` and `setup`; purged before and after."""
    installed = Installed(INSTALLATIONS / name, free_ports(3))
    installed.run("uninstall", "--purge", "--yes", expect=None)
    try:
        installed.run("init", "--yes", *options, "--port-base", str(installed.port_base))
        # Without a person, no digest of an upstream image is accepted that no file records.
        installed.run("config", "set", "images.source", "local")
        installed.run("setup", "--yes", timeout=timeout)
        yield installed
    finally:
        installed.run("uninstall", "--purge", "--yes", expect=None)


def until(condition: Callable[[], T | None], deadline_s: float, what: str) -> T:
    """Ask until the condition holds; its value. AssertionError with `what` and the last value after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s:.0f} s: {what}; last: {last!r}")
        time.sleep(0.1)


def free_ports(count: int) -> int:
    """First of `count` neighbouring loopback ports that nobody holds now."""
    for base in range(21000, 32000, 10):
        probes = []
        try:
            for offset in range(count):
                probe = socket.socket()
                probes.append(probe)
                probe.bind(("127.0.0.1", base + offset))
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
        return base
    raise AssertionError("no free ports on loopback")
