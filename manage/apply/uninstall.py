"""What `manage uninstall` removes: shown first, then carried out. Only what carries this installation's label."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from manage.apply import down, rollback_tags
from manage.apply.events import Event, Progress, silent
from manage.engine import facts, networks, volumes
from manage.engine.client import Api, connect
from manage.engine.model import LABEL_INSTALLATION, ContainerFacts
from manage.errors import NodeyardError
from manage.host import builds, lock
from manage.host import installation as installations
from manage.host.identity import Installation
from manage.host.layout import Layout
from manage.images.model import LABEL_IMAGE

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
FILES = ("stack.yml", "installation.json", "lock", "images.json", "data-formats.json", "secrets.json")
"""What Nodeyard puts into an installation's folder (manage/host/layout.py); anything else there is not ours."""

UNTAGGED = "<none>:<none>"
"""What engine 20.10 calls an image whose tag went to a newer build; later engines give no name at all."""


@dataclass(frozen=True)
class Doomed:
    """What would be removed."""

    installation: Installation | None
    containers: tuple[ContainerFacts, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.containers or self.networks or self.volumes or self.images or self.paths)

    def named(self) -> list[tuple[str, tuple[str, ...]]]:
        """(kind in the singular, names) of everything there is."""
        kinds = [
            ("container", tuple(container.name for container in self.containers)),
            ("network", self.networks),
            ("volume", self.volumes),
            ("image", self.images),
            ("path", tuple(str(path) for path in self.paths)),
        ]
        return [(kind, names) for kind, names in kinds if names]


def survey(layout: Layout, *, everything: bool) -> Doomed:
    """What there is to remove: containers and networks; with `everything` volumes, images and the folder too."""
    paths = (
        tuple(layout.dir / name for name in (*FOLDERS, *FILES) if (layout.dir / name).exists()) if everything else ()
    )
    if not layout.installation_file.exists():
        return Doomed(None, paths=paths)
    installation = installations.read(layout)
    with connect() as api:
        ours = tuple(c for c in facts.containers(api, installation) if c.installation == installation.id)
        return Doomed(
            installation,
            containers=ours,
            networks=tuple(sorted(network["Name"] for network in networks.owned(api, installation))),
            volumes=volumes.owned(api, installation) if everything else (),
            images=_images(api, installation) if everything else (),
            paths=paths,
        )


def carry_out(layout: Layout, doomed: Doomed, progress: Progress = silent) -> None:
    """Remove what `survey` found. Raises NodeyardError, naming it, for what the engine does not let go."""
    with _locked(layout):
        if doomed.installation is not None:
            with connect() as api:
                _from_engine(api, doomed.installation, doomed, progress)
        for path in (*doomed.paths, layout.lock_file) if doomed.paths else ():  # the lock may be our own, just made
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if doomed.paths and layout.dir.exists():
        left = [path.name for path in layout.dir.iterdir()]
        if left:
            progress(Event("note", "", f"{layout.dir} stays: {', '.join(sorted(left))} is not ours."))
        else:
            layout.dir.rmdir()


def _from_engine(api: Api, installation: Installation, doomed: Doomed, progress: Progress) -> None:
    manager = installation.manager_project
    for wave in ([c for c in doomed.containers if (c.project == manager) is last] for last in (False, True)):
        down.remove(api, installation, wave, progress)
    for name in networks.remove_all(api, installation):
        progress(Event("done", "", f"network {name} removed"))
    for name in doomed.volumes:
        _remove_volume(api, name)
        progress(Event("done", "", f"volume {name} removed"))
    with builds.nobody_builds() as alone:
        for name in doomed.images:
            if not alone and not name.startswith(rollback_tags.REPOSITORY):
                progress(Event("note", "", f"image {name} stays: somebody is building on this machine"))
            elif _remove_image(api, name):
                progress(Event("done", "", f"image {name} removed"))
            else:
                progress(Event("note", "", f"image {name} stays: it is used"))


def _remove_volume(api: Api, name: str) -> None:
    """What is gone already is fine, what is still used is said."""
    from docker.errors import APIError, NotFound

    try:
        api.remove_volume(name)
    except NotFound:
        return
    except APIError as error:
        raise _refused(f"volume {name}", error) from error


def _remove_image(api: Api, name: str) -> bool:
    """The same, but False where a container or a build stands on it: it may be anybody's."""
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
        f"The {what} could not be removed: {error.explanation}.", "Free it, then run the same command again."
    )


@contextlib.contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """The lock, where there is a folder to hold it in."""
    if not layout.dir.exists():
        yield
        return
    with lock.hold(layout, "uninstall"):
        yield


def _images(api: Api, installation: Installation) -> tuple[str, ...]:
    """The tags that our receipts keep, and the images that we made.

    The latter stay while another installation lives on this engine: it shares them.
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
