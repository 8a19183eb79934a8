"""The connection to Docker's engine, and which engines are supported.

`api` below is the SDK's low-level client (`docker.APIClient`): it gives the engine's own JSON, and needs no second
request to make an object of it.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from manage.errors import NodeyardError

Api: TypeAlias = Any
"""`docker.APIClient`; the SDK is imported where it is used (it costs 120 to 200 ms)."""

DEFAULT_ENDPOINT = "unix:///var/run/docker.sock"
OLDEST_API = (1, 41)
"""Engine 20.10, the oldest that was tested (Debian 12)."""


def endpoint() -> str:
    """Where the engine listens: `DOCKER_HOST`, else the usual socket. Raises NodeyardError for an engine elsewhere."""
    value = os.environ.get("DOCKER_HOST") or DEFAULT_ENDPOINT
    if not value.startswith("unix://"):
        raise NodeyardError(
            f"DOCKER_HOST is {value}, an engine that is not reached by a socket of this machine.",
            "Nodeyard mounts folders of the machine it runs on: unset DOCKER_HOST, or run it on that machine.",
        )
    return value


@contextlib.contextmanager
def connect(timeout_s: int = 60) -> Iterator[Api]:
    """A connection for the length of a block. Raises NodeyardError, one sentence for each way it can fail."""
    version = _greet(endpoint())
    import docker
    import requests
    from docker.errors import APIError, DockerException

    try:
        api = docker.APIClient(base_url=endpoint(), version=version, timeout=timeout_s)
    except DockerException as error:
        raise NodeyardError(f"Docker's engine does not answer as one: {error}.", "See: docker version") from error
    api.trust_env = False  # a socket needs no proxy, and looking for one costs every request a quarter millisecond
    try:
        yield api
    except APIError as error:
        raise NodeyardError(f"Docker's engine refused: {error.explanation or error}.", "See: docker info") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise NodeyardError(
            "Docker's engine stopped answering in the middle of the work.",
            "Look after the engine (docker info); then run the same command again, it continues.",
        ) from error
    finally:
        api.close()


def require_supported(api: Api) -> None:
    """Raise NodeyardError when the engine behind `api` is of a kind that is not supported."""
    check_supported(api.info(), api.version(api_version=False))


def check_supported(info: Mapping[str, Any], version: Mapping[str, Any]) -> None:
    """Refuse, one sentence each, what does not work; pure over `GET /info` and `GET /version`.

    Podman names itself in the components of its version (podman pkg/api/handlers/compat/version.go); rootless and
    userns-remap are security options (moby daemon/info.go); snap's engine keeps its data below /var/snap.
    """
    hint = "Install Docker's own engine, as install.sh does; an engine that is there is never replaced."
    components = {component.get("Name", "") for component in version.get("Components") or ()}
    options = {part for option in info.get("SecurityOptions") or () for part in option.split(",")}
    if any("podman" in name.lower() for name in components):
        raise NodeyardError("This is Podman behind Docker's socket, which Nodeyard does not support.", hint)
    if str(info.get("DockerRootDir", "")).startswith("/var/snap/"):
        raise NodeyardError("This Docker engine is a snap, which may not read the folders Nodeyard mounts.", hint)
    if "name=rootless" in options:
        raise NodeyardError("This Docker engine is rootless: the fixed owners of secrets and data need root.", hint)
    if "name=userns" in options:
        raise NodeyardError(
            "This Docker engine remaps users (userns-remap), so the fixed owners of secrets and data would not hold.",
            "Take userns-remap out of /etc/docker/daemon.json, or use another machine.",
        )
    api_version = str(version.get("ApiVersion", "0"))
    if tuple(int(part) for part in api_version.split(".")) < OLDEST_API:
        raise NodeyardError(
            f"This Docker engine is too old: it speaks API {api_version}, Nodeyard needs 1.41 (engine 20.10).",
            "Update the engine.",
        )


def _greet(address: str) -> str:
    """The engine's API version, "auto" when it does not say it in its greeting.

    Every Docker engine answers `HEAD /_ping` with an Api-Version header; Docker's own CLI starts like this. Asking here
    costs one round trip where the SDK takes a slower one, and the errors of a socket are plain here and wrapped four
    times inside the SDK.
    """
    path = address.removeprefix("unix://")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(10)
        try:
            probe.connect(path)
            probe.sendall(b"HEAD /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            greeting = probe.recv(4096).decode("latin-1")
        except PermissionError as error:
            raise NodeyardError(
                f"You may not open Docker's socket {path}.", "Run it with sudo, or join the group docker."
            ) from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NodeyardError(
                f"Docker's engine is not running (nobody listens on {path}).",
                "Start it: systemctl start docker, or service docker start. None installed? Run ./install.sh",
            ) from error
        except OSError as error:
            raise NodeyardError(f"Docker's socket {path} does not answer: {error}.", "See: docker info") from error
    headers = dict(line.split(": ", 1) for line in greeting.split("\r\n") if ": " in line)
    return headers.get("Api-Version", "auto")
