"""Compose's hashes are asked for once, and again when anything that they follow from is another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from manage.engine import hashes
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.layout import Layout
from tests.stage.owners import Paper

TEXTS = ('{"name": "a", "services": {"one": {"image": "x"}}}', '{"name": "b", "services": {"two": {"image": "y"}}}')
OTHER = (TEXTS[0], TEXTS[1].replace('"y"', '"z"'))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path, Paper().owners())
    identity.create(made)
    return made


def ask(layout: Layout, texts: Any) -> Any:
    with hashes.lookup(layout, texts) as result:
        return result()


def test_what_was_kept_is_what_compose_says(layout: Layout) -> None:
    asked = ask(layout, TEXTS)
    assert set(asked) == {"one", "two"}
    hashes.save(layout, TEXTS, asked)
    assert hashes.read(layout, TEXTS) == asked
    assert ask(layout, TEXTS) == asked


def test_kept_ones_are_told_without_compose(layout: Layout) -> None:
    hashes.save(layout, TEXTS, {"one": "1", "two": "2"})
    assert ask(layout, TEXTS) == {"one": "1", "two": "2"}


def test_another_text_is_asked_anew(layout: Layout) -> None:
    hashes.save(layout, TEXTS, {"one": "1", "two": "2"})
    assert hashes.read(layout, OTHER) is None
    assert ask(layout, OTHER)["two"] != ask(layout, TEXTS)["two"]


def test_another_program_is_asked_anew(layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hashes.save(layout, TEXTS, {"one": "1", "two": "2"})
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker-compose").write_text("#!/bin/sh\n")
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    assert hashes.read(layout, TEXTS) is None


@pytest.mark.parametrize("text", ["", "{}", '{"version": 1}', '{"version": 2, "of": "x", "hashes": {}}'])
def test_a_damaged_record_is_as_good_as_none(layout: Layout, text: str) -> None:
    layout.compose_hashes_file.write_text(text)
    assert hashes.read(layout, TEXTS) is None
    hashes.save(layout, TEXTS, {"one": "1"})
    assert hashes.read(layout, TEXTS) == {"one": "1"}


def test_what_compose_does_not_accept_is_said_when_it_is_asked_for(layout: Layout) -> None:
    with pytest.raises(NodeyardError, match="rejects the rendered file"):
        ask(layout, ('{"services": {"one": {"imagee": "x"}}}', TEXTS[1]))
