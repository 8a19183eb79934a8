"""Plan cases as data: a stack.yml, what runs, and the operations expected.

A container of a case is what the engine would show of the rendered service, changed by what the case says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from manage import config as configuration
from manage.catalog import load_catalog
from manage.engine.model import ContainerFacts, Facts
from manage.installation.labels import LABEL_INSTALLATION
from manage.render import image_names, render_stack, spec_document
from manage.render.model import Image, Installation, ServiceSpec, Stack

CATALOG = load_catalog()
OURS = Installation("0123abcd", "nodeyard")
LABELS = {LABEL_INSTALLATION: OURS.id}


def stack_of(text: str, generations: Mapping[str, int] | None = None, images: Mapping[str, str] | None = None) -> Stack:
    """The rendered stack of a stack.yml (without its version line); `images` are other tags by image name."""
    config = configuration.parse(f"version: 1\n{text}", "stack.yml", CATALOG)
    tags = dict.fromkeys(image_names(CATALOG, config), "1") | dict(images or {})
    made = {name: Image(name, f"localhost/nodeyard/{name}:{tag}", f"sha256:{name}-{tag}") for name, tag in tags.items()}
    return render_stack(CATALOG, config, OURS, made, generations or {}, Path("/srv/nodeyard"))


def container_of(stack: Stack, spec: ServiceSpec, **changed: Any) -> ContainerFacts:
    """`spec` as it would run, changed by the given fields."""
    keys = spec.compose.get("networks", {})
    facts = ContainerFacts(
        id=f"id-{spec.name}",
        name=f"{stack.project}-{spec.name}-1",
        service=spec.name,
        project=stack.project,
        installation=stack.installation,
        spec_digest=spec.spec_digest,
        state="running",
        config_hash=f"hash-{spec.name}",
        image_digest=spec.image.config_digest,
        memory_bytes=spec.compose["mem_limit"],
        networks=tuple(network.name for network in stack.networks if network.key in keys),
    )
    fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in changed.items()}
    return replace(facts, **fields)


def facts_of(running: Stack, changed: Mapping[str, Mapping[str, Any] | None], **more: Any) -> Facts:
    """Everything of `running` as it would run; a service changed to None has no container."""
    containers = tuple(
        container_of(running, spec, **(changed.get(spec.name) or {}))
        for spec in running.services
        if changed.get(spec.name, {}) is not None
    )
    values: dict[str, Any] = {
        "containers": containers,
        "volumes": {volume.name: LABELS for volume in running.volumes},
        "networks": {network.name: LABELS for network in running.networks},
        "known_specs": {spec.spec_digest: spec_document(spec) for spec in running.services},
        "config_hashes": {spec.name: f"hash-{spec.name}" for spec in running.services},
    }
    return Facts(**(values | more))
