"""Sets the owner of a volume's root folder to the uid of its service, independently of the image."""

from __future__ import annotations

import io
import tarfile

from manage.engine.client import Api
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION

_TARGET = "volume"


def set_owner(api: Api, installation: Installation, volume: str, uid: int, image: str) -> None:
    """Make `uid` (and the group of that number) the owner of the volume's root folder, mode 0700.

    The engine creates volumes owned by root. This unpacks an archive into a container that never starts, so nothing
    runs as root and `image` needs no programs. Files in the volume are not changed.
    """
    mount = {"Type": "volume", "Source": volume, "Target": f"/{_TARGET}", "VolumeOptions": {"NoCopy": True}}
    host = api.create_host_config(mounts=[mount], network_mode="none")
    labels = {LABEL_INSTALLATION: installation.id}  # so that uninstall finds it if this process is killed
    made = api.create_container(image, command=["never-started"], host_config=host, labels=labels)
    try:
        api.put_archive(made["Id"], "/", _folder(uid))
    finally:
        api.remove_container(made["Id"], force=True)


def _folder(uid: int) -> bytes:
    """A tar archive with only that folder."""
    entry = tarfile.TarInfo(_TARGET)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o700, uid, uid
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry)
    return buffer.getvalue()
