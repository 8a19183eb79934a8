"""`uninstall`: list what would be removed, get consent, remove it. Only objects with this installation's label."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from manage.apply import chain_folders, down, host_firewall, rollback_tags
from manage.engine import facts, networks, volumes
from manage.engine.client import Api, connect
from manage.engine.model import ContainerFacts
from manage.errors import NodeyardError
from manage.events import Event, Progress, silent
from manage.host import builds
from manage.images.model import LABEL_IMAGE
from manage.immutable import dataclass
from manage.installation import identity, lock
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from docker.errors import APIError

FOLDERS = (
    "secrets",
    "run",
    "files",
    "compose",
    "specs",
    "receipts",
    "agent",
    "engine",
    "watch",
    "sandbox",
    "log",
    "cache",
)
FILES = (
    "stack.yml",
    "installation.json",
    "lock",
    "images.json",
    "data-formats.json",
    "chain-folders.json",
    "secrets.json",
)
"""What Nodeyard writes to an installation's folder (manage/installation/layout.py); other files are not ours."""

UNTAGGED = "<none>:<none>"
"""The name in engine 20.10 of an image whose tag moved to a newer build; later engines give no name."""


@dataclass(frozen=True)
class Removal:
    """The plan of an uninstall: everything that it removes."""

    installation: Installation | None
    containers: tuple[ContainerFacts, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.containers or self.networks or self.volumes or self.images or self.paths)

    @property
    def data(self) -> frozenset[str]:
        """What cannot be restored: volumes, and the content of the installation's folder."""
        return frozenset((*self.volumes, *map(str, self.paths))) - self._lock_file

    @property
    def _lock_file(self) -> frozenset[str]:
        """The lock file, which the uninstall itself may create after the removal was shown."""
        return frozenset(str(path) for path in self.paths if path.name == "lock")

    @cached_property
    def digest(self) -> str:
        """sha256 hex over container ids and names: equal for plans that remove the same things."""
        parts = [
            [container.id for container in self.containers],
            *([name for name in names if name not in self._lock_file] for _, names in self.named()),
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    def named(self) -> list[tuple[str, tuple[str, ...]]]:
        """(kind in the singular, names) of everything that is removed."""
        kinds = [
            ("container", tuple(container.name for container in self.containers)),
            ("network", self.networks),
            ("volume", self.volumes),
            ("image", self.images),
            ("path", tuple(str(path) for path in self.paths)),
        ]
        return [(kind, names) for kind, names in kinds if names]


Review = Callable[[Removal, Removal | None], None]
"""Agrees to a removal, or raises NodeyardError to stop it. The second argument is the earlier, different removal that
was agreed to; None the first time."""


def accept(_removal: Removal, _shown: Removal | None) -> None:
    """A `Review` that agrees to every removal."""


def plan(layout: Layout, *, everything: bool) -> Removal:
    """What can be removed: containers and networks; with `everything` also volumes, images and the folder."""
    paths = (
        tuple(layout.dir / name for name in (*FOLDERS, *FILES) if (layout.dir / name).exists()) if everything else ()
    )
    if not layout.installation_file.exists():
        return Removal(None, paths=paths)
    installation = identity.read(layout)
    with connect() as api:
        ours = tuple(c for c in facts.containers(api, installation) if c.installation == installation.id)
        return Removal(
            installation,
            containers=tuple(sorted(ours, key=lambda container: container.name)),
            networks=tuple(sorted(network["Name"] for network in networks.owned(api, installation))),
            volumes=volumes.owned(api, installation) if everything else (),
            images=_images(api, installation) if everything else (),
            paths=paths,
        )


def apply(
    layout: Layout,
    *,
    everything: bool,
    shown: Removal | None = None,
    review: Review = accept,
    progress: Progress = silent,
) -> None:
    """Remove what `plan` finds under the lock; a removal that is not the `shown` one goes to `review` first.

    Raises NodeyardError, naming the object, if the engine refuses to remove it.
    """
    with _locked(layout):
        removal = plan(layout, everything=everything)
        if shown is None or removal.digest != shown.digest:
            review(removal, shown)
        if removal.installation is not None:
            with connect() as api:
                _remove_from_engine(api, removal.installation, removal, progress)
        if everything:
            with contextlib.suppress(NodeyardError, OSError):  # a damaged record or disk must not keep the rest
                chain_folders.forget(layout)
        _remove_paths(removal.paths)
        if removal.paths:
            layout.lock_file.unlink(missing_ok=True)  # this uninstall may have created it
    if removal.paths and layout.dir.exists():
        _remove_empty(layout.dir, progress)


def _remove_paths(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _remove_empty(folder: Path, progress: Progress) -> None:
    left = sorted(path.name for path in folder.iterdir())
    if left:
        names = ", ".join(left)
        progress(Event("note", "", f"{folder} is kept: it contains files that Nodeyard did not create: {names}."))
    else:
        folder.rmdir()


def _remove_from_engine(api: Api, installation: Installation, removal: Removal, progress: Progress) -> None:
    managing = [container for container in removal.containers if container.project == installation.manager_project]
    down.remove(api, installation, [c for c in removal.containers if c not in managing], progress)
    down.remove(api, installation, managing, progress)
    for name in networks.remove_all(api, installation):
        progress(Event("done", "", f"network {name} removed"))
    host_firewall.refresh(api, progress)
    for name in removal.volumes:
        _remove_volume(api, name)
        progress(Event("done", "", f"volume {name} removed"))
    remove_images(api, removal.images, progress)


def remove_images(api: Api, names: Iterable[str], progress: Progress = silent) -> None:
    """Remove these images, except those in use, and except built images while a build runs on this machine."""
    with builds.purge_lock() as alone:
        for name in names:
            if not alone and not name.startswith(rollback_tags.REPOSITORY):
                progress(Event("note", "", f"image {name} is kept: a build is running on this machine"))
            elif _remove_image(api, name):
                progress(Event("done", "", f"image {name} removed"))
            else:
                progress(Event("note", "", f"image {name} is kept: it is in use"))


def _remove_volume(api: Api, name: str) -> None:
    """Remove one volume, if it still exists. Raises NodeyardError if it is in use."""
    from docker.errors import APIError, NotFound

    try:
        api.remove_volume(name)
    except NotFound:
        return
    except APIError as error:
        raise _refused(f"volume {name}", error) from error


def _remove_image(api: Api, name: str) -> bool:
    """Remove one image, if it still exists. False if a container or a build uses it."""
    from docker.errors import APIError, NotFound

    try:
        api.remove_image(name)
    except NotFound:
        return True
    except APIError as error:
        if error.status_code == HTTPStatus.CONFLICT:
            return False
        raise _refused(f"image {name}", error) from error
    return True


def _refused(what: str, error: APIError) -> NodeyardError:
    return NodeyardError(
        f"The {what} could not be removed: {error.explanation}.",
        "Stop whatever uses it, then run the same command again.",
    )


@contextlib.contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """Hold the lock, if the installation's folder exists."""
    if not layout.dir.exists():
        yield
        return
    with lock.hold(layout, "uninstall"):
        yield


def _images(api: Api, installation: Installation) -> tuple[str, ...]:
    """The tags that our receipts keep, and the images that we built.

    The latter are kept while another installation on this engine shares them.
    """
    kept = {f"{rollback_tags.REPOSITORY}:{tag}" for tag in rollback_tags.tags(api, installation)}
    made = api.images(filters={"label": LABEL_IMAGE}) if not _others(api, installation) else ()
    tags = {tag for image in made for tag in image.get("RepoTags") or () if tag != UNTAGGED}
    bare = [image for image in made if not set(image.get("RepoTags") or ()) - {UNTAGGED}]
    newest_first = sorted(bare, key=lambda image: int(image["Created"]), reverse=True)  # children before parents
    return (*sorted(kept | tags), *(image["Id"] for image in newest_first))


def _others(api: Api, installation: Installation) -> bool:
    """Whether another installation has containers or volumes on this engine."""
    entries = [*api.containers(all=True), *(api.volumes()["Volumes"] or ())]
    ids = {(entry.get("Labels") or {}).get(LABEL_INSTALLATION) for entry in entries}
    return bool(ids - {None, installation.id})
