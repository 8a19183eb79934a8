"""Names every difference between a container and the desired service. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from manage import words
from manage.catalog.sizes import UNITS
from manage.engine.model import ContainerFacts
from manage.plan.model import Difference
from manage.render.model import ServiceSpec

NONE = "none"
COVERED = (
    *("labels", "secrets", "environment", "volumes", "ports", "image", "mem_limit", "memswap_limit"),
    *("networks", "dns", "dns_opt"),
)
"""Compose keys whose differences have their own name, or follow from another difference."""


def of_documents(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Between two spec documents (`manage.render.spec_document`)."""
    current, desired = before["compose"], after["compose"]
    if before["image"]["config_digest"] != after["image"]["config_digest"]:
        yield _image(before["image"], after["image"])
    yield from _mapping("env.", current.get("environment", {}), desired.get("environment", {}))
    if current.get("mem_limit") != desired.get("mem_limit"):
        yield Difference("memory limit", memory(current.get("mem_limit", 0)), memory(desired.get("mem_limit", 0)))
    if _mounts(current) != _mounts(desired):
        yield Difference("mounts", *changed(_mounts(current), _mounts(desired)))
    if current.get("ports") != desired.get("ports"):
        yield Difference("ports", *changed(_ports(current), _ports(desired)))
    for key in sorted({*current, *desired} - {*COVERED}):
        if current.get(key) != desired.get(key):
            yield Difference(key, *_shown(current.get(key), desired.get(key)))
    yield from _files(before["files"], after["files"])
    for name in sorted({*before["secrets"], *after["secrets"]}):
        old, new = before["secrets"].get(name), after["secrets"].get(name)
        if old != new:
            yield Difference(f"secret {name}", _generation(old), _generation(new))


def of_container(
    container: ContainerFacts, spec: ServiceSpec, networks: Sequence[str], *, limits_memory: bool = True
) -> Iterator[Difference]:
    """Differences in the container itself, independently of its spec label: image, memory limit, networks.

    `limits_memory` as in `Facts`: without it no container can have a limit, so none is compared.
    """
    if container.image_digest and container.image_digest != spec.image.config_digest:
        yield Difference(
            "image", _short(container.image_digest), image_name(spec.image.reference, spec.image.config_digest)
        )
    desired = spec.compose.get("mem_limit", 0)
    if limits_memory and container.memory_bytes != desired:
        yield Difference("memory limit", memory(container.memory_bytes), memory(desired))
    attached = sorted(network for network in container.networks if network != NONE)
    if attached != sorted(networks):
        yield Difference("networks", *changed(attached, sorted(networks)))


def memory(count: int) -> str:
    """A memory limit as in stack.yml ("2g") if possible; 0 bytes is the engine's "no limit"."""
    for unit in ("g", "m", "k"):
        if count and count % UNITS[unit] == 0:
            return f"{count // UNITS[unit]}{unit}"
    return words.size(count) if count else "no limit"


def first_change(before: str, after: str) -> tuple[str, str]:
    """The words that differ in the first changed lines: ("rate=20r/s", "rate=10r/s")."""
    from difflib import SequenceMatcher  # imported only for a difference

    old, new = before.splitlines(), after.splitlines()
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            return changed(_words(old[i1:i2]), _words(new[j1:j2]))
    return NONE, NONE


def _words(lines: Sequence[str]) -> list[str]:
    """The words of the first line with a letter or digit, without the final semicolon."""
    candidates = [line for line in lines if any(letter.isalnum() for letter in line)] or list(lines)
    return candidates[0].strip(" ;").split() if candidates else []


def _image(known: Mapping[str, str], desired: Mapping[str, str]) -> Difference:
    if known["reference"] == desired["reference"]:  # rebuilt under the same tag
        return Difference("image", _short(known["config_digest"]), _short(desired["config_digest"]))
    return Difference(
        "image",
        image_name(known["reference"], known["config_digest"]),
        image_name(desired["reference"], desired["config_digest"]),
    )


def image_name(reference: str, digest: str) -> str:
    """`name:tag`, or the name and the short digest if there is no tag."""
    name, _, tag = reference.rpartition("/")[2].partition("@")[0].partition(":")
    return f"{name}:{tag}" if tag else f"{name} {_short(digest)}"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _mapping(prefix: str, current: Mapping[str, Any], desired: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted({*current, *desired}):
        if current.get(key) != desired.get(key):
            yield Difference(f"{prefix}{key}", str(current.get(key, NONE)), str(desired.get(key, NONE)))


def _mounts(compose: Mapping[str, Any]) -> list[str]:
    """Mounts as `source:target`, without the folders of rendered files, whose content is compared instead."""
    return [
        f"{mount.get('source', '')}:{mount['target']}"
        for mount in compose.get("volumes", [])
        if mount["target"] != "/etc/nodeyard" and not mount.get("source", "").startswith(_files_dir(compose))
    ]


def _ports(compose: Mapping[str, Any]) -> list[str]:
    return [f"{port['host_ip']}:{port['published']}" for port in compose.get("ports", [])]


def _files_dir(compose: Mapping[str, Any]) -> str:
    sources = [mount["source"] for mount in compose.get("volumes", []) if mount["target"] == "/etc/nodeyard"]
    return f"{sources[0]}/" if sources else "\0"


def _files(current: Mapping[str, str], desired: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted({*current, *desired}):
        if current.get(name) == desired.get(name):
            continue
        if name not in current or name not in desired:
            yield Difference(name, "present" if name in current else NONE, "present" if name in desired else NONE)
        else:
            yield Difference(name, *first_change(current[name], desired[name]))


def _shown(current: Any, desired: Any) -> tuple[str, str]:
    if isinstance(current, list) and isinstance(desired, list):
        return changed([_text(entry) for entry in current], [_text(entry) for entry in desired])
    return _line(current), _line(desired)


def _line(value: Any) -> str:
    return " ".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    """`value` on one line: a script among the words of a command is not shown."""
    text = NONE if value is None else str(value)
    return "(script)" if "\n" in text else text


def changed(current: Sequence[str], desired: Sequence[str]) -> tuple[str, str]:
    """Only the entries that the other side lacks; all entries if only the order changed."""
    gone = [entry for entry in current if entry not in desired]
    new = [entry for entry in desired if entry not in current]
    if not gone and not new:
        gone, new = list(current), list(desired)
    return " ".join(gone) or NONE, " ".join(new) or NONE


def _generation(number: int | None) -> str:
    return NONE if number is None else f"generation {number}"
