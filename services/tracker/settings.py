"""The environment as one value; every error is a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from serving.settings import ServerSettings, SettingsError
from serving.settings import from_env as server_from_env

from tracker.networks import NETWORKS, KaspaNetwork

_REQUIRED = ("NETWORK", "LISTEN", "KASPAD_URL", "DATABASE_URL", "DATABASE_PASSWORD_FILE", "TOKEN_FILE")
_MIN_TOKEN_LENGTH = 16


@dataclass(frozen=True)
class Settings:
    network: KaspaNetwork
    server: ServerSettings
    kaspad_url: str
    database_url: str
    """libpq URL without the password."""
    database_password_file: Path
    """Read at every new connection, so that a new password needs no restart."""
    token: str


def from_env(env: Mapping[str, str]) -> Settings:
    """Read and check the environment. Raises SettingsError with one sentence."""
    missing = [key for key in _REQUIRED if not env.get(key)]
    if missing:
        raise SettingsError(f"Missing environment variable{'s'[: len(missing) > 1]}: {', '.join(missing)}.")
    name = env["NETWORK"]
    if name not in NETWORKS:
        raise SettingsError(f"NETWORK is {name!r}. Expected one of: {', '.join(NETWORKS)}.")
    server = server_from_env(env)
    _require_url("KASPAD_URL", env["KASPAD_URL"], ("ws", "wss"))
    _require_url("DATABASE_URL", env["DATABASE_URL"], ("postgresql", "postgres"))
    token = _read("TOKEN_FILE", env["TOKEN_FILE"])
    if len(token) < _MIN_TOKEN_LENGTH:
        raise SettingsError(f"The token in {env['TOKEN_FILE']} is shorter than {_MIN_TOKEN_LENGTH} characters.")
    _read("DATABASE_PASSWORD_FILE", env["DATABASE_PASSWORD_FILE"])
    return Settings(
        network=NETWORKS[name],
        server=server,
        kaspad_url=env["KASPAD_URL"],
        database_url=env["DATABASE_URL"],
        database_password_file=Path(env["DATABASE_PASSWORD_FILE"]),
        token=token,
    )


def _require_url(key: str, value: str, schemes: tuple[str, ...]) -> None:
    try:
        url = urlsplit(value)
        usable = url.scheme in schemes and bool(url.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{key} must be a URL with a host that starts with {schemes[0]}://.")


def _read(key: str, path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"Cannot read {path} ({key}): {why}.") from error
    if not text:
        raise SettingsError(f"{path} ({key}) is empty.")
    return text
