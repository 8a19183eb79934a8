"""Kept digests save time and never hide a change: a changed file is read again, whatever its size and times say."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from manage.images import digests, recipe

SOURCE = "services/clock/__main__.py"


def of(checkout: Path) -> str:
    with digests.kept(checkout) as known:
        return recipe.fingerprint("clock", recipe.load(checkout), checkout=checkout, digests=known)


def kept(checkout: Path) -> dict[str, str]:
    """What is kept now: path in the checkout -> digest."""
    try:
        files = json.loads((checkout / digests.FILE).read_text())["files"]
    except FileNotFoundError:
        return {}
    return {Path(path).relative_to(checkout).as_posix(): entry.split()[-1] for path, entry in files.items()}


@pytest.fixture
def settled(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The checkout, whose files are old enough to be kept."""
    monkeypatch.setattr(digests, "SETTLED_NS", 0)
    time.sleep(0.02)  # the tick of the file system's clock
    yield checkout


def lie(checkout: Path, digest: str = "0" * 64) -> None:
    """Replace the kept digest of SOURCE, so that its use shows in the fingerprint."""
    path = checkout / digests.FILE
    document = json.loads(path.read_text())
    for name, entry in document["files"].items():
        if name.endswith(SOURCE):
            document["files"][name] = f"{entry.rpartition(' ')[0]} {digest}"
    path.write_text(json.dumps(document))


def test_an_unchanged_file_is_not_read_again(settled: Path) -> None:
    before = of(settled)
    assert set(kept(settled)) >= {SOURCE, "images/clock/recipe.yml", "images/base/Dockerfile"}
    lie(settled)
    assert of(settled) != before


@pytest.mark.promise("A changed source is seen even if its size and time are as before", runs="ci")
def test_a_changed_file_of_equal_size_and_time_is_seen(settled: Path) -> None:
    before, path = of(settled), settled / SOURCE
    found = path.stat()
    path.write_text(path.read_text().replace("tick", "tock"))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns)
    assert of(settled) != before


def test_a_file_that_replaces_another_with_its_size_and_time_is_seen(settled: Path) -> None:
    before, path = of(settled), settled / SOURCE
    other = path.with_suffix(".new")
    other.write_text(path.read_text().replace("tick", "tock"))
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert of(settled) != before


@pytest.mark.parametrize("shifted_s", [-1, 3600])
def test_the_digest_of_a_file_that_is_too_young_is_not_kept(checkout: Path, shifted_s: int) -> None:
    at = time.time() + shifted_s
    os.utime(checkout / SOURCE, (at, at))
    of(checkout)
    assert kept(checkout) == {}


def test_what_was_removed_is_forgotten_at_the_next_change(settled: Path) -> None:
    (settled / "services/clock/old.py").write_text("")
    time.sleep(0.02)
    of(settled)
    (settled / "services/clock/old.py").rename(settled / "services/clock/new.py")
    time.sleep(0.02)
    of(settled)
    assert "services/clock/new.py" in kept(settled)
    assert "services/clock/old.py" not in kept(settled)


def broken(text: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.write_text(text)

    return spoil


def linked(path: Path) -> None:
    path.rename(path.with_suffix(".other"))
    path.symlink_to(path.with_suffix(".other"))


@pytest.mark.parametrize(
    "spoil",
    [
        broken(""),
        broken("[]"),
        broken('{"version": 2, "files": {}}'),
        broken('{"version": 1, "files": {"a": 1}}'),
        broken("[" * 100_000),
        linked,
        lambda path: path.chmod(0o666),
        lambda path: path.parent.chmod(0o777),
        lambda path: path.unlink(),
    ],
    ids=["empty", "a list", "newer", "numbers", "deep", "a link", "open to all", "in an open folder", "missing"],
)
def test_a_file_that_cannot_be_trusted_or_read_only_costs_time(settled: Path, spoil: Callable[[Path], None]) -> None:
    before = of(settled)
    lie(settled)
    spoil(settled / digests.FILE)
    assert of(settled) == before


def test_a_folder_that_cannot_be_written_only_costs_time(settled: Path) -> None:
    (settled / digests.FILE).parent.write_text("not a folder")
    assert of(settled) == of(settled)


@pytest.mark.root
def test_the_file_of_another_user_is_not_trusted(settled: Path) -> None:
    before = of(settled)
    lie(settled)
    os.chown(settled / digests.FILE, 12345, 12345)
    assert of(settled) == before


@pytest.mark.root
def test_the_owner_of_the_checkout_is_trusted_like_its_modules(settled: Path) -> None:
    before = of(settled)
    lie(settled)
    os.chown(settled, 12345, 12345)
    os.chown(settled / digests.FILE, 12345, 12345)
    assert of(settled) != before
