"""The two Jinja environments: Compose fragments, in which every value is quoted, and configuration files."""

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
from manage.render import compiled

SERVICES = CHECKOUT / "profiles" / "services"
TEMPLATES = CHECKOUT / "templates"


class Raw(str):
    """Text that a filter has already converted to the syntax of the file."""

    __slots__ = ()


def quoted(value: Any) -> str:
    """`value` as JSON, which is also YAML. `$` is doubled, because Compose would read a variable."""
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")


def plain(value: Any) -> str:
    """`value` as text for a configuration file. Raises ValueError for a control character.

    A line break would turn one value into two lines of a node's configuration.
    """
    text = str(value)
    if not isinstance(value, Raw) and any(unicodedata.category(letter) == "Cc" for letter in text):
        raise ValueError(f"{text!r} contains a control character")
    return text


def as_json(value: Any) -> Raw:
    """Filter `json`: a JSON document with one value per line."""
    return Raw(json.dumps(value, ensure_ascii=False, indent=1))


def bind(source: str, target: str, *, read_only: bool = True) -> dict[str, Any]:
    """A bind mount. Docker does not create a missing source but reports an error."""
    mount: dict[str, Any] = {"type": "bind", "source": source, "target": target, "bind": {"create_host_path": False}}
    return mount | ({"read_only": True} if read_only else {})


def volume(source: str, target: str) -> dict[str, Any]:
    """A volume mount. Docker copies neither files nor the owner from the image."""
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
    """The operator's templates are not trusted: they can neither reach attributes behind a value nor change it."""
    kind = ImmutableSandboxedEnvironment if own else jinja2.Environment
    return kind(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES]),
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=own,
        bytecode_cache=None if own else compiled.beside(TEMPLATES, __file__),
    )
