"""The snapshot on disk."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.health.model import ServiceStatus, Snapshot
from manage.installation.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "watch").mkdir()
    return Layout(tmp_path)


def test_what_is_written_is_read(
    layout: Layout, status: Callable[..., ServiceStatus], snapshot_of: Callable[..., Snapshot]
) -> None:
    written = snapshot_of(
        status("kaspad", log=((1.0, "error"),), checks={"rpc": True}, waits_for=("x",)), host={"load_1": 0.5}
    )
    snapshots.write(layout.snapshot_file, written)
    assert snapshots.read(layout) == written
    assert stat.S_IMODE(layout.snapshot_file.stat().st_mode) == 0o644
    assert [path.name for path in layout.watch_dir.iterdir()] == ["snapshot.json"], "nothing is left beside it"


def test_its_age_is_never_negative(snapshot_of: Callable[..., Snapshot], now: float) -> None:
    assert snapshots.age(snapshot_of(), now + 4) == 4
    assert snapshots.age(snapshot_of(), now - 4) == 0


def test_a_missing_snapshot_says_how_to_start(layout: Layout) -> None:
    with pytest.raises(NodeyardError) as raised:
        snapshots.read(layout)
    assert raised.value.hint == "Start the stack with: manage up"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"version": 2}', "newer manage"),
        ("{}", "newer manage"),
        ('{"version": 1}', "cannot be read"),
        ("[1]", "not a JSON object"),
        ('{"version": 1, ', "not a JSON object"),
    ],
)
def test_an_unreadable_snapshot_is_a_sentence(layout: Layout, text: str, words: str) -> None:
    layout.snapshot_file.write_text(text)
    with pytest.raises(NodeyardError, match=words):
        snapshots.read(layout)


def test_keys_of_later_versions_are_ignored(
    layout: Layout, status: Callable[..., ServiceStatus], snapshot_of: Callable[..., Snapshot]
) -> None:
    document = snapshots.as_json(snapshot_of(status("kaspad")))
    document["forecast"] = {}
    document["services"][0]["forecast"] = {}
    layout.snapshot_file.write_text(json.dumps(document))
    assert snapshots.read(layout).services[0].name == "kaspad"
