"""The digest that identifies a rendered service, and the document from which later plans explain differences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from manage.render.fragment import files_digest
from manage.render.model import Image, ServiceSpec


def spec_digest(
    compose: Mapping[str, Any], files: Mapping[str, bytes], secrets: Mapping[str, int], image: Image
) -> str:
    """sha256 hex over everything from which a container is created (docker-facts 1, 2 and 4).

    `files` are `ServiceSpec.all_files`.
    """
    parts = {
        "compose": compose,
        "files": files_digest(files),
        "secrets": secrets,
        "image": image.config_digest,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def spec_document(spec: ServiceSpec) -> dict[str, Any]:
    """`spec` as plain JSON, stored in `specs/<digest>.json`, so that a later plan can name each difference.

    Contains no secret: rendered files and Compose services only name secrets.
    """
    return {
        "version": 1,
        "spec": spec.spec_digest,
        "service": spec.name,
        "compose": dict(spec.compose),
        "files": {name: content.decode() for name, content in sorted(spec.all_files.items())},
        "secrets": dict(spec.secrets),
        "image": {
            "name": spec.image.name,
            "reference": spec.image.reference,
            "config_digest": spec.image.config_digest,
        },
        "one_way": {key: {"value": one_way.value} for key, one_way in spec.one_way.items()},
    }
