"""`up` moves the data of a service to its present user id, with the container stopped, and goes on after a Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from manage.apply import up
from manage.apply.planned import read_facts_and_plan
from manage.engine import facts
from manage.errors import NodeyardError
from manage.host import tree_owner
from manage.installation import documents, identity
from manage.installation.layout import Layout
from tests.engine import stacks

BEFORE, NOW = 10010, 70010


@pytest.fixture
def data(engine: Any, watched: Layout) -> Path:
    """The volume of a service that an earlier version runs under its earlier id."""
    state = stacks.state(watched, {"one": {"volume": True, "uid": BEFORE}, "two": {}})
    up.apply(state)
    document = documents.read(watched.installation_file, known=identity.LAYOUT_VERSION)
    documents.write(watched.installation_file, {**document, "version": 2})
    [volume] = [volume.name for volume in state.stack.volumes]
    place = Path(engine.inspect_volume(volume)["Mountpoint"])
    (place / "base").mkdir()
    (place / "base" / "table").write_text("rows")
    for path in (place / "base", place / "base" / "table"):
        os.chown(path, BEFORE, BEFORE)
    return place


def owners(place: Path) -> set[tuple[int, int]]:
    return {(path.stat().st_uid, path.stat().st_gid) for path in (place, *place.rglob("*"))}


def moved_state(layout: Layout) -> Any:
    return stacks.state(layout, {"one": {"volume": True, "uid": NOW}, "two": {}})


@pytest.mark.promise("`up` moves the data of an earlier version, and its plan says so with the downtime", runs="ci")
def test_the_data_moves_and_the_plan_says_so(engine: Any, watched: Layout, data: Path) -> None:
    state = moved_state(watched)
    [step] = read_facts_and_plan(state, engine).stack.changes
    assert [(cause.name, cause.current, cause.desired) for cause in step.cause] == [("user", "10010", "70010")]
    assert (step.kind, step.downtime_s, step.data_risk) == ("recreate", 1, "kept")
    assert up.apply(state).state == "healthy"
    assert owners(data) == {(NOW, NOW)}
    assert (data / "base" / "table").read_text() == "rows"
    assert identity.is_current(watched)


def test_an_interrupted_move_goes_on(engine: Any, watched: Layout, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = tree_owner.change

    def interrupted(folder: Path, before: int, after: int) -> None:
        [one] = [c for c in facts.containers(engine, identity.read(watched)) if c.service == "one"]
        assert one.state == "exited", "nothing writes while its data moves"
        os.chown(folder / "base" / "table", after, after)
        raise KeyboardInterrupt

    monkeypatch.setattr(tree_owner, "change", interrupted)
    with pytest.raises(NodeyardError, match="Stopped by Ctrl-C"):
        up.apply(moved_state(watched))
    assert not identity.is_current(watched)
    monkeypatch.setattr(tree_owner, "change", change)
    assert up.apply(moved_state(watched)).state == "healthy"
    assert owners(data) == {(NOW, NOW)}


def test_data_whose_container_is_gone_moves_too(engine: Any, watched: Layout, data: Path) -> None:
    for container in facts.containers(engine, identity.read(watched)):
        engine.remove_container(container.id, force=True)
    assert up.apply(moved_state(watched)).state == "healthy"
    assert owners(data) == {(NOW, NOW)}


@pytest.mark.parametrize("part", [{"services": ["two"]}, {"manager": False}])
def test_a_part_of_the_stack_and_the_agent_wait_for_the_whole(
    watched: Layout, data: Path, part: dict[str, Any]
) -> None:
    with pytest.raises(NodeyardError, match="not all of its services have moved"):
        up.apply(moved_state(watched), **part)
    assert owners(data) == {(BEFORE, BEFORE)}
