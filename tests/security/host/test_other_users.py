"""What another user of the host can do to an installation, from that user's seat: nothing."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.installation import folders, identity, ids, lock
from manage.installation.layout import Layout
from tests.stage.owners import Paper

NOBODY = 65534


@pytest.fixture
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """An installation below folders that everyone may pass, as /var/lib is."""
    folder = Path("/var/tmp") / f"nodeyard-test-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o755)
    made = Layout(folder / "nodeyard")
    identity.create(made)
    with lock.hold(made, "up"):
        pass
    for name in ("stack.yml", "receipts/000001.json", "specs/x.json", "compose/x.yml", "watch/snapshot.json"):
        (made.dir / name).write_text("{}")
    yield made
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def as_user(uid: int, gid: int, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code as that user, without the groups of this one."""
    return subprocess.run(
        [
            "setpriv",
            f"--reuid={uid}",
            f"--regid={gid}",
            "--clear-groups",
            "/usr/bin/python3",
            "-I",
            "-c",
            program,
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
    )


OPEN = "import sys; open(sys.argv[1]).read()"
LOCK = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"


@pytest.mark.root
@pytest.mark.promise("Another user of the host can neither read an installation nor block its changes", runs="ci")
def test_nobody_reads_nothing_and_blocks_nothing(layout: Layout) -> None:
    files = [path for path in layout.dir.rglob("*") if path.is_file()]
    assert len(files) >= 6
    for path in files:
        assert "PermissionError" in as_user(NOBODY, NOBODY, OPEN, str(path)).stderr, path
    assert "PermissionError" in as_user(NOBODY, NOBODY, LOCK, str(layout.lock_file)).stderr
    with lock.hold(layout, "up"):
        pass


@pytest.mark.root
def test_a_member_of_the_group_reads_receipts_and_cannot_take_the_lock(layout: Layout) -> None:
    for path in (layout.receipts_dir / "000001.json", layout.snapshot_file):
        assert as_user(NOBODY, ids.AGENT_GROUP, OPEN, str(path)).stderr == ""
    for path in (layout.lock_file, layout.secrets_dir, layout.agent_dir / "users.json"):
        assert "PermissionError" in as_user(NOBODY, ids.AGENT_GROUP, LOCK, str(path)).stderr


def test_a_lock_of_an_earlier_version_is_closed_at_the_next_change(tmp_path: Path) -> None:
    layout = Layout(tmp_path, Paper().owners())
    identity.create(layout)
    layout.lock_file.write_text("")
    layout.lock_file.chmod(0o644)
    with lock.hold(layout, "up"):
        assert stat.S_IMODE(layout.lock_file.stat().st_mode) == 0o600


def test_no_folder_is_open_to_others(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "nodeyard", Paper().owners())
    identity.create(layout)
    layout.dir.chmod(0o755)  # as an earlier version made it
    folders.make(layout)
    assert stat.S_IMODE(layout.dir.stat().st_mode) & 0o007 == 0


def test_the_builds_lock_is_of_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from manage.host import builds

    monkeypatch.setattr(builds, "LOCK", tmp_path / "lock")
    with builds.build_lock():
        assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
