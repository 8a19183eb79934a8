"""The environment as one value; every fault is a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tracker.networks import NETWORKS, KaspaNetwork

LOG_LEVELS = ("debug", "info", "warning", "error")
_REQUIRED = ("NETWORK", "LISTEN", "KASPAD_URL", "DATABASE_URL", "DATABASE_PASSWORD_FILE", "TOKEN_FILE")
_MIN_TOKEN_LENGTH = 16


class SettingsError(Exception):
    """A missing or impossible setting, as a sentence for the operator."""


@dataclass(frozen=True)
class Settings:
    network: KaspaNetwork
    host: str
    port: int
    root_path: str
    """Prefix under which the proxy serves us and which it strips: "/tracker", or ""."""
    kaspad_url: str
    database_url: str
    """libpq URL without the password."""
    database_password_file: Path
    """Read at every new connection, so that a password set anew needs no restart."""
    token: str
    log_level: str


def from_env(env: Mapping[str, str]) -> Settings:
    """Read and check the environment; raises SettingsError with one sentence."""
    missing = [key for key in _REQUIRED if not env.get(key)]
    if missing:
        raise SettingsError(
            f"The tracker needs the environment variable{'s'[: len(missing) > 1]} {', '.join(missing)}."
        )
    name = env["NETWORK"]
    if name not in NETWORKS:
        raise SettingsError(f"NETWORK is {name!r}; it must be one of {', '.join(NETWORKS)}.")
    host, port = _listen(env["LISTEN"])
    root_path = env.get("ROOT_PATH", "").rstrip("/")
    if root_path and not root_path.startswith("/"):
        raise SettingsError(f"ROOT_PATH is {root_path!r}; it must start with a slash, as in /tracker.")
    log_level = env.get("LOG_LEVEL", "info")
    if log_level not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL is {log_level!r}; it must be one of {', '.join(LOG_LEVELS)}.")
    _check_url("KASPAD_URL", env["KASPAD_URL"], ("ws", "wss"))
    _check_url("DATABASE_URL", env["DATABASE_URL"], ("postgresql", "postgres"))
    token = _read("TOKEN_FILE", env["TOKEN_FILE"])
    if len(token) < _MIN_TOKEN_LENGTH:
        raise SettingsError(f"The token in {env['TOKEN_FILE']} is shorter than {_MIN_TOKEN_LENGTH} characters.")
    _read("DATABASE_PASSWORD_FILE", env["DATABASE_PASSWORD_FILE"])
    return Settings(
        network=NETWORKS[name],
        host=host,
        port=port,
        root_path=root_path,
        kaspad_url=env["KASPAD_URL"],
        database_url=env["DATABASE_URL"],
        database_password_file=Path(env["DATABASE_PASSWORD_FILE"]),
        token=token,
        log_level=log_level,
    )


def _listen(value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"LISTEN is {value!r}; it must be an address and a port, as in 0.0.0.0:8000.")
    return host.strip("[]"), int(port)


def _check_url(key: str, value: str, schemes: tuple[str, ...]) -> None:
    try:
        url = urlsplit(value)
        usable = url.scheme in schemes and bool(url.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{key} must be a URL that starts with {schemes[0]}:// and names a host.")


def _read(key: str, path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{key} names {path}, which cannot be read: {why}.") from error
    if not text:
        raise SettingsError(f"{key} names {path}, which is empty.")
    return text
