from __future__ import annotations

import json
from pathlib import Path

import pytest

from manage.errors import NodeyardError
from manage.images import lock
from manage.installation.layout import Layout
from manage.render.model import Image

ENTRY = lock.Locked(Image("tracker", "localhost/nodeyard/tracker:0123", "sha256:aa", "0123"), "local", "sha256:bb")


def test_before_the_first_build_nothing_is_locked(tmp_path: Path) -> None:
    assert lock.read(Layout(tmp_path)) == {}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "new")
    lock.write(layout, {"tracker": ENTRY})

    assert lock.entries(layout) == {"tracker": ENTRY}
    assert lock.read(layout) == {"tracker": ENTRY.image}


def test_the_engines_own_ids_lead_to_config_digests(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    lock.write(layout, {"tracker": ENTRY})

    assert lock.identities(layout) == {"sha256:bb": "sha256:aa"}


def test_a_lock_of_a_newer_manage_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.image_lock_file.write_text(json.dumps({"version": 2, "images": {}}))

    with pytest.raises(NodeyardError, match="newer manage"):
        lock.read(layout)


def test_a_damaged_lock_is_named(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.image_lock_file.write_text('{"version": 1,')

    with pytest.raises(NodeyardError, match=r"images\.json is not JSON"):
        lock.read(layout)
