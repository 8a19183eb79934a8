"""The agent's observer follows the files that it reads, and a mistake in one of them hides no container."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from manage.agent import stack_observer
from manage.agent.stack_observer import StackObserver
from manage.installation import identity
from manage.installation.layout import CHECKOUT, Layout
from tests.stage.owners import Paper

made: list[Any] = []


class Recorded:
    """Stands for the observer of the engine, which needs one."""

    def __init__(self, _layout: Layout, _installation: Any, patterns: dict[str, Any], manager: list[str]) -> None:
        made.append((patterns, manager))

    def sample(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def observer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[StackObserver, Layout]:
    layout = Layout(tmp_path / "x", Paper().owners())
    identity.create(layout)
    layout.stack_file.write_text("version: 1\n")
    made.clear()
    monkeypatch.setattr(stack_observer, "Observer", Recorded)
    return StackObserver(layout), layout


def test_it_reads_the_files_once_until_one_changes(observer: tuple[StackObserver, Layout]) -> None:
    sample, layout = observer
    sample()
    sample()
    assert len(made) == 1
    layout.stack_file.write_text("version: 1\nservices: {oracle: {enabled: false}}\n")
    sample()
    assert len(made) == 2
    assert "oracle" not in made[1][0]


def test_a_new_own_service_is_observed(observer: tuple[StackObserver, Layout]) -> None:
    sample, layout = observer
    sample()
    shutil.copytree(CHECKOUT / "tests/data/own-services/redis", layout.services_dir / "redis")
    sample()
    assert "redis" in made[-1][0]


@pytest.mark.parametrize("file", ["stack.yml", "services/redis/service.yml"])
def test_a_mistake_in_a_file_hides_no_container(observer: tuple[StackObserver, Layout], file: str) -> None:
    sample, layout = observer
    shutil.copytree(CHECKOUT / "tests/data/own-services/redis", layout.services_dir / "redis")
    (layout.dir / file).write_text("uid: [\n")
    sample()
    assert made[-1] == ({}, ["agent", "dashboard", "watch"])
