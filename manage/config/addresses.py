"""Checks of the addresses under which browsers reach this host."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from manage.config.model import Config

SETTING = "public_url"


def problems(config: Config) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, what to do) for each address that cannot work or would share cookies."""
    hosts: dict[str, str] = {}
    for name, settings in config.settings.items():
        if not (url := str(settings.get(SETTING, ""))):
            continue
        path = f"services.{name}.{SETTING}"
        host = urlsplit(url).hostname or ""
        if not _is_port(url):
            yield path, f"{url} has no valid port", "a port is a number from 1 to 65535"
        if host == "localhost" or host.endswith(".localhost"):
            yield path, f"{host} is always the machine of the browser", "choose a name that others can resolve"
        for other, at in hosts.items():
            if _is_below(host, other) or _is_below(other, host):
                yield (
                    path,
                    f"{host} and {other} ({at}) can share cookies",
                    "give each a host name of its own, neither below the other: cookies know no ports",
                )
        hosts[host] = path


def _is_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _is_below(host: str, other: str) -> bool:
    return host == other or host.endswith(f".{other}")
