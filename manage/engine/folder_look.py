"""Looks for one file in a folder of the host that this process cannot see, through the engine."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from manage.engine.client import Api
from manage.host.chain_folder import FolderFacts
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION

_TARGET = "/folder"


def look(api: Api, installation: Installation, image: str, folder: Path, name: str) -> FolderFacts:
    """Whether `folder` is there, and whether it has the file `name`. Nothing of `image` runs.

    The engine refuses to create a container with a bind mount whose source is missing. The file is looked for in a
    container that never starts, so a link in the folder leads nowhere outside it.
    """
    from docker.errors import APIError, NotFound

    mount = {"Type": "bind", "Source": str(folder), "Target": _TARGET, "ReadOnly": True}
    host = api.create_host_config(mounts=[mount], network_mode="none")
    labels = {LABEL_INSTALLATION: installation.id}  # so that uninstall finds it if this process is killed
    try:
        made = api.create_container(image, command=["never-started"], host_config=host, labels=labels)
    except APIError as error:
        if error.status_code == HTTPStatus.BAD_REQUEST and "bind source path" in str(error.explanation):
            return FolderFacts(exists=False, complete=False)
        raise
    try:
        chunks, _ = api.get_archive(made["Id"], f"{_TARGET}/{name}")
        chunks.close()
    except NotFound:
        return FolderFacts(exists=True, complete=False)
    finally:
        api.remove_container(made["Id"], force=True)
    return FolderFacts(exists=True, markers=(name,), complete=False)
