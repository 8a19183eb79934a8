"""What builds and pulls need of the engine's images."""

from __future__ import annotations

import http
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from manage import untrusted
from manage.engine.client import Api
from manage.images import host_settings
from manage.images.model import LABEL_IMAGE, LABEL_STAGE


class BuildFailed(Exception):
    """Why an image could not be built, in the words of the program that failed."""


def local_images(api: Api) -> Mapping[str, str]:
    """Reference -> engine id of every image that carries our label."""
    images = api.images(filters={"label": LABEL_IMAGE})
    return {tag: image["Id"] for image in images for tag in image["RepoTags"] or ()}


def build(
    api: Api, context: IO[bytes], reference: str, arguments: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[str]:
    """Build with the engine's own builder, which every engine has, and yield the lines it prints.

    A build has a network of its own, except where it needs a program on this host's loopback. `BuildFailed` carries the
    engine's error.
    """
    answer = api.build(
        fileobj=context,
        custom_context=True,
        tag=reference,
        buildargs=dict(arguments),
        network_mode="host" if host_settings.needs_host_network(arguments) else None,
        labels=dict(labels),
        rm=True,
        forcerm=True,
        decode=True,
    )
    failure = ""
    for part in answer:  # also after an error: the connection is free only at the end
        failure = part.get("error", failure)
        yield from part.get("stream", "").splitlines()
    if failure:
        raise BuildFailed(failure.strip())


def remove_stages(api: Api) -> None:
    """Remove the first stages that builds left behind: they hold the host's pip settings, and nothing refers to them.

    Call it only while no build runs (`manage.host.builds`): between two steps a build has nothing but its stage.
    A stage that an interrupted build still uses stays until the next call.
    """
    from docker.errors import APIError

    for image in api.images(filters={"label": LABEL_STAGE, "dangling": True}):
        try:
            api.remove_image(image["Id"])
        except APIError as error:
            if error.status_code != http.HTTPStatus.CONFLICT:
                raise


def config_digest(api: Api, reference: str) -> str:
    """`sha256:...` of the image's configuration: the same on every engine for the same image (docker-facts 4).

    With the containerd store the engine's id is a manifest's digest; the configuration's own is then read from
    the image as it would be saved.
    """
    return saved_config_digest(api, reference) if _has_containerd_store(api) else engine_id(api, reference)


def saved_config_digest(api: Api, reference: str) -> str:
    """The same, from the image as it would be saved: a second for each 200 MB."""
    with tempfile.TemporaryFile() as file:
        for chunk in api.get_image(reference):
            file.write(chunk)
        file.seek(0)
        with tarfile.open(fileobj=file) as saved:
            documents = read_member(saved, "manifest.json")
    return "sha256:" + Path(untrusted.parse_json(documents)[0]["Config"]).name.removesuffix(".json")


def read_member(archive: tarfile.TarFile, name: str) -> bytes:
    """Content of one file of a tar; KeyError when it is not in it."""
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def has(api: Api, reference: str) -> bool:
    from docker.errors import ImageNotFound

    try:
        api.inspect_image(reference)
    except ImageNotFound:
        return False
    return True


def engine_id(api: Api, reference: str) -> str:
    return str(api.inspect_image(reference)["Id"])


def _has_containerd_store(api: Api) -> bool:
    """`docker info` of an engine with the containerd image store says so in its driver status (seen on 29.1.3)."""
    status = api.info().get("DriverStatus") or []
    return any(value == "io.containerd.snapshotter.v1" for _key, value in status)
