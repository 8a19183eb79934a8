"""The two Jinja environments: compose fragments, where every value is quoted, and plain configuration files."""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from manage.catalog import sizes
from manage.installation.layout import CHECKOUT

SERVICES = CHECKOUT / "profiles" / "services"
TEMPLATES = CHECKOUT / "templates"


class Raw(str):
    """Text that a filter has already written in the file's own syntax."""

    __slots__ = ()


def quoted(value: Any) -> str:
    """`value` as JSON, which is YAML; `$` doubled, because compose would take it for a variable."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")


def plain(value: Any) -> str:
    """`value` as text for a configuration file. ValueError for a line break or another control character:

    one value must never become two lines of a node's configuration.
    """
    text = str(value)
    if not isinstance(value, Raw) and any(unicodedata.category(letter) == "Cc" for letter in text):
        raise ValueError(f"{text!r} holds a control character")
    return text


def as_json(value: Any) -> Raw:
    """Filter `json`: a whole JSON document, stable and readable line by line."""
    return Raw(json.dumps(value, ensure_ascii=False, indent=1))


def bind(source: str, target: str, *, read_only: bool = True) -> dict[str, Any]:
    """A bind mount that never makes its source: a missing one is an error, not an empty folder."""
    mount: dict[str, Any] = {"type": "bind", "source": source, "target": target, "bind": {"create_host_path": False}}
    return mount | ({"read_only": True} if read_only else {})


def volume(source: str, target: str) -> dict[str, Any]:
    """A volume as it is: nothing of the image goes into it, and no owner of the image's."""
    return {"type": "volume", "source": source, "target": target, "volume": {"nocopy": True}}


def kilobytes(size: str) -> int:
    """Filter `kilobytes`: a size like 128m in units of 1024 bytes."""
    return sizes.parse(size) // 1024


@lru_cache
def compose_templates(folder: Path = SERVICES, *, own: bool = False) -> jinja2.Environment:
    """For `<folder>/<service>/compose.yml.j2` and what they extend; `own` for the operator's services."""
    environment = _environment(folder, quoted, own=own)
    environment.globals["bind"] = bind
    return environment


@lru_cache
def file_templates(folder: Path = SERVICES, *, own: bool = False) -> jinja2.Environment:
    """For `<folder>/<service>/files/`; `own` for the operator's services."""
    environment = _environment(folder, plain, own=own)
    environment.filters["json"] = as_json
    environment.filters["kilobytes"] = kilobytes
    return environment


def _environment(folder: Path, finalize: Any, *, own: bool) -> jinja2.Environment:
    """The operator's templates are not ours to trust: they cannot reach what is behind a value, nor change one."""
    kind = ImmutableSandboxedEnvironment if own else jinja2.Environment
    return kind(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES]),
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=own,
    )
