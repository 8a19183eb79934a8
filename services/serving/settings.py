"""Settings that all HTTP services share: address, path prefix, log level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LISTEN = "127.0.0.1:8000"
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """A missing or invalid setting, as a sentence for the operator."""


@dataclass(frozen=True)
class ServerSettings:
    """From LISTEN, ROOT_PATH and LOG_LEVEL."""

    host: str
    port: int
    root_path: str
    """Path prefix that the proxy adds and strips: "/tracker", or ""."""
    log_level: str
    """One of LOG_LEVELS."""


def from_env(env: Mapping[str, str]) -> ServerSettings:
    """Read and check the environment. Raises SettingsError with one sentence."""
    host, port = _listen(env.get("LISTEN", LISTEN))
    root_path = env.get("ROOT_PATH", "").rstrip("/")
    if root_path and not root_path.startswith("/"):
        raise SettingsError(f"ROOT_PATH is {root_path!r}. It must start with a slash: /{root_path}.")
    log_level = env.get("LOG_LEVEL", "info")
    if log_level not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL is {log_level!r}. Expected one of: {', '.join(LOG_LEVELS)}.")
    return ServerSettings(host, port, root_path, log_level)


def _listen(value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"LISTEN is {value!r}. Expected ADDRESS:PORT, such as 0.0.0.0:8000.")
    return host.strip("[]"), int(port)
