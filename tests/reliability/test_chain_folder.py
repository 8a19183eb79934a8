"""A chain folder whose disk is missing, or that is another service's, is refused before anything is touched."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from manage.apply import chain_folders, data_guard, up
from manage.apply.chain_folders import ChainFolder, Known
from manage.apply.desired_state import DesiredState
from manage.engine.model import Facts
from manage.errors import NodeyardError
from manage.host import chain_folder
from manage.host.chain_folder import FolderFacts, Mount
from manage.installation import documents, identity
from manage.installation.labels import chain_marker
from manage.installation.layout import Layout
from manage.plan.model import Operation
from manage.render.model import Stack, VolumeSpec
from tests.stage.owners import Paper

MARKER = chain_marker("bitcoind", "0123abcd")
FOLDER = ChainFolder("bitcoind", Path("/mnt/ssd/bitcoind"), MARKER, 10012, "localhost/nodeyard/bitcoind:1")
SSD, ROOT = Mount("/mnt/ssd", "/dev/sdb1"), Mount("/", "/dev/sda1")
BEFORE = Known(MARKER, 10012, SSD)
NOTHING = Facts((), {}, {})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "nodeyard", Paper().owners())
    identity.create(made)
    return made


def state(layout: Layout, *folders: ChainFolder, volumes: tuple[VolumeSpec, ...] = ()) -> DesiredState:
    found = identity.read(layout)
    stack = Stack(found.project, found.id, "mainnet", (), volumes, (), "", "")
    empty = Stack(found.manager_project, found.id, "mainnet", (), (), (), "", "")
    return DesiredState(layout, found, stack, empty, (), chain_folders=folders)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def starts(kind: Any, service: str = "bitcoind") -> list[Operation]:
    return [Operation(kind, service, (), 0, "kept", "safe")]


@pytest.mark.promise("An empty or missing folder where a chain was is refused: its disk is not mounted", runs="ci")
@pytest.mark.parametrize(
    ("now", "said"),
    [
        (FolderFacts(False, mount=ROOT), "does not exist, but bitcoind's chain was there. Is /mnt/ssd mounted?"),
        (FolderFacts(True, True, mount=ROOT), "is empty, but bitcoind's chain was there. Is /mnt/ssd mounted?"),
        (FolderFacts(True, mount=ROOT), "holds other data than before, but bitcoind's chain was there. Is /mnt/ssd"),
        (FolderFacts(True, True, mount=SSD), "is empty, but bitcoind's chain was there."),
    ],
)
def test_a_folder_that_lost_its_marker_is_refused(now: FolderFacts, said: str) -> None:
    assert said in data_guard.problem(FOLDER, BEFORE, now, used=True)


def test_a_clone_on_a_larger_disk_is_the_same_chain() -> None:
    assert data_guard.problem(FOLDER, BEFORE, FolderFacts(True, markers=(MARKER,), mount=ROOT), used=True) == ""


def test_a_folder_is_new_once_and_an_earlier_installations_chain_is_adopted() -> None:
    assert data_guard.problem(FOLDER, None, FolderFacts(False), used=False) == ""
    assert data_guard.problem(FOLDER, None, FolderFacts(True), used=False) == ""
    assert data_guard.problem(FOLDER, None, FolderFacts(True), used=True) == ""
    assert "Is /mnt/ssd mounted?" in data_guard.problem(FOLDER, None, FolderFacts(True, True), used=True)


@pytest.mark.promise("Two services or installations never share a chain folder", runs="ci")
@pytest.mark.parametrize("other", [chain_marker("kaspad", "0123abcd"), chain_marker("bitcoind", "ffffffff")])
def test_a_folder_that_another_service_marked_is_refused(other: str) -> None:
    said = data_guard.problem(FOLDER, None, FolderFacts(True, markers=(other,)), used=False)
    assert f"is in use by another service or installation ({other.removeprefix('.nodeyard-')})" in said


@pytest.mark.parametrize("second", ["chain", "chain/below", "link", "link/below", "."])
def test_a_folder_that_reaches_anothers_by_a_link_is_refused(layout: Layout, tmp_path: Path, second: str) -> None:
    (tmp_path / "chain").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "chain")
    one = replace(FOLDER, path=tmp_path / "chain")
    two = replace(FOLDER, service="kaspad", path=tmp_path / second)
    with pytest.raises(NodeyardError, match="bitcoind and kaspad cannot both use"):
        data_guard.require_data(state(layout, one, two), starts("create", "kaspad"), NOTHING)


def test_the_agent_starts_a_service_only_on_a_folder_that_the_host_prepared() -> None:
    assert data_guard.problem(FOLDER, BEFORE, FolderFacts(True, markers=(MARKER,), complete=False), used=True) == ""
    for now in (FolderFacts(True, complete=False), FolderFacts(False, complete=False)):
        assert "Run on the host: manage up" in data_guard.problem(FOLDER, BEFORE, now, used=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, mounted on a folder."""
    point = tmp_path / "ssd"
    point.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "nodeyard-test", str(point)], check=True)
    yield point
    subprocess.run(["umount", str(point)], check=False, capture_output=True)


@pytest.mark.root
@pytest.mark.parametrize("below", ["bitcoind", "."])
@pytest.mark.parametrize("kind", ["create", "recreate", "restart"])
def test_a_disk_that_is_not_mounted_is_named_and_nothing_is_made(
    layout: Layout, disk: Path, below: str, kind: str
) -> None:
    folder = replace(FOLDER, path=disk / below)
    note = f"{disk / below} holds bitcoind's chain, on the file system of {disk}."
    assert chain_folders.prepare(layout, [folder]) == [note]
    (folder.path / "blocks").mkdir()
    data_guard.require_data(state(layout, folder), starts(kind), NOTHING)
    subprocess.run(["umount", str(disk)], check=True)
    with pytest.raises(NodeyardError, match=f"Is {disk} mounted[?] nodeyard-test was there") as refused:
        data_guard.require_data(state(layout, folder), starts(kind), NOTHING)
    assert "manage up --accept-data bitcoind" in refused.value.hint
    assert names(disk) == []
    data_guard.require_data(state(layout, folder), starts(kind), NOTHING, accepted=["bitcoind"])
    data_guard.require_data(state(layout, folder), starts(kind, "tracker"), NOTHING)


def test_an_accepted_folder_changes_hands(layout: Layout, tmp_path: Path) -> None:
    folder = replace(FOLDER, path=tmp_path / "chain")
    folder.path.mkdir()
    (folder.path / chain_marker("kaspad", "0123abcd")).touch()
    chain_folders.prepare(layout, [folder])
    assert names(folder.path) == [MARKER]
    assert chain_folders.known(layout)[folder.path].marker == MARKER
    assert chain_folders.prepare(layout, [folder]) == []
    chain_folders.forget(layout)
    assert names(folder.path) == []


def test_a_marker_that_the_service_turned_into_a_link_is_not_followed(layout: Layout, tmp_path: Path) -> None:
    folder = replace(FOLDER, path=tmp_path / "chain")
    folder.path.mkdir()
    (folder.path / MARKER).symlink_to(tmp_path / "elsewhere")
    chain_folders.prepare(layout, [folder])
    assert not (tmp_path / "elsewhere").exists()


def test_a_new_disk_with_lost_and_found_is_empty(layout: Layout, tmp_path: Path) -> None:
    folder = replace(FOLDER, path=tmp_path / "chain")
    (folder.path / "lost+found").mkdir(parents=True)
    assert chain_folder.look(folder.path).empty
    assert chain_folders.owners(layout, [("bitcoind", str(folder.path))]) == {}
    chain_folders.prepare(layout, [folder])
    assert layout.owners.uid(folder.path) == 10012


def test_the_owner_of_an_adopted_folder_is_remembered_where_it_cannot_be_seen(layout: Layout, tmp_path: Path) -> None:
    chain = tmp_path / "chain"
    chain.mkdir()
    (chain / "blocks").mkdir()
    layout.owners.give(chain, 1000, 1000)
    assert chain_folders.owners(layout, [("bitcoind", str(chain))]) == {"bitcoind": 1000}
    chain_folders.prepare(layout, [replace(FOLDER, path=chain, uid=1000)])
    chain.rename(tmp_path / "hidden")
    assert chain_folders.owners(layout, [("bitcoind", str(chain))]) == {"bitcoind": 1000}


@pytest.mark.promise("A volume that held data and is gone is refused, not replaced by an empty one", runs="ci")
def test_a_volume_that_is_gone_is_refused(layout: Layout) -> None:
    volume = VolumeSpec("nodeyard_mainnet_timescaledb_data", "timescaledb", "database", 10010)
    wanted = state(layout, volumes=(volume,))
    data_guard.require_data(wanted, starts("create", "timescaledb"), NOTHING)
    documents.write(layout.data_formats_file, {"volumes": {volume.name: [{"config_digest": "sha256:1"}]}})
    with pytest.raises(NodeyardError, match=f"The volume {volume.name}, which held data of timescaledb, no longer"):
        data_guard.require_data(wanted, starts("create", "timescaledb"), NOTHING)
    data_guard.require_data(wanted, starts("create", "timescaledb"), replace(NOTHING, volumes={volume.name: {}}))
    data_guard.require_data(wanted, starts("create", "timescaledb"), NOTHING, accepted=["timescaledb"])


def test_the_file_system_of_a_path_is_the_last_mount_on_the_longest_point(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "30 21 8:17 / /mnt/my\\040ssd rw shared:1 - ext4 /dev/sdb1 rw\n"
        "31 21 8:33 / /mnt/my\\040ssd rw - xfs /dev/sdc1 rw\n"
        "32 21 8:33 / /mnt rw - xfs /dev/sdd1 rw\n"
    )
    assert chain_folder.mount_of(Path("/mnt/my ssd/bitcoind"), table) == Mount("/mnt/my ssd", "/dev/sdc1")
    assert chain_folder.mount_of(Path("/mnt/other"), table) == Mount("/mnt", "/dev/sdd1")
    assert chain_folder.mount_of(Path("/srv"), table) == Mount("/", "/dev/sda1")


def test_only_a_service_of_the_stack_can_be_accepted(layout: Layout) -> None:
    with pytest.raises(NodeyardError, match="There is no service bitcoin in this stack"):
        up.apply(state(layout), accepted_data=["bitcoin"])


@pytest.mark.parametrize("below", ["file", "file/below", "link"])
def test_a_path_that_cannot_be_a_folder_is_a_sentence(layout: Layout, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("link")
    folder = replace(FOLDER, path=tmp_path / below)
    with pytest.raises(NodeyardError, match=rf"The folder {folder.path} cannot be used for a chain: [A-Z]"):
        data_guard.require_data(state(layout, folder), starts("recreate"), NOTHING)


@pytest.mark.root
def test_a_disk_that_linux_made_read_only_is_named(layout: Layout, disk: Path) -> None:
    folder = replace(FOLDER, path=disk / "bitcoind")
    chain_folders.prepare(layout, [folder])
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(NodeyardError, match="is on a file system that is mounted read-only"):
        data_guard.require_data(state(layout, folder), starts("recreate"), NOTHING)
