"""Plans the operations that turn `Facts` into a `Stack`: order, causes and cost. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from manage.engine.model import ContainerFacts, Facts
from manage.plan import difference, refusals
from manage.plan.model import Difference, Operation, Plan
from manage.render.model import ServiceSpec, Stack
from manage.render.spec import spec_document

STOPPED = ("created", "exited")
"""States of a container that only needs a start."""


def plan_project(stack: Stack, facts: Facts) -> Plan:
    """The plan that turns `facts` into `stack`: removes orphans first, then changes services in start order.

    Raises NodeyardError if an object has one of our names but is not ours.
    """
    refusals.require_own_names(stack, facts)
    ours = [container for container in facts.containers if container.project == stack.project]
    desired = {spec.name for spec in stack.services}
    operations = [_remove(stack, container) for container in ours if container.service not in desired]
    for spec in stack.services:
        found = [container for container in ours if container.service == spec.name]
        operations += _service(stack, spec, found, facts)
    return Plan(tuple(operations))


def _service(stack: Stack, spec: ServiceSpec, found: Sequence[ContainerFacts], facts: Facts) -> Iterator[Operation]:
    if not found:
        absent = (
            Difference("container", "none", difference.image_name(spec.image.reference, spec.image.config_digest)),
        )
        yield Operation("create", spec.name, absent, 0, "kept", "safe", stack.project)
        return
    container = found[0]
    cause = tuple(_causes(stack, spec, found, facts))
    if container.state == "paused":
        state = (Difference("state", "paused", "running"),)
        yield Operation("unpause", spec.name, state, 0, "kept", "safe", stack.project, container.id)
    live = tuple(_live_causes(stack, spec, container, facts))
    if cause or (live and container.state in STOPPED):  # a container does not start without one of its networks
        yield _recreate(stack, spec, container, (*cause, *live), facts.known_specs.get(container.spec_digest))
    elif container.state in STOPPED:
        ended = f"{container.state} (code {container.exit_code})" if container.state == "exited" else container.state
        state = (Difference("state", ended, "running"),)
        yield Operation("restart", spec.name, state, 0, "kept", "safe", stack.project, container.id)
    elif container.state == "running" and spec.name in facts.updates:
        yield _update(stack, spec, container, facts.updates[spec.name])
    elif live:
        yield Operation("reload", spec.name, live, 0, "kept", "safe", stack.project, container.id)
    elif container.state != "paused":
        yield Operation("keep", spec.name, (), 0, "kept", "safe", stack.project, container.id)


def _causes(stack: Stack, spec: ServiceSpec, found: Sequence[ContainerFacts], facts: Facts) -> Iterator[Difference]:
    container = found[0]
    if len(found) > 1:  # compose was killed in the middle of a recreate (docker-facts 6)
        yield Difference("containers", str(len(found)), "1")
    if container.state == "dead":
        yield Difference("state", "dead", "running")
    named: list[Difference] = []
    if container.spec_digest != spec.spec_digest:
        known = facts.known_specs.get(container.spec_digest)
        if known is None:
            named = [Difference("spec", container.spec_digest[:12] or "none", spec.spec_digest[:12])]
        else:
            named = list(difference.of_documents(cast(Mapping[str, Any], known), spec_document(spec)))
    names = {entry.name for entry in named}
    networks = _networks(stack, spec)
    if spec.live_networks and set(networks) <= set(container.networks):  # its other networks are `_live_causes`
        networks = list(container.networks)
    shown = [
        d
        for d in difference.of_container(container, spec, networks, limits_memory=facts.limits_memory)
        if d.name not in names
    ]
    if not named and not shown and container.spec_digest != spec.spec_digest:
        named = [Difference("spec", container.spec_digest[:12], spec.spec_digest[:12])]
    yield from [*named, *shown]
    desired = facts.config_hashes.get(spec.name, "")
    if not named and not shown and container.config_hash and desired and container.config_hash != desired:
        yield Difference("compose config hash", container.config_hash[:12], desired[:12])


def _live_causes(stack: Stack, spec: ServiceSpec, container: ContainerFacts, facts: Facts) -> Iterator[Difference]:
    """What changes while the service runs: networks that it is connected to, and the list that it reads again."""
    if spec.live_networks:
        own = set(_networks(stack, spec))
        current, desired = sorted({*container.networks} - own), sorted(spec.live_networks)
        if current != desired and own <= {*container.networks}:
            yield Difference("networks", *difference.changed(current, desired))
    if spec.live_file:
        before, after = facts.live_files.get(spec.name, ""), spec.live_file.decode()
        if before != after:
            yield Difference("watch.json", *difference.first_change(before, after))


def _recreate(
    stack: Stack,
    spec: ServiceSpec,
    container: ContainerFacts,
    cause: tuple[Difference, ...],
    known: Mapping[str, object] | None,
) -> Operation:
    losses = tuple(_losses(spec, known))
    new_image = any(entry.name == "image" for entry in cause)
    return Operation(
        kind="recreate",
        service=spec.name,
        cause=(*(loss for loss, _ in losses), *cause),
        downtime_s=0 if container.state in (*STOPPED, "dead") else spec.downtime_s,
        data_risk="at-risk" if losses else "kept",
        rollback_class="impossible" if losses else spec.rollback if new_image else "safe",
        project=stack.project,
        container_id=container.id,
        warning=" ".join(sentence for _, sentence in losses),
    )


def _update(
    stack: Stack, spec: ServiceSpec, container: ContainerFacts, updates: Sequence[tuple[str, str, str]]
) -> Operation:
    return Operation(
        kind="update",
        service=spec.name,
        cause=tuple(Difference(*update) for update in updates),
        downtime_s=0,
        data_risk="at-risk",
        rollback_class="restore-needed",
        project=stack.project,
        container_id=container.id,
        warning="An older version cannot open this data afterwards; only a backup brings it back.",
    )


def _losses(spec: ServiceSpec, known: Mapping[str, object] | None) -> Iterator[tuple[Difference, str]]:
    """The one-way settings that this plan changes in the direction that loses data."""
    before = cast(Mapping[str, Mapping[str, Any]], (known or {}).get("one_way", {}))
    for key, one_way in spec.one_way.items():
        if key not in before or before[key]["value"] == one_way.value:
            continue
        if bool(one_way.value) == (one_way.when == "on"):
            yield Difference(key, str(before[key]["value"]), str(one_way.value)), one_way.sentence


def _networks(stack: Stack, spec: ServiceSpec) -> list[str]:
    """Full Docker names of the networks of `spec`."""
    keys = spec.compose.get("networks", {})
    return [network.name for network in stack.networks if network.key in keys]


def _remove(stack: Stack, container: ContainerFacts) -> Operation:
    cause = (Difference("service", container.service, "not part of the stack"),)
    return Operation("remove", container.service, cause, 0, "kept", "safe", stack.project, container.id)
