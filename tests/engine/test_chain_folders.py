"""A node on a chain folder: what the engine starts while the disk is missing, and what the agent sees of the folder."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manage.engine import folder_look
from manage.installation import identity
from manage.installation.labels import chain_marker
from manage.installation.layout import Layout
from manage.render.stack import GUARD
from tests.engine import tiny
from tests.stage.waiting import until

ON_THE_CHAIN = "echo on the chain; while :; do sleep 0.1; done"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A mount point below which an empty chain folder lies, as after a boot without the disk."""
    point = tmp_path / "ssd"
    (point / "chain").mkdir(parents=True)
    yield point
    subprocess.run(["umount", str(point)], check=False, capture_output=True)


def mount(point: Path, marker: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "nodeyard-test", str(point)], check=True)
    (point / "chain").mkdir()
    (point / "chain" / marker).touch()


@pytest.mark.promise(
    "Docker starts no node on the empty folder of a disk that is not mounted, and starts it after", runs="ci"
)
def test_the_restart_policy_waits_for_the_disk(engine: Any, layout: Layout, disk: Path) -> None:
    marker = chain_marker("bitcoind", identity.read(layout).id)
    reference, _ = tiny.ensure(engine)
    mounts = [{"Type": "bind", "Source": str(disk / "chain"), "Target": "/srv"}]
    host = engine.create_host_config(mounts=mounts, restart_policy={"Name": "unless-stopped"}, init=True)
    container = engine.create_container(
        reference,
        entrypoint=["/bin/sh", "-c", GUARD, f"/srv/{marker}", "/bin/sh", "-c"],
        command=[ON_THE_CHAIN],
        host_config=host,
        labels={tiny.TEST_LABEL: "engine"},
    )["Id"]
    try:
        engine.start(container)
        until(lambda: engine.inspect_container(container)["RestartCount"] > 0, 20)
        said = engine.logs(container).decode()
        assert f"Nodeyard: /srv/{marker} is missing" in said
        assert "Is its disk mounted?" in said
        assert "on the chain" not in said
        mount(disk, marker)
        until(lambda: "on the chain" in engine.logs(container).decode(), 30)
    finally:
        engine.remove_container(container, force=True)


@pytest.mark.promise(
    "The agent, which cannot see the host's folders, judges a chain folder through the engine", runs="ci"
)
def test_the_agent_looks_through_the_engine(engine: Any, layout: Layout, disk: Path) -> None:
    installation = identity.read(layout)
    marker = chain_marker("bitcoind", installation.id)
    reference, _ = tiny.ensure(engine)

    def look(folder: Path) -> tuple[bool, tuple[str, ...]]:
        found = folder_look.look(engine, installation, reference, folder, marker)
        return found.exists, found.markers

    assert look(disk / "absent") == (False, ())
    assert look(disk / "chain") == (True, ())
    (disk / "chain" / marker).symlink_to("/etc/hostname")  # the service's own work: it leads nowhere on the host
    assert look(disk / "chain") == (True, (marker,))
    mount(disk, marker)
    assert look(disk / "chain") == (True, (marker,))
    left = engine.containers(all=True, filters={"label": f"io.nodeyard.installation={installation.id}"})
    assert left == []
