"""The files that a change writes before it changes a container: config files, compose files, specs, bind folders."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from manage import untrusted
from manage.engine.compose_cli import ComposeProject
from manage.installation import documents, folders
from manage.installation.layout import Layout
from manage.installation.owners import Owners
from manage.render import compose_document, spec_document
from manage.render.model import ServiceSpec, Stack
from manage.render.names import subnet_token


def write(layout: Layout, stack: Stack, prepared: Collection[Path] = ()) -> None:
    """Write everything that `stack` mounts or that a later plan reads. Old revisions are kept for rollback.

    Every path except that of watch's list contains a digest of its content, so writing again changes nothing.
    `prepared` are folders that `chain_folders` prepares; the agent does not see them.
    """
    for spec in stack.services:
        _config_files(layout.files_dir / Path(spec.files_dir).name, spec)
        if spec.live_file:
            _put(layout.watch_list_file, spec.live_file, 0o644)
        _spec(layout, spec)
        _bind_folders(layout.owners, spec, prepared)
    project = project_of(layout, stack)
    _put(project.file, stack.compose_yaml.encode(), 0o644)


def write_start_files(layout: Layout, stack: Stack, subnets: Mapping[str, str]) -> None:
    """Write the files that hold the addresses of networks, which exist now; `subnets` maps their full names.

    They are written before every change: a network that was created again can have other addresses.
    """
    for spec in stack.services:
        for name, content in spec.start_files.items():
            text = content.decode()
            for network, subnet in subnets.items():
                text = text.replace(subnet_token(network), subnet)
            folder = layout.start_files(spec.name)
            for missing in (folder.parent, folder):
                missing.mkdir(mode=0o755, exist_ok=True)
                missing.chmod(0o755)
            _put(folder / name, text.encode(), 0o644)


def project_of(layout: Layout, stack: Stack) -> ComposeProject:
    """The compose project of `stack` and its file, `compose/<project>-<revision12>.yml`."""
    file = layout.compose_dir / f"{stack.project}-{stack.revision[:12]}.yml"
    return ComposeProject(stack.project, file, layout.dir)


def _config_files(folder: Path, spec: ServiceSpec) -> None:
    if not spec.files:
        return
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # the umask reduces the mode of mkdir (docker-facts 32)
    for name, content in spec.files.items():
        _put(folder / name, content, 0o755 if name.endswith(".sh") else 0o644)


def _spec(layout: Layout, spec: ServiceSpec) -> None:
    path = layout.specs_dir / f"{spec.spec_digest}.json"
    if not path.exists():
        documents.write(path, spec_document(spec))


def _bind_folders(owners: Owners, spec: ServiceSpec, prepared: Collection[Path]) -> None:
    """Create the missing host folders that the service writes to, owned by the service.

    Only the service and root can open them. An existing folder keeps its owner, unless it is empty and belongs to root:
    then somebody created it for the service.
    """
    uid, gid = owner(spec.compose)
    for source in bind_sources(spec.compose):
        if source in prepared:
            continue
        if source.exists():
            if source.is_dir() and owners.uid(source) == 0 and not any(source.iterdir()):
                owners.give(source, uid, gid)
            continue
        folders.make_private(source)
        owners.give(source, uid, gid)


def bind_sources(compose: Mapping[str, Any]) -> Iterator[Path]:
    """The host paths among the service's volumes that are writable."""
    for entry in compose.get("volumes", ()):
        if isinstance(entry, Mapping):
            if entry.get("type") == "bind" and not entry.get("read_only"):
                yield Path(compose_document.literal(entry["source"]))
        elif str(entry).startswith("/") and not str(entry).endswith(":ro"):
            yield Path(compose_document.literal(str(entry).split(":", 1)[0]))


def owner(compose: Mapping[str, Any]) -> tuple[int, int]:
    """The uid and gid that the service runs under."""
    user = str(compose.get("user", "0:0"))
    uid, _, gid = user.partition(":")
    return int(uid), int(gid or uid)


def _put(path: Path, content: bytes, mode: int) -> None:
    if _holds(path, content) and path.stat().st_mode & 0o7777 == mode:
        return
    documents.replace(path, content, mode=mode)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return untrusted.content(path) == content
    except (FileNotFoundError, untrusted.Refused):
        return False
