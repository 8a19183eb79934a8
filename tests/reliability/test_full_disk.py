"""A disk that fills up under a running installation: all who show verdicts name it, and everything goes on later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from manage.agent.sampler import Sampler
from manage.apply import gate, host_disks
from manage.cli import output
from manage.cli.main import main
from manage.errors import NodeyardError
from manage.health import newest
from manage.health import snapshot as snapshots
from manage.health.root_cause import explain
from manage.installation import identity
from manage.installation.disk import measure
from manage.installation.layout import Layout
from manage.web.pages.overview.view import overview
from manage.web.sources import Sources
from tests.manage.watch.process import Watch, service
from tests.stage.small_disk import SmallDisk
from tests.stage.waiting import until

pytestmark = pytest.mark.root
NAMED_WITHIN_S = 15.0
Fill = Callable[[SmallDisk], None]


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    monkeypatch.setattr(output._Suggestions, "directory", "")
    with SmallDisk(tmp_path / "yard") as made:
        yield made


@pytest.fixture
def layout(disk: SmallDisk) -> Layout:
    layout = Layout(disk.path)
    identity.create(layout)
    layout.engine_file.parent.mkdir(exist_ok=True)
    return layout


@pytest.fixture
def watch(layout: Layout) -> Iterator[Watch]:
    """watch and the sampler of an agent, on the small disk."""

    def sample() -> dict[str, Any]:
        return {"services": {name: {"at": time.time(), "state": "running"} for name in ("agent", "watch")}}

    sampler = Sampler(layout.engine_file, sample, lambda: None)
    sampler.start()
    with Watch(layout.dir, [service("agent", group="manager")]) as watch:
        watch.until_verdict("agent", "healthy")
        yield watch
    sampler.stop()


def status(layout: Layout, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main(["status", "--dir", str(layout.dir), *options])
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out + printed.err


@pytest.mark.parametrize(
    ("fill", "name"),
    [(SmallDisk.fill, "is full"), (SmallDisk.fill_inodes, "has no room for more files")],
    ids=["bytes", "inodes"],
)
@pytest.mark.promise(
    "A full disk is named by status, why, the gate and the page within 15 s; with space again all goes on by itself",
    runs="ci",
)
def test_a_full_disk_is_named_everywhere_and_all_goes_on_afterwards(
    disk: SmallDisk, layout: Layout, watch: Watch, capsys: pytest.CaptureFixture[str], fill: Fill, name: str
) -> None:
    said = f"The disk of {layout.dir} {name}"
    reports: list[str] = []
    sources = Sources(layout)
    fill(disk)
    waiting = threading.Thread(
        target=gate.wait, args=(layout, "watch", time.time() + 60, 5.0), kwargs={"report": reports.append}, daemon=True
    )
    waiting.start()

    def page() -> str:
        sources.refresh()
        view = overview(sources.snapshot(), {}, now=time.time(), role="admin", agent_answers=True, disk=sources.disk)
        return view.headline if view.freshness.state == "fresh" else ""

    began = time.monotonic()
    until(lambda: said in newest.read(layout).sentence, NAMED_WITHIN_S)
    until(lambda: page().startswith(said), NAMED_WITHIN_S)
    until(lambda: any(said[1:] in report for report in reports), NAMED_WITHIN_S)
    code, shown = status(layout, capsys, "--check")
    assert time.monotonic() - began < NAMED_WITHIN_S
    assert (code, shown.count(said)) == (1, 1)
    assert "everything goes on by itself" in shown
    assert said in explain(newest.read(layout), "disk")["reason"]
    until(lambda: time.time() - snapshots.read(layout).as_of > 4, NAMED_WITHIN_S)  # the file is old, and yet:
    assert time.time() - newest.read(layout).as_of < 3
    half = [path for path in layout.dir.rglob(".*") if path.is_file()]
    assert half == [], "no half-written file is left"

    disk.free()
    until(lambda: time.time() - snapshots.read(layout).as_of < 2, NAMED_WITHIN_S)
    watch.until_verdict("agent", "healthy", NAMED_WITHIN_S)
    watch.until_verdict("watch", "healthy", 25)
    assert said not in snapshots.read(layout).sentence
    assert status(layout, capsys, "--check")[0] == 0


def test_without_watch_the_commands_measure_the_disk_themselves(
    disk: SmallDisk, layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    disk.fill()
    code, shown = status(layout, capsys)
    assert code == 1
    assert f"The disk of {layout.dir} is full" in shown


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (SmallDisk.fill, "is full"),
        (SmallDisk.fill_inodes, "has no room for more files"),
        (lambda disk: disk.remount("ro"), "is read-only"),
    ],
    ids=["bytes", "inodes", "read-only"],
)
@pytest.mark.promise("`up` on a full or read-only disk changes nothing and says why", runs="ci")
def test_up_refuses_before_anything_is_taken_away(
    disk: SmallDisk, layout: Layout, capsys: pytest.CaptureFixture[str], spoil: Fill, name: str
) -> None:
    spoil(disk)
    with pytest.raises(SystemExit) as left:
        main(["up", "--yes", "--dir", str(layout.dir)])
    shown = capsys.readouterr().err
    assert left.value.code == 1
    assert f"The disk of {layout.dir} {name}, so nothing was changed." in shown
    disk.remount("rw")
    disk.free()
    host_disks.require_room([layout.dir])


def test_a_chain_on_a_disk_of_its_own_is_judged_by_that_disk(disk: SmallDisk, tmp_path: Path) -> None:
    disk.fill()
    with pytest.raises(NodeyardError, match=f"The disk of {disk.path}/chain is full"):
        host_disks.require_room([tmp_path, disk.path / "chain"])
    assert measure(tmp_path).free_bytes > 0
