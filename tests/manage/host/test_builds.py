from pathlib import Path

import pytest

from manage.host import builds


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of this test's own: somebody may be building on this machine."""
    monkeypatch.setattr(builds, "LOCK", tmp_path / "builds.lock")
    return builds.LOCK


def test_builds_go_on_beside_each_other_and_a_purge_sees_them() -> None:
    with builds.build_lock(), builds.build_lock(), builds.purge_lock() as alone:
        assert not alone
    with builds.purge_lock() as alone:
        assert alone


def test_the_lock_is_roots_alone_and_never_a_link(lock: Path) -> None:
    with builds.build_lock():
        assert lock.stat().st_mode & 0o777 == 0o600
    lock.unlink()
    lock.symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic links"), builds.build_lock():
        pass
