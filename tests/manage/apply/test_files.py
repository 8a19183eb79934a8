from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from manage.apply import files, volume_images
from manage.installation import identity, intent
from manage.installation.layout import Layout
from manage.render.model import Image, ServiceSpec, Stack, VolumeSpec
from tests.stage.owners import Paper


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def layout(tmp_path: Path, paper: Paper) -> Layout:
    made = Layout(tmp_path / "nodeyard", paper.owners())
    identity.create(made)
    return made


def stack(
    layout: Layout,
    *,
    digest: str = "sha256:1",
    volumes: Sequence[Any] = (),
    contents: dict[str, bytes] | None = None,
) -> Stack:
    contents = contents or {"nginx.conf": b"rate=10", "start.sh": b"#!/bin/sh\n"}
    spec = ServiceSpec(
        name="proxy",
        group="services",
        compose={"user": "70011:70011", "volumes": list(volumes)},
        files=contents,
        files_dir=str(layout.files_dir / "proxy-0123456789ab"),
        image=Image("nginx", "localhost/nodeyard/nginx:1", digest),
        secrets={},
        spec_digest="cafe",
        downtime_s=1,
        startup_s=1,
        rollback="safe",
    )
    store = VolumeSpec("nodeyard_sandbox_proxy_data", "proxy", "history", 70011)
    return Stack("nodeyard", "ab12cd34", "sandbox", (spec,), (store,), (), "services: {}\n", "fedcba9876543210")


def test_files_are_readable_by_their_service_and_scripts_can_be_run(layout: Layout) -> None:
    files.write(layout, stack(layout))
    folder = layout.files_dir / "proxy-0123456789ab"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"nginx.conf": 0o644, "start.sh": 0o755}
    assert (folder / "nginx.conf").read_bytes() == b"rate=10"


def test_writing_again_changes_no_file(layout: Layout) -> None:
    files.write(layout, stack(layout))
    before = {path: path.stat().st_ino for path in layout.dir.rglob("*") if path.is_file()}
    files.write(layout, stack(layout))
    assert {path: path.stat().st_ino for path in layout.dir.rglob("*") if path.is_file()} == before


def test_a_file_that_somebody_changed_is_put_right(layout: Layout) -> None:
    files.write(layout, stack(layout))
    changed = layout.files_dir / "proxy-0123456789ab" / "nginx.conf"
    changed.write_bytes(b"rate=99")
    files.write(layout, stack(layout))
    assert changed.read_bytes() == b"rate=10"


def test_the_compose_file_is_named_by_its_revision(layout: Layout) -> None:
    files.write(layout, stack(layout))
    project = files.project_of(layout, stack(layout))
    assert project.file == layout.compose_dir / "nodeyard-fedcba987654.yml"
    assert project.file.read_text() == "services: {}\n"


def test_the_spec_is_kept_so_that_a_later_plan_can_name_differences(layout: Layout) -> None:
    files.write(layout, stack(layout))
    document = json.loads((layout.specs_dir / "cafe.json").read_text())
    assert document["version"] == 1
    assert document["files"]["nginx.conf"] == "rate=10"


def test_a_folder_that_the_service_writes_to_is_made_for_it(layout: Layout, paper: Paper) -> None:
    socket = layout.sandbox_socket("kaspad").parent
    files.write(layout, stack(layout, volumes=[{"type": "bind", "source": str(socket), "target": "/c"}]))
    assert (stat.S_IMODE(socket.stat().st_mode), paper.uid(socket)) == (0o700, 70011)
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o755


@pytest.mark.root
def test_a_folder_that_the_service_writes_to_belongs_to_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "nodeyard")
    identity.create(layout)
    socket = layout.sandbox_socket("kaspad").parent
    files.write(layout, stack(layout, volumes=[{"type": "bind", "source": str(socket), "target": "/c"}]))
    assert (stat.S_IMODE(socket.stat().st_mode), socket.stat().st_uid) == (0o700, 70011)


def test_a_folder_with_data_keeps_its_owner_and_an_empty_one_of_roots_is_given_to_the_service(
    layout: Layout, paper: Paper, tmp_path: Path
) -> None:
    adopted, empty = tmp_path / "adopted", tmp_path / "empty"
    for folder in (adopted, empty):
        folder.mkdir()
    (adopted / "blocks").write_text("")
    files.write(layout, stack(layout, volumes=[f"{adopted}:/a", f"{empty}:/b"]))
    assert (paper.uid(adopted), paper.uid(empty)) == (0, 70011)


def test_what_is_mounted_to_be_read_is_neither_made_nor_given_away(layout: Layout, paper: Paper) -> None:
    missing = layout.dir / "missing"
    reads = [
        {"type": "bind", "source": str(missing), "target": "/m", "read_only": True},
        {"type": "bind", "source": str(layout.engine_file.parent), "target": "/e", "read_only": True},
    ]
    files.write(layout, stack(layout, volumes=reads))
    assert not missing.exists()
    assert paper.uid(layout.engine_file.parent) == 0


def test_every_image_that_opens_a_volume_is_noted_once(layout: Layout) -> None:
    for digest in ("sha256:1", "sha256:1", "sha256:2"):
        volume_images.record(layout, stack(layout, digest=digest), {"proxy"}, 1000.0)
    volume_images.record(layout, stack(layout, digest="sha256:3"), {"tracker"}, 1000.0)
    volumes = json.loads(layout.data_formats_file.read_text())["volumes"]
    assert [entry["config_digest"] for entry in volumes["nodeyard_sandbox_proxy_data"]] == ["sha256:1", "sha256:2"]


def test_a_stack_is_wanted_until_somebody_says_down(layout: Layout) -> None:
    assert intent.is_up(layout)
    intent.record(layout, up=False)
    assert not intent.is_up(layout)
    intent.record(layout, up=True)
    assert intent.is_up(layout)
