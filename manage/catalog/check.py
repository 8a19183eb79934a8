"""What no single file can know: that services fit together. Every sentence names the file to mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from manage.catalog.model import NETWORKS, Catalog, Service
from manage.catalog.resolve import resolve


def clashes(catalog: Catalog, services: Sequence[Service]) -> Iterator[str]:
    """Faults between the services of one network."""
    names = {service.name for service in services}
    uids: dict[int, str] = {}
    offsets: dict[int, str] = {}
    for service in services:
        file = f"profiles/services/{service.name}/service.yml"
        if service.uid in uids:
            yield f"{file}: uid {service.uid} is {uids[service.uid]}'s; every service has its own"
        uids[service.uid] = service.name
        if service.uid < 10000 and "user" not in service.exceptions:
            yield f"{file}: uid {service.uid} is below 10000, the range of our own user ids"
        for port in service.ports:
            if port.publish == "loopback":
                if port.offset in offsets:
                    yield f"{file}: port offset {port.offset} is {offsets[port.offset]}'s"
                offsets[port.offset] = service.name
            setting = port.publish.removeprefix("public:")
            if port.publish.startswith("public:") and setting not in {s.key for s in service.settings}:
                yield f"{file}: port {port.name} is published by the setting {setting}, which it does not have"
        for need in service.needs:
            if need.service not in names:
                yield f"{file}: it needs {need.service}, which is no service"
            if need.unless and need.unless not in {s.key for s in service.settings}:
                yield f"{file}: it needs {need.service} unless {need.unless} is set, which is no setting of it"
        secrets = {secret.name for secret in service.secrets}
        if service.database and f"{service.database}_db_password" not in secrets:
            yield f"{file}: it owns a database, but lacks the secret {service.database}_db_password"
        if service.bitcoind_rpc and f"bitcoind_rpc_{service.name}" not in secrets:
            yield f"{file}: it calls bitcoind, but lacks the secret bitcoind_rpc_{service.name}"
        if service.proxy_path and "http" not in {port.name for port in service.ports}:
            yield f"{file}: it is published by the proxy (proxy_path), but has no port named http"
    for profile in catalog.profiles.values():
        for name in profile.services:
            if name not in names:
                yield f"profiles/{profile.name}.yml: {name} is no service; profiles/services/{name}/ is not there"


def missing_parts(catalog: Catalog, root: Path) -> tuple[str, ...]:
    """What a new service still lacks in the tree at `root`, as sentences: template, health driver, documentation."""
    found = []
    for name in catalog.entries:
        service = resolve(catalog, name, NETWORKS[0])
        probes = f"manage/health/probes/{service.driver}"
        driver = f"{probes}/__init__.py" if (root / probes).is_dir() else f"{probes}.py"
        wanted = {
            f"profiles/services/{name}/compose.yml.j2": "the fragment that says how it is started",
            driver: "the health driver that its catalog file names",
        }
        for path, why in wanted.items():
            if not (root / path).is_file():
                found.append(f"{name} has no {path}, {why}.")
    return tuple(found)
