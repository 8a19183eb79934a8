"""The address of Docker's engine, and connections to it."""

from __future__ import annotations

import os
import socket

from manage.errors import NodeyardError

DEFAULT = "unix:///var/run/docker.sock"


def url() -> str:
    """`DOCKER_HOST`, else the default socket. Raises NodeyardError for an engine on another machine."""
    value = os.environ.get("DOCKER_HOST") or DEFAULT
    if not value.startswith("unix://"):
        raise NodeyardError(
            f"DOCKER_HOST is {value}, which is not a socket of this machine.",
            "Nodeyard mounts folders of the machine it runs on. Unset DOCKER_HOST, or run manage on that machine.",
        )
    return value


def address() -> str:
    """The path of the engine's socket."""
    return url().removeprefix("unix://")


def dial(path: str, timeout_s: float) -> socket.socket:
    """A connection to the engine. Raises NodeyardError, with one sentence per kind of failure."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(path)
    except OSError as error:
        connection.close()
        raise _unreachable(path, error) from error
    return connection


def _unreachable(path: str, error: OSError) -> NodeyardError:
    if isinstance(error, PermissionError):
        return NodeyardError(
            f"You do not have permission to open Docker's socket {path}.",
            "Run the command with sudo, or add yourself to the group docker.",
        )
    if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
        return NodeyardError(
            f"Docker's engine is not running (nothing listens on {path}).",
            "Start it: systemctl start docker, or service docker start. If Docker is not installed, run ./install.sh",
        )
    return NodeyardError(f"Docker's socket {path} does not answer: {error}.", "See: docker info")
