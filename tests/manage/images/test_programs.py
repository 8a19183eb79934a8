from __future__ import annotations

import platform
from pathlib import Path

import pytest

from manage.images import programs, recipe
from manage.images.model import Programs, Recipe
from manage.installation.layout import Layout

ENTRY = recipe.load()["kaspad"]
PROGRAMS = Programs("2.1.0", ("kaspad",))
PREBUILT = f"kaspad-2.1.0-{platform.machine()}"


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "named"
    folder.mkdir()
    monkeypatch.setenv(programs.CACHE_VARIABLE, str(folder))
    return folder


def find(tmp_path: Path, entry: Recipe = ENTRY, wanted: Programs = PROGRAMS) -> object:
    return programs.find(entry, wanted, Layout(tmp_path / "state"))


def test_a_prebuilt_program_in_the_named_folder_is_taken(tmp_path: Path, named: Path) -> None:
    (named / PREBUILT).write_bytes(b"x")

    assert find(tmp_path) == {"kaspad": named / PREBUILT}


def test_a_program_compiled_earlier_is_found_by_what_it_was_compiled_from(tmp_path: Path, named: Path) -> None:
    compiled = tmp_path / "state" / "cache" / f"{PREBUILT}-{recipe.compile_key(ENTRY)[:12]}"
    compiled.parent.mkdir(parents=True)
    compiled.write_bytes(b"x")

    assert find(tmp_path) == {"kaspad": compiled}


def test_another_version_does_not_do(tmp_path: Path, named: Path) -> None:
    (named / PREBUILT.replace("2.1.0", "2.0.1")).write_bytes(b"x")

    assert find(tmp_path) is None


def test_one_program_of_two_does_not_do(tmp_path: Path, named: Path) -> None:
    wanted = Programs("31.99.0", ("bitcoind", "bitcoin-cli"))
    (named / f"bitcoind-31.99.0-{platform.machine()}").write_bytes(b"x")

    assert find(tmp_path, recipe.load()["bitcoind"], wanted) is None
