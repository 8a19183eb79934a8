import json
import stat

import pytest

from manage.apply import files, volume_images
from manage.host import desired, installation
from manage.host.layout import Layout
from manage.render.model import Image, ServiceSpec, Stack, VolumeSpec


@pytest.fixture
def layout(tmp_path):
    made = Layout(tmp_path / "yard")
    installation.create(made)
    return made


def stack(layout, *, digest="sha256:1", volumes=(), contents=None):
    contents = contents or {"nginx.conf": b"rate=10", "start.sh": b"#!/bin/sh\n"}
    spec = ServiceSpec(
        name="proxy",
        group="services",
        compose={"user": "10011:10011", "volumes": list(volumes)},
        files=contents,
        files_dir=str(layout.files_dir / "proxy-0123456789ab"),
        image=Image("nginx", "localhost/nodeyard/nginx:1", digest),
        secrets={},
        spec="cafe",
        downtime_s=1,
        startup_s=1,
        rollback="safe",
    )
    store = VolumeSpec("nodeyard_sandbox_proxy_data", "proxy", "history", 10011)
    return Stack("nodeyard", "ab12cd34", "sandbox", (spec,), (store,), (), "services: {}\n", "fedcba9876543210")


def test_files_are_readable_by_their_service_and_scripts_can_be_run(layout):
    files.write(layout, stack(layout))
    folder = layout.files_dir / "proxy-0123456789ab"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"nginx.conf": 0o644, "start.sh": 0o755}
    assert (folder / "nginx.conf").read_bytes() == b"rate=10"


def test_writing_again_changes_no_file(layout):
    files.write(layout, stack(layout))
    before = {path: path.stat().st_ino for path in layout.dir.rglob("*") if path.is_file()}
    files.write(layout, stack(layout))
    assert {path: path.stat().st_ino for path in layout.dir.rglob("*") if path.is_file()} == before


def test_a_file_that_somebody_changed_is_put_right(layout):
    files.write(layout, stack(layout))
    changed = layout.files_dir / "proxy-0123456789ab" / "nginx.conf"
    changed.write_bytes(b"rate=99")
    files.write(layout, stack(layout))
    assert changed.read_bytes() == b"rate=10"


def test_the_compose_file_is_named_by_its_revision(layout):
    files.write(layout, stack(layout))
    project = files.project_of(layout, stack(layout))
    assert project.file == layout.compose_dir / "nodeyard-fedcba987654.yml"
    assert project.file.read_text() == "services: {}\n"


def test_the_spec_is_kept_so_that_a_later_plan_can_name_differences(layout):
    files.write(layout, stack(layout))
    document = json.loads((layout.specs_dir / "cafe.json").read_text())
    assert document["version"] == 1
    assert document["files"]["nginx.conf"] == "rate=10"


def test_a_folder_that_the_service_writes_to_is_made_for_it(layout):
    socket = layout.sandbox_socket("kaspad").parent
    files.write(layout, stack(layout, volumes=[{"type": "bind", "source": str(socket), "target": "/c"}]))
    assert (stat.S_IMODE(socket.stat().st_mode), socket.stat().st_uid) == (0o700, 10011)
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o755


def test_a_folder_with_data_keeps_its_owner_and_an_empty_one_of_roots_is_given_to_the_service(layout, tmp_path):
    adopted, empty = tmp_path / "adopted", tmp_path / "empty"
    for folder in (adopted, empty):
        folder.mkdir()
    (adopted / "blocks").write_text("")
    files.write(layout, stack(layout, volumes=[f"{adopted}:/a", f"{empty}:/b"]))
    assert (adopted.stat().st_uid, empty.stat().st_uid) == (0, 10011)


def test_what_is_mounted_to_be_read_is_neither_made_nor_given_away(layout):
    missing = layout.dir / "missing"
    reads = [
        {"type": "bind", "source": str(missing), "target": "/m", "read_only": True},
        {"type": "bind", "source": str(layout.engine_file.parent), "target": "/e", "read_only": True},
    ]
    files.write(layout, stack(layout, volumes=reads))
    assert not missing.exists()
    assert layout.engine_file.parent.stat().st_uid == 0


def test_every_image_that_opens_a_volume_is_noted_once(layout):
    for digest in ("sha256:1", "sha256:1", "sha256:2"):
        volume_images.record(layout, stack(layout, digest=digest), {"proxy"}, 1000.0)
    volume_images.record(layout, stack(layout, digest="sha256:3"), {"tracker"}, 1000.0)
    volumes = json.loads(layout.data_formats_file.read_text())["volumes"]
    assert [entry["config_digest"] for entry in volumes["nodeyard_sandbox_proxy_data"]] == ["sha256:1", "sha256:2"]


def test_a_stack_is_wanted_until_somebody_says_down(layout):
    assert desired.stack_is_wanted(layout)
    desired.want(layout, up=False)
    assert not desired.stack_is_wanted(layout)
    desired.want(layout, up=True)
    assert desired.stack_is_wanted(layout)
