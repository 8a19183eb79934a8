"""The SDK's connection to Docker's engine, for changes, and the check for supported engines.

`api` is the SDK's low-level client (`docker.APIClient`): it returns the engine's own JSON and makes no second request
to build an object. Code that only reads can use `manage.engine.reader.Reader`, which does not import the SDK.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from manage.engine.endpoint import address, dial, url
from manage.errors import NodeyardError

Api: TypeAlias = Any
"""`docker.APIClient`; the SDK is imported only where it is used (the import takes 120 to 200 ms)."""

OLDEST_API = (1, 41)
"""Engine 20.10, the oldest that was tested (Debian 12)."""
GREETING_TIMEOUT_S = 10.0


@contextlib.contextmanager
def connect(timeout_s: float = 60) -> Iterator[Api]:
    """A connection for the duration of a block. Raises NodeyardError, with one sentence per kind of failure."""
    version = api_version(address())
    import docker
    import requests
    from docker.errors import APIError, DockerException

    try:
        api = docker.APIClient(base_url=url(), version=version, timeout=round(timeout_s))
    except DockerException as error:
        raise NodeyardError(f"The SDK does not understand Docker's engine: {error}.", "See: docker version") from error
    api.trust_env = False  # a socket needs no proxy, and the lookup costs 0.25 ms per request
    try:
        yield api
    except APIError as error:
        raise NodeyardError(f"Docker's engine refused: {error.explanation or error}.", "See: docker info") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise NodeyardError(
            "Docker's engine stopped answering.",
            "Check the engine (docker info), then run the same command again; it continues.",
        ) from error
    finally:
        api.close()


def require_supported_engine(api: Api) -> None:
    """Raise NodeyardError if Nodeyard does not support the engine behind `api`."""
    require_supported(api.info(), api.version(api_version=False))


def require_supported(info: Mapping[str, Any], version: Mapping[str, Any]) -> None:
    """Raise NodeyardError for an unsupported engine; pure function of `GET /info` and `GET /version`.

    Podman names itself in the components of its version (podman pkg/api/handlers/compat/version.go); rootless and
    userns-remap are security options (moby daemon/info.go); snap's engine keeps its data below /var/snap.
    """
    hint = "Install Docker's own engine, as install.sh does; install.sh never replaces an existing engine."
    components = {component.get("Name", "") for component in version.get("Components") or ()}
    options = {part for option in info.get("SecurityOptions") or () for part in option.split(",")}
    if any("podman" in name.lower() for name in components):
        raise NodeyardError("This is Podman behind Docker's socket, which Nodeyard does not support.", hint)
    if str(info.get("DockerRootDir", "")).startswith("/var/snap/"):
        raise NodeyardError("This Docker engine is a snap, which cannot read the folders that Nodeyard mounts.", hint)
    if "name=rootless" in options:
        raise NodeyardError(
            "This Docker engine is rootless: secrets and data have fixed owners, which need root.", hint
        )
    if "name=userns" in options:
        raise NodeyardError(
            "This Docker engine remaps users (userns-remap), so the fixed owners of secrets and data would not hold.",
            "Remove userns-remap from /etc/docker/daemon.json, or use another machine.",
        )
    api_version = str(version.get("ApiVersion", "0"))
    if tuple(int(part) for part in api_version.split(".")) < OLDEST_API:
        raise NodeyardError(
            f"This Docker engine is too old: it speaks API {api_version}, Nodeyard needs 1.41 (engine 20.10).",
            "Update the engine.",
        )


def api_version(path: str, timeout_s: float = GREETING_TIMEOUT_S) -> str:
    """The engine's API version, "auto" if its greeting does not name one. Raises NodeyardError if it does not answer.

    Every Docker engine answers `HEAD /_ping` with an Api-Version header; Docker's own CLI starts the same way. This
    request replaces a slower one of the SDK, and its errors are not wrapped four times as the SDK's are.
    """
    with dial(path, timeout_s) as connection:
        try:
            connection.sendall(b"HEAD /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            greeting = connection.recv(4096).decode("latin-1")
        except OSError as error:
            raise NodeyardError(f"Docker's socket {path} does not answer: {error}.", "See: docker info") from error
    headers = dict(line.split(": ", 1) for line in greeting.split("\r\n") if ": " in line)
    return headers.get("Api-Version", "auto")
