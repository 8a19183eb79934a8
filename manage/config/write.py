"""Writes stack.yml: the initial file, and single values. The result is validated before it is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from manage import bounded_yaml, untrusted
from manage.catalog import Catalog
from manage.catalog.model import Network, Setting
from manage.config import schema
from manage.config.edit import flow_yaml, with_value, without
from manage.config.model import Config, ImageSource, Problem
from manage.config.problems import InvalidConfig
from manage.config.read import load, parse
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation import documents

INITIAL = """\
# What this host runs. Every key and its values: manage config explain
# Change a value here or with `manage config set KEY VALUE`. `manage plan` shows the effect, `manage up` applies it.
version: {version}
name: {name}
network: {network}
profiles: {profiles}
images:
  source: {source}   # do not change it: another source must not open the same data
ports:
  base: {base}   # port of the dashboard; the proxy uses the next one
  bind: 127.0.0.1   # any other address exposes dashboard and proxy
# services:
#   NAME:            # a service of the profiles
#     enabled: true
#     memory: 512m
"""


def write_initial(
    path: Path,
    *,
    name: str,
    profiles: Sequence[str],
    network: Network,
    image_source: ImageSource,
    port_base: int,
    catalog: Catalog,
) -> None:
    """Write a commented stack.yml. Raises InvalidConfig, and writes nothing, if these answers contradict each other."""
    text = INITIAL.format(
        version=schema.VERSION,
        name=flow_yaml(name),
        network=network,
        profiles=flow_yaml(list(profiles)),
        source=image_source,
        base=port_base,
    )
    parse(text, str(path), catalog)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, text)


def set_value(path: Path, key: str, value: Any, catalog: Catalog) -> None:
    """Set `key` (dotted) to `value`, a plain value or its YAML text, in the file `path`.

    Comments and all other lines are kept. Raises InvalidConfig if the file is invalid before the change, NodeyardError
    for an unknown key or an invalid result; then the file is unchanged.
    """
    config = load(path, catalog)
    known = schema.keys(catalog, config.network)
    if key not in known:
        import difflib  # imported only for a mistake

        close = difflib.get_close_matches(key, known, n=1)
        raise NodeyardError(
            f"{key} is not a key of {path.name}.",
            f"Did you mean {close[0]}?" if close else "All keys: manage config explain",
            exit_code=EXIT_USAGE,
        )
    if key == "version":
        raise NodeyardError("version is the version of the file format. You cannot set it.", exit_code=EXIT_USAGE)
    text = with_value(untrusted.text(path, links=True), key.split("."), _plain(known[key], value))
    try:
        parse(text, str(path), catalog)
    except InvalidConfig as refused:
        raise refused.without_lines(f"{key} was not set", key) from None
    _write(path, text)


def unset_value(path: Path, key: str, catalog: Catalog) -> None:
    """Remove `key` (dotted), a value or a section, from the file `path`. Comments and all other lines are kept.

    Also works in a file that has problems, such as the section of a service that was removed. Raises NodeyardError if
    the file does not have the key, or would have a problem that it does not have now; then it is unchanged.
    """
    before = _problems(lambda: load(path, catalog))
    if any(not problem.path for problem in before):  # it is not YAML
        raise InvalidConfig(str(path), before)
    text = without(untrusted.text(path, links=True), key.split("."))
    if text is None:
        raise NodeyardError(f"{path} does not set {key}.", "What it sets: manage config show", exit_code=EXIT_USAGE)
    known = {(problem.path, problem.message) for problem in before}
    new = [
        problem
        for problem in _problems(lambda: parse(text, str(path), catalog))
        if (problem.path, problem.message) not in known
    ]
    if new:
        raise InvalidConfig(str(path), new).without_lines(f"{key} was not removed", key)
    _write(path, text)


def _problems(read: Callable[[], Config]) -> tuple[Problem, ...]:
    try:
        read()
    except InvalidConfig as invalid:
        return invalid.problems
    return ()


def _plain(setting: Setting, value: Any) -> Any:
    """The value that a text from the command line represents."""
    if not isinstance(value, str):
        return value
    if setting.type in ("string", "choice", "size", "path"):
        return value
    try:
        plain = bounded_yaml.load(value)
    except yaml.YAMLError as error:
        raise NodeyardError(f"{value!r} is not valid YAML.", exit_code=EXIT_USAGE) from error
    if setting.type == "list" and isinstance(plain, str):
        return [entry.strip() for entry in plain.split(",")]
    return [] if setting.type == "list" and plain is None else plain


def _write(path: Path, text: str) -> None:
    """Replace `path` atomically; keep mode and owner of an existing file."""
    old = path.stat() if path.exists() else None
    uid, gid = (old.st_uid, old.st_gid) if old and os.geteuid() == 0 else (-1, -1)
    documents.replace(path, text.encode(), mode=old.st_mode & 0o777 if old else 0o644, uid=uid, gid=gid)
