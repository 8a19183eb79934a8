"""What runs now, read in one pass: containers and their details, volumes, networks, images."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from manage.engine import threads
from manage.engine.model import ContainerFacts, Facts
from manage.engine.reader import Reader
from manage.immutable import dataclass
from manage.installation import documents
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION, LABEL_SERVICE, LABEL_SPEC

ReadApi: TypeAlias = "Reader | Any"
"""The plain reader, or the SDK's client if a command already has one. Their answers are equal."""

NOT_FOUND = 404

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
HASH_LABEL = "com.docker.compose.config-hash"
ONEOFF_LABEL = "com.docker.compose.oneoff"
"""Compose's own labels (docker/compose pkg/api/labels.go)."""
DIGEST = re.compile(r"[0-9A-Za-z]{1,64}")
"""Of a spec; it is part of a file name."""


@dataclass(frozen=True)
class Answers:
    """What the engine answers about an installation, as it answers it."""

    containers: tuple[Mapping[str, Any], ...]
    volumes: Sequence[Mapping[str, Any]]
    networks: Sequence[Mapping[str, Any]]
    limits_memory: bool = True
    """As in `Facts`; asked only if a container has no memory limit."""


def ask(api: ReadApi, installation: Installation) -> Answers:
    """Every question that `read` has for the engine."""
    volumes, networks = threads.started(api.volumes), threads.started(api.networks)
    documents = _inspected(api, installation)
    limited = all(document["HostConfig"].get("Memory") for document in documents)
    return Answers(documents, volumes()["Volumes"] or (), networks(), limited or limits_memory(api.info()))


def read(
    answers: Answers,
    installation: Installation,
    specs_dir: Path,
    *,
    image_digests: Mapping[str, str] | None = None,
    config_hashes: Callable[[], Mapping[str, str]] = dict,
) -> Facts:
    """Facts of both projects of `installation`, from what the engine answered.

    `image_digests` maps this engine's image ids to config digests, as `images.json` records them. They are equal except
    on the containerd store, whose ids are manifest digests and whose API does not show the config digest. An id that is
    not in the mapping is used as the digest.
    `config_hashes` returns compose's hashes of the desired services; it is called last, because compose is slow.
    """
    containers = tuple(container(document, image_digests or {}) for document in answers.containers)
    return Facts(
        containers=tuple(sorted(containers, key=lambda facts: (facts.project, facts.service, facts.name))),
        volumes=_labels(answers.volumes, installation),
        networks=_labels(answers.networks, installation),
        known_specs=_specs(specs_dir, {facts.spec_digest for facts in containers if facts.spec_digest}),
        config_hashes=config_hashes(),
        limits_memory=answers.limits_memory,
    )


def limits_memory(info: Mapping[str, Any]) -> bool:
    """Whether the engine can limit memory, from `GET /info`; pure. Engines that do not say so can."""
    return info.get("MemoryLimit") is not False


def container(document: Mapping[str, Any], digests: Mapping[str, str]) -> ContainerFacts:
    """Facts of one container from its inspect document; pure. `digests` is `image_digests` of `read`."""
    labels = document["Config"].get("Labels") or {}
    state = document["State"]
    return ContainerFacts(
        id=document["Id"],
        name=document["Name"].removeprefix("/"),
        service=labels.get(LABEL_SERVICE) or labels.get(SERVICE_LABEL, ""),
        project=labels.get(PROJECT_LABEL, ""),
        installation=labels.get(LABEL_INSTALLATION, ""),
        spec_digest=labels.get(LABEL_SPEC, ""),
        state=state["Status"],
        config_hash=labels.get(HASH_LABEL, ""),
        image_digest=digests.get(document["Image"], document["Image"]),
        memory_bytes=document["HostConfig"].get("Memory") or 0,
        networks=tuple(sorted(document["NetworkSettings"].get("Networks") or ())),
        started_at=timestamp(state.get("StartedAt", "")),
        restarts=document.get("RestartCount", 0),
        exit_code=state.get("ExitCode", 0),
        oom_killed=bool(state.get("OOMKilled")),
    )


def containers(api: ReadApi, installation: Installation) -> tuple[ContainerFacts, ...]:
    """Only the containers: all with our installation id, and others with the name of one of our projects."""
    return tuple(container(document, {}) for document in _inspected(api, installation))


def timestamp(text: str) -> float:
    """Unix seconds of the engine's RFC 3339 times; 0.0 for "0001-01-01T00:00:00Z", which means never."""
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$", text)
    if not found or found[1] == "0001":
        return 0.0
    whole = calendar.timegm(time.struct_time((*(int(found[n]) for n in range(1, 7)), 0, 1, 0)))
    shift = 0 if found[8] == "Z" else int(found[8][:3]) * 3600 + int(found[8][0] + found[8][4:]) * 60
    return whole + float(found[7] or 0) - shift


def _concerns(labels: Mapping[str, str] | None, installation: Installation) -> bool:
    labels = labels or {}
    if labels.get(ONEOFF_LABEL) == "True":
        return False
    return labels.get(LABEL_INSTALLATION) == installation.id or labels.get(PROJECT_LABEL) in (
        installation.project,
        installation.manager_project,
    )


def _labels(entries: Sequence[Mapping[str, Any]], installation: Installation) -> dict[str, dict[str, str]]:
    """Name -> labels of the volumes or networks that have our label, or our project's name as prefix."""
    prefix = f"{installation.project}_"
    return {
        entry["Name"]: dict(entry.get("Labels") or {})
        for entry in entries
        if (entry.get("Labels") or {}).get(LABEL_INSTALLATION) == installation.id or entry["Name"].startswith(prefix)
    }


def _inspected(api: ReadApi, installation: Installation) -> tuple[Mapping[str, Any], ...]:
    """The documents of the containers that concern us, without those that were removed after they were listed."""
    ids = [entry["Id"] for entry in api.containers(all=True) if _concerns(entry["Labels"], installation)]
    found = threads.each(lambda container_id: _if_there(api.inspect_container, container_id), ids)
    return tuple(document for document in found if document)


def image_id(api: ReadApi, reference: str) -> str:
    """The engine's id of the image, "" if the engine does not have it."""
    found = _if_there(api.inspect_image, reference)
    return str(found["Id"]) if found else ""


def _if_there(inspect: Callable[[str], Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The document of `name`; None if the engine answers 404, as an exception of the SDK or of the reader."""
    try:
        return inspect(name)
    except Exception as error:
        if getattr(error, "status_code", None) == NOT_FOUND:
            return None
        raise


def _specs(folder: Path, digests: Iterable[str]) -> dict[str, dict[str, object]]:
    found = {}
    for digest in filter(DIGEST.fullmatch, digests):  # a label, which an image may bring along
        try:
            document = documents.read(folder / f"{digest}.json")
        except FileNotFoundError:
            continue
        found[digest] = {key: value for key, value in document.items() if key != "version"}
    return found
