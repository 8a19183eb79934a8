"""`down`, `restart` and `uninstall`: only what is ours, by id; data stays until it is purged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from manage.apply import down, receipt, restart, rollback_tags, uninstall, up
from manage.engine import facts
from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.host import builds
from manage.installation import identity, intent
from manage.installation.layout import Layout
from tests.engine import stacks, standin, tiny

SERVICES = {"store": {"volume": True, "group": "data"}, "node": {"group": "chains"}, "front": {}}


def services(engine: Any, layout: Layout) -> set[str]:
    return {container.service for container in facts.containers(engine, identity.read(layout))}


@pytest.fixture
def foreign(engine: Any) -> Iterator[Callable[[], Any]]:
    """A container, a volume, a network and an image that are somebody else's; gives what they look like."""
    reference, _ = tiny.ensure(engine, "foreign")
    container = engine.create_container(reference, ["sh", "-c", stacks.LOOP], labels={tiny.TEST_LABEL: "engine"})["Id"]
    engine.start(container)
    volume = engine.create_volume(labels={tiny.TEST_LABEL: "engine"})["Name"]
    network = engine.create_network("nytest_foreign", labels={tiny.TEST_LABEL: "engine"})["Id"]
    engine.connect_container_to_network(container, network)

    def look() -> Any:
        inspected = engine.inspect_container(container)
        return (
            (inspected["Id"], inspected["State"]["StartedAt"], inspected["RestartCount"]),
            engine.inspect_volume(volume),
            engine.inspect_network(network),
            engine.inspect_image(reference)["Id"],
        )

    yield look
    engine.remove_container(container, force=True)
    engine.remove_volume(volume)
    engine.remove_network(network)


def test_down_stops_the_stack_and_leaves_the_manager_and_the_data(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, SERVICES, {"keeper": {}})
    up.apply(state)
    assert intent.is_up(watched)
    done = down.apply(state)
    assert services(engine, watched) == {"keeper"}
    assert done.state == "done"
    assert {step.service for step in done.operations if step.outcome == "done"} == {"store", "node", "front"}
    assert not intent.is_up(watched)
    assert engine.inspect_volume(state.stack.volumes[0].name)

    assert up.apply(state).state == "healthy"
    assert intent.is_up(watched)
    assert services(engine, watched) == {"store", "node", "front", "keeper"}


def test_consumers_stop_before_what_they_need(watched: Layout) -> None:
    lingering = "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done"
    state = stacks.state(watched, {**SERVICES, "front": {"script": lingering}}, {"keeper": {"script": lingering}})
    up.apply(state)
    told: list[Any] = []
    down.apply(state, everything=True, progress=told.append)
    stopped = [event.service for event in told if event.text == "stopped and removed"]
    assert stopped == ["front", "node", "store", "keeper"]


def test_down_of_everything_leaves_only_volumes(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, SERVICES, {"keeper": {}})
    up.apply(state)
    down.apply(state, everything=True)
    assert services(engine, watched) == set()
    assert engine.networks(names=[network.name for network in state.stack.networks]) == []
    assert engine.inspect_volume(state.stack.volumes[0].name)


def test_a_paused_container_is_stopped_too(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}})
    up.apply(state)
    engine.pause(facts.containers(engine, identity.read(watched))[0].id)
    down.apply(state)
    assert services(engine, watched) == set()


def test_down_when_nothing_runs_says_so(layout: Layout) -> None:
    state = stacks.state(layout, {"one": {}})
    assert down.apply(state).summary == "The stack is already down."
    assert down.apply(state, everything=True).summary == "Nothing is running."
    assert receipt.history(layout) == ()
    assert not intent.is_up(layout)


@pytest.mark.promise(
    "`up`, `down` and `uninstall` do not touch containers, volumes, images and networks of others",
    runs="ci",
)
def test_foreign_things_are_untouched_by_up_down_and_uninstall(
    engine: Any, layout: Layout, foreign: Callable[[], Any]
) -> None:
    before = foreign()
    state = stacks.state(layout, SERVICES, {"keeper": {}})
    with standin.watching(layout):
        up.apply(state)
        assert foreign() == before
        down.apply(state, everything=True)
        assert foreign() == before
        up.apply(state)
    uninstall.apply(layout, everything=True)
    assert foreign() == before


def test_restart_keeps_the_container_and_starts_it_anew(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}, "two": {}})
    up.apply(state)
    before = {container.service: container for container in facts.containers(engine, identity.read(watched))}
    done = restart.apply(state, ["two"])
    after = {container.service: container for container in facts.containers(engine, identity.read(watched))}
    assert done.summary == "two was restarted."
    assert after["one"] == before["one"]
    assert after["two"].id == before["two"].id
    assert after["two"].started_at > before["two"].started_at


def test_restart_takes_what_runs_whatever_stack_yml_says_meanwhile(engine: Any, watched: Any) -> None:
    up.apply(stacks.state(watched, {"one": {}}))
    before = facts.containers(engine, identity.read(watched))[0]
    edited = stacks.state(watched, {"one": {"env": {"A": "1"}, "flavour": "edited"}})
    done = restart.apply(edited, ["one"])
    after = facts.containers(engine, identity.read(watched))[0]
    assert (after.id, after.spec_digest, after.state) == (before.id, before.spec_digest, "running")
    assert after.started_at > before.started_at
    assert (done.specs, done.images) == ({"one": before.spec_digest}, {"one": before.image_digest})


def test_a_paused_container_is_restarted(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}})
    up.apply(state)
    engine.pause(facts.containers(engine, identity.read(watched))[0].id)
    restart.apply(state, ["one"])
    assert facts.containers(engine, identity.read(watched))[0].state == "running"


def test_after_down_the_news_is_out(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}}, {"keeper": {}})
    up.apply(state)
    done = down.apply(state)
    shown = snapshots.read(watched)
    assert any(status.engine_at > done.ended_at for status in shown.services)


def test_restart_of_what_is_not_there_is_a_sentence(watched: Any) -> None:
    state = stacks.state(watched, {"one": {}}, {"keeper": {}})
    with pytest.raises(NodeyardError, match="one has no container to restart"):
        restart.apply(state, ["one"])
    with pytest.raises(NodeyardError, match="There is no service won in this stack"):
        restart.apply(state, ["won"])
    with pytest.raises(NodeyardError, match="The manager itself would change"):
        restart.apply(state, ["keeper"], manager=False)


def test_uninstall_without_purge_keeps_data_and_configuration(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, SERVICES)
    up.apply(state)
    removal = uninstall.plan(watched, everything=False)
    assert {kind for kind, _ in removal.named()} == {"container", "network"}
    uninstall.apply(watched, everything=False, shown=removal)
    assert services(engine, watched) == set()
    assert engine.inspect_volume(state.stack.volumes[0].name)
    assert receipt.history(watched)
    assert uninstall.plan(watched, everything=False).empty


@pytest.mark.promise("A purge continues past an image that another container uses", runs="ci")
def test_a_purge_goes_on_past_an_image_that_somebody_uses(engine: Any, layout: Layout) -> None:
    state = stacks.state(layout, {"one": {"flavour": "shared"}})
    with standin.watching(layout):
        up.apply(state)
    engine.remove_image(state.stack.service("one").image.reference)
    [kept] = rollback_tags.tags(engine, state.installation)
    user = engine.create_container(
        f"{rollback_tags.REPOSITORY}:{kept}", labels={tiny.TEST_LABEL: "engine"}, command=["sh"]
    )
    told: list[Any] = []
    try:
        uninstall.apply(layout, everything=True, progress=told.append)
    finally:
        engine.remove_container(user["Id"])
    assert [event.text for event in told if "is kept" in event.text] == [
        f"image {rollback_tags.REPOSITORY}:{kept} is kept: it is in use"
    ]
    assert not layout.dir.exists()
    engine.remove_image(f"{rollback_tags.REPOSITORY}:{kept}")


@pytest.mark.promise("A purge removes no images while a build runs on the machine", runs="ci")
def test_a_purge_leaves_images_alone_while_somebody_builds(
    engine: Any, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "LOCK", tmp_path / "builds.lock")
    reference, _digest = tiny.ensure(engine, "doomed")
    told: list[Any] = []
    with builds.build_lock():
        uninstall.remove_images(engine, [reference], told.append)
    assert [event.text for event in told] == [f"image {reference} is kept: a build is running on this machine"]
    assert engine.images(name=reference)
    uninstall.remove_images(engine, [reference])
    assert not engine.images(name=reference)


def test_a_purge_before_the_first_up_leaves_no_folder(layout: Layout) -> None:
    uninstall.apply(layout, everything=True)
    assert not layout.dir.exists()


def test_a_purge_leaves_nothing_but_what_is_not_ours(engine: Any, layout: Layout) -> None:
    state = stacks.state(layout, SERVICES)
    with standin.watching(layout):
        up.apply(state)
    (layout.dir / "notes.txt").write_text("mine")
    told: list[Any] = []
    uninstall.apply(layout, everything=True, progress=told.append)
    assert [path.name for path in layout.dir.iterdir()] == ["notes.txt"]
    assert any("notes.txt" in event.text for event in told)
    installation = state.installation
    assert facts.containers(engine, installation) == ()
    assert engine.networks(names=[network.name for network in state.stack.networks]) == []
    assert state.stack.volumes[0].name not in {v["Name"] for v in engine.volumes()["Volumes"] or ()}
    assert uninstall.plan(layout, everything=True).empty
