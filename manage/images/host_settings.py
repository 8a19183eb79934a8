"""The settings of the host that image builds use: certificates, proxies, pip settings and the Debian mirror."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from manage import untrusted
from manage.images.recipe import Certificates

LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
"""Where Debian and Ubuntu keep the authorities that an administrator added: update-ca-certificates(8)."""

_PIP_SETTINGS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Build arguments that every Dockerfile knows without declaring them, and that no image's history shows."""

_ADDRESSES = ("http_proxy", "https_proxy", "pip_index_url", "pip_extra_index_url")


def certificates(folder: Path = LOCAL_CERTIFICATES) -> Certificates:
    """The host's own CA certificates by file name; empty on most machines."""
    found = sorted(path for path in folder.rglob("*.crt") if path.is_file()) if folder.is_dir() else []
    names = {path.relative_to(folder).as_posix().replace("/", "-"): path for path in found}
    return {name: untrusted.content(path, links=True) for name, path in names.items()}


def build_arguments(environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The pip settings and proxies that are set on the host."""
    return {name: environment[name] for name in (*_PIP_SETTINGS, *_PROXIES) if environment.get(name)}


def needs_host_network(arguments: Mapping[str, str]) -> bool:
    """Whether a proxy or an index listens on this host's loopback, as cntlm and devpi do. A build has its own."""
    urls = [url for name, text in arguments.items() if name.lower() in _ADDRESSES for url in text.split()]
    return any(_host(url) in ("localhost", "::1") or _host(url).startswith("127.") for url in urls)


def _host(url: str) -> str:
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""  # the program that uses it will complain


def debian_sources(suite: str) -> tuple[str, ...]:
    """Lines of sources.list for `suite` at the mirrors that this host uses; empty when it is not a Debian."""
    import subprocess  # used by builds alone

    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)", "Created-By: Packages"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return sources_at_mirrors(targets.stdout, suite)


def sources_at_mirrors(targets: str, suite: str) -> tuple[str, ...]:
    """Lines `ORIGIN|LABEL|COMPONENT|URI` as apt lists its package indexes -> sources.list lines for another suite."""
    mirrors: dict[str, str] = {}
    for line in targets.splitlines():
        origin, label, component, uri = line.split("|", 3)
        if origin == "Debian" and component == "main":
            mirrors.setdefault(label, uri)
    if not {"Debian", "Debian-Security"} <= mirrors.keys():
        return ()
    return (
        f"deb {mirrors['Debian']} {suite} main",
        f"deb {mirrors['Debian']} {suite}-updates main",
        f"deb {mirrors['Debian-Security']} {suite}-security main",
    )
