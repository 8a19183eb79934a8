"""Real containers on the engine of this machine, in installations of their own, removed before and after."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from manage.apply import host_firewall, rollback_tags
from manage.engine.client import connect
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.labels import LABEL_INSTALLATION
from manage.installation.layout import Layout
from tests.engine import standin, tiny
from tests.stage import ports

PREFIX = "nytest-"
"""How the compose projects of these tests begin, and so their networks and volumes."""


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """The engine's API. These tests are about a real engine: without one they fail, they are not skipped."""
    try:
        with connect() as api:
            _remove(api, PREFIX)
            # A neighbour that lives on this engine: no purge of these tests may take the images that it shares.
            api.create_volume(f"{PREFIX}neighbour", labels={LABEL_INSTALLATION: "neighbour"})
            yield api
            _remove(api, PREFIX)
            host_firewall.refresh(api)
            _remove_images(api, tiny.REPOSITORY)
    except NodeyardError as error:
        pytest.fail(f"{error.message} {error.hint} (tests/run starts an engine.)")


@pytest.fixture
def layout(engine: Any, tmp_path: Path) -> Iterator[Layout]:
    """A fresh installation in a folder of its own."""
    made = Layout(tmp_path / "nodeyard")
    project = f"{PREFIX}{secrets.token_hex(3)}"
    installation = identity.create(made, project=project)
    yield made
    _remove(engine, project, installation.id)


@pytest.fixture
def watched(layout: Layout) -> Iterator[Layout]:
    """The same, with snapshots that tell of its containers."""
    with standin.watching(layout):
        yield layout


@pytest.fixture
def free_port() -> int:
    return ports.free_port()


def _remove(api: Any, prefix: str, installation: str = "") -> None:
    """What tests of these projects left: containers by our test label, networks and volumes by label and name."""
    for entry in api.containers(all=True, filters={"label": f"{tiny.TEST_LABEL}=engine"}):
        if entry["Labels"].get("com.docker.compose.project", PREFIX).startswith(prefix):
            api.remove_container(entry["Id"], force=True)
    for network in api.networks(filters={"label": LABEL_INSTALLATION}):
        if network["Name"].startswith(prefix):
            api.remove_network(network["Id"])
    for volume in api.volumes(filters={"label": LABEL_INSTALLATION})["Volumes"] or ():
        if volume["Name"].startswith(prefix):
            api.remove_volume(volume["Name"])
    _remove_images(api, f"{rollback_tags.REPOSITORY}:{installation}")


def _remove_images(api: Any, prefix: str) -> None:
    """Tags of our tiny images that begin with `prefix`, except those that a container of another run uses."""
    from docker.errors import APIError

    for image in api.images(filters={"label": f"{tiny.TEST_LABEL}=engine"}):
        for tag in image["RepoTags"] or ():
            if tag.startswith(prefix):
                with suppress(APIError):
                    api.remove_image(tag)
