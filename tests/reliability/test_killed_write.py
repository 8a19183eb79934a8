"""A process that is killed while it writes a file leaves the file as it was, and the next change removes the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from manage.errors import NodeyardError
from manage.installation import documents, folders
from manage.installation.layout import CHECKOUT, Layout
from tests.stage.owners import Paper

KILLED = """
import os, signal, sys
from pathlib import Path
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
path = Path(sys.argv[1])
"""
WRITERS = {
    "a document": "from manage.installation import documents; documents.write(path, {'secret': 'half'})",
    "stack.yml": "from manage.config import write; write._write(path, 'version: 1')",
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "nodeyard", Paper().owners())
    folders.make(layout)
    return layout


def kill_a_writer_of(path: Path, write: str) -> None:
    argv = [sys.executable, "-c", f"{KILLED}{write}", str(path)]
    done = subprocess.run(argv, env={"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT}/services"}, cwd="/", timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL


def grow_old(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (0, 0))


PLACES: dict[str, Callable[[Layout], Path]] = {
    "receipt": lambda layout: layout.receipts_dir / "000001.json",
    "secret": lambda layout: layout.secrets_dir / "tracker_token_g1",
    "copy of a secret": lambda layout: layout.secret_copies_dir / "tracker" / "tracker_token_g1",
    "file of a service": lambda layout: layout.files_dir / "proxy-0123456789ab" / "nginx.conf",
}


@pytest.mark.promise("A killed write leaves the old file whole, and the next change removes what it left", runs="ci")
@pytest.mark.parametrize("place", PLACES)
def test_what_a_killed_write_left_is_removed(layout: Layout, place: str) -> None:
    path = PLACES[place](layout)
    path.parent.mkdir(exist_ok=True)
    path.write_text("old")
    kill_a_writer_of(path, WRITERS["a document"])
    assert path.read_text() == "old"
    assert len(list(path.parent.iterdir())) == 2
    folders.remove_left(layout)
    assert len(list(path.parent.iterdir())) == 2, "it may still be written"
    grow_old(path.parent)
    folders.remove_left(layout)
    assert [path.read_text() for path in path.parent.iterdir()] == ["old"]


def test_what_a_killed_change_of_stack_yml_left_is_removed(layout: Layout) -> None:
    layout.stack_file.write_text("old")
    kill_a_writer_of(layout.stack_file, WRITERS["stack.yml"])
    grow_old(layout.dir)
    assert len([path for path in layout.dir.iterdir() if path.name.startswith(".stack.yml.")]) == 1
    folders.remove_left(layout)
    assert [path.name for path in layout.dir.iterdir() if path.is_file()] == ["stack.yml"]


def test_a_hidden_file_of_the_operator_stays(layout: Layout) -> None:
    (layout.dir / ".stack.yml.original").write_text("mine")
    grow_old(layout.dir)
    folders.remove_left(layout)
    assert (layout.dir / ".stack.yml.original").exists()


@pytest.mark.promise("A folder in the place of a file is a sentence, and nothing is left half written", runs="ci")
def test_a_folder_where_a_file_belongs_is_named(layout: Layout) -> None:
    layout.desired_file.mkdir()
    with pytest.raises(NodeyardError, match=r"desired.json is a folder, but a file belongs there"):
        documents.write(layout.desired_file, {})
    assert [path.name for path in layout.desired_file.parent.iterdir() if path.name.startswith(".")] == []
