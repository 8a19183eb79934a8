"""Small desired states for the tests: services of one shell each, in a folder and an installation of their own.

Run as a program it is `manage up` in a process of its own, for tests that interrupt or kill it:
`python -m tests.engine.stacks DIR '{"services": {...}, "manager": {...}}'`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manage.apply import up
from manage.apply.desired_state import DesiredState
from manage.engine.client import connect
from manage.installation import identity
from manage.installation.labels import LABEL_INSTALLATION, LABEL_SERVICE, LABEL_SPEC
from manage.installation.layout import Layout
from manage.render import SecretUse, environment
from manage.render.model import Image, NetworkSpec, ServiceSpec, Stack, VolumeSpec
from manage.render.spec import spec_digest
from tests.engine import tiny

LOOP = "trap 'exit 0' TERM; echo $0 is up; while :; do sleep 0.1; done"
STUBBORN = "trap '' TERM; echo $0 is up; while :; do sleep 0.1; done"
"""Ignores the request to stop: compose waits for the whole grace period."""


def state(layout: Layout, services: Mapping[str, Any], manager: Mapping[str, Any] | None = None) -> DesiredState:
    """Desired state of services: name -> {"script", "env", "ports", "memory", "volume", "secrets", "files", ...}."""
    installation = identity.read(layout)
    stack = _stack(layout, installation.project, services)
    managing = _stack(layout, installation.manager_project, manager or {})
    uses = [
        SecretUse(name, 10999, secret, "password") for name, s in services.items() for secret in s.get("secrets", {})
    ]
    return DesiredState(
        layout=layout,
        installation=installation,
        stack=stack,
        manager=managing,
        secret_uses=tuple(uses),
        disk_bytes={name: service.get("disk_bytes", 0) for name, service in services.items()},
    )


def _stack(layout: Layout, project: str, services: Mapping[str, Any]) -> Stack:
    installation = identity.read(layout)
    specs = tuple(_spec(layout, name, service) for name, service in services.items())
    volumes = {name: f"{installation.project}_private_{name}_data" for name, s in services.items() if s.get("volume")}
    keys = dict.fromkeys(key for s in services.values() for key in (*_networks(s), *s.get("live", ())))
    networks = tuple(
        NetworkSpec(
            f"{installation.project}_{key}", key, internal="-" in key and "door" not in key, masquerade="-" not in key
        )
        for key in keys
    )
    document = {
        "name": project,
        "services": {
            spec.name: {**spec.compose, "labels": {**spec.compose["labels"], LABEL_SPEC: spec.spec_digest}}
            for spec in specs
        },
        "networks": {
            network.key: {"external": True, "name": network.name}
            for network in networks
            if any(network.key in _networks(service) for service in services.values())
        },
        "volumes": {f"{name}_data": {"external": True, "name": volume} for name, volume in volumes.items()},
        "secrets": {
            f"{name}_{secret}_g{generation}": {"file": str(layout.secret_copies_dir / name / f"{secret}_g{generation}")}
            for name, service in services.items()
            for secret, generation in service.get("secrets", {}).items()
        },
    }
    text = json.dumps(document, indent=1)
    return Stack(
        project=project,
        installation=installation.id,
        network="private",
        services=specs,
        volumes=tuple(
            VolumeSpec(volume, name, "database", services[name].get("uid", 0)) for name, volume in volumes.items()
        ),
        networks=networks,
        compose_yaml=text,
        revision=hashlib.sha256(text.encode()).hexdigest(),
    )


def _spec(layout: Layout, name: str, service: Mapping[str, Any]) -> ServiceSpec:
    with connect() as api:
        reference, config_digest = tiny.ensure(api, service.get("flavour", ""))
    image = Image("tiny", reference, config_digest)
    files = {file: text.encode() for file, text in service.get("files", {}).items()}
    files_dir = str(
        layout.files_dir / f"{name}-{hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]}"
    )
    secrets = dict(service.get("secrets", {}))
    volumes: list[dict[str, Any]] = []
    if service.get("volume"):
        volumes.append(environment.volume(f"{name}_data", service.get("target", "/data")))
    if files:
        volumes.append({"type": "bind", "source": files_dir, "target": "/etc/nodeyard", "read_only": True})
    compose: dict[str, Any] = {
        "image": reference,
        "pull_policy": "never",
        "command": ["sh", "-c", service.get("script", LOOP), name],
        "environment": dict(service.get("env", {})),
        "labels": {
            LABEL_INSTALLATION: identity.read(layout).id,
            LABEL_SERVICE: name,
            tiny.TEST_LABEL: "engine",
        },
        "mem_limit": service.get("memory", 64 * 1024**2),
        "memswap_limit": service.get("memory", 64 * 1024**2),
        "networks": {key: {} for key in _networks(service)},
        "ports": list(service.get("ports", ())),
        "stop_grace_period": service.get("grace", "5s"),
        "user": str(service.get("uid", 0)),
        "volumes": volumes,
        "secrets": [{"source": f"{name}_{secret}_g{number}", "target": secret} for secret, number in secrets.items()],
    }
    return ServiceSpec(
        name=name,
        group=service.get("group", "services"),
        compose=compose,
        files=files,
        files_dir=files_dir if files else "",
        image=image,
        secrets=secrets,
        spec_digest=spec_digest(compose, files, secrets, image),
        downtime_s=1,
        startup_s=service.get("startup_s", 10),
        rollback="safe",
        live_networks=tuple(f"{identity.read(layout).project}_{key}" for key in service.get("live", ())),
    )


def _networks(service: Mapping[str, Any]) -> list[str]:
    """Keys of its networks: those with a dash are as today (`one-http`, `one-door`), others as in earlier versions."""
    return list(service.get("networks", ["chain"]))


if __name__ == "__main__":
    asked = json.loads(sys.argv[2])
    up.apply(state(Layout(Path(sys.argv[1])), asked["services"], asked.get("manager")), by="alice")
