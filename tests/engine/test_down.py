"""`down`, `restart` and `uninstall`: only what is ours, by id; data stays until it is purged."""

import pytest
import stacks
import standin
import tiny

from manage.apply import receipt, rollback_tags, uninstall
from manage.apply.down import stop
from manage.apply.restart import rerun
from manage.apply.up import converge
from manage.engine import facts
from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.host import builds, desired
from manage.host import installation as installations

SERVICES = {"store": {"volume": True, "group": "data"}, "node": {"group": "chains"}, "front": {}}


def services(engine, layout):
    return {container.service for container in facts.containers(engine, installations.read(layout))}


@pytest.fixture
def foreign(engine):
    """A container, a volume, a network and an image that are somebody else's; gives what they look like."""
    reference, _ = tiny.ensure(engine, "foreign")
    container = engine.create_container(reference, ["sh", "-c", stacks.LOOP], labels={tiny.TEST_LABEL: "engine"})["Id"]
    engine.start(container)
    volume = engine.create_volume(labels={tiny.TEST_LABEL: "engine"})["Name"]
    network = engine.create_network("nytest_foreign", labels={tiny.TEST_LABEL: "engine"})["Id"]
    engine.connect_container_to_network(container, network)

    def look():
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


def test_down_stops_the_stack_and_leaves_the_manager_and_the_data(engine, watched):
    work = stacks.work(watched, SERVICES, {"keeper": {}})
    converge(work)
    assert desired.stack_is_wanted(watched)
    done = stop(work)
    assert services(engine, watched) == {"keeper"}
    assert done.state == "done"
    assert {step.service for step in done.operations if step.outcome == "done"} == {"store", "node", "front"}
    assert not desired.stack_is_wanted(watched)
    assert engine.inspect_volume(work.stack.volumes[0].name)

    assert converge(work).state == "healthy"
    assert desired.stack_is_wanted(watched)
    assert services(engine, watched) == {"store", "node", "front", "keeper"}


def test_consumers_stop_before_what_they_need(watched):
    lingering = "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done"
    work = stacks.work(watched, {**SERVICES, "front": {"script": lingering}}, {"keeper": {"script": lingering}})
    converge(work)
    told = []
    stop(work, everything=True, progress=told.append)
    stopped = [event.service for event in told if event.text == "stopped and removed"]
    assert stopped == ["front", "node", "store", "keeper"]


def test_down_of_everything_leaves_only_volumes(engine, watched):
    work = stacks.work(watched, SERVICES, {"keeper": {}})
    converge(work)
    stop(work, everything=True)
    assert services(engine, watched) == set()
    assert engine.networks(names=list(work.stack.networks)) == []
    assert engine.inspect_volume(work.stack.volumes[0].name)


def test_a_paused_container_is_stopped_too(engine, watched):
    work = stacks.work(watched, {"one": {}})
    converge(work)
    engine.pause(facts.containers(engine, installations.read(watched))[0].id)
    stop(work)
    assert services(engine, watched) == set()


def test_down_when_nothing_runs_says_so(layout):
    work = stacks.work(layout, {"one": {}})
    assert stop(work).summary == "The stack is down already."
    assert stop(work, everything=True).summary == "Nothing was running."
    assert receipt.history(layout) == ()
    assert not desired.stack_is_wanted(layout)


def test_foreign_things_are_untouched_by_up_down_and_uninstall(engine, layout, foreign):
    before = foreign()
    work = stacks.work(layout, SERVICES, {"keeper": {}})
    with standin.watching(layout):
        converge(work)
        assert foreign() == before
        stop(work, everything=True)
        assert foreign() == before
        converge(work)
    uninstall.carry_out(layout, uninstall.survey(layout, everything=True))
    assert foreign() == before


def test_restart_keeps_the_container_and_starts_it_anew(engine, watched):
    work = stacks.work(watched, {"one": {}, "two": {}})
    converge(work)
    before = {container.service: container for container in facts.containers(engine, installations.read(watched))}
    done = rerun(work, ["two"])
    after = {container.service: container for container in facts.containers(engine, installations.read(watched))}
    assert done.summary == "two was restarted."
    assert after["one"] == before["one"]
    assert after["two"].id == before["two"].id
    assert after["two"].started_at > before["two"].started_at


def test_restart_takes_what_runs_whatever_stack_yml_says_meanwhile(engine, watched):
    converge(stacks.work(watched, {"one": {}}))
    before = facts.containers(engine, installations.read(watched))[0]
    edited = stacks.work(watched, {"one": {"env": {"A": "1"}, "flavour": "edited"}})
    done = rerun(edited, ["one"])
    after = facts.containers(engine, installations.read(watched))[0]
    assert (after.id, after.spec, after.state) == (before.id, before.spec, "running")
    assert after.started_at > before.started_at
    assert (done.specs, done.images) == ({"one": before.spec}, {"one": before.image_digest})


def test_a_paused_container_is_restarted(engine, watched):
    work = stacks.work(watched, {"one": {}})
    converge(work)
    engine.pause(facts.containers(engine, installations.read(watched))[0].id)
    rerun(work, ["one"])
    assert facts.containers(engine, installations.read(watched))[0].state == "running"


def test_after_down_the_news_is_out(engine, watched):
    work = stacks.work(watched, {"one": {}}, {"keeper": {}})
    converge(work)
    done = stop(work)
    shown = snapshots.read(watched)
    assert any(status.engine_at > done.ended_at for status in shown.services)


def test_restart_of_what_is_not_there_is_a_sentence(watched):
    work = stacks.work(watched, {"one": {}}, {"keeper": {}})
    with pytest.raises(NodeyardError, match="one has no container to restart"):
        rerun(work, ["one"])
    with pytest.raises(NodeyardError, match="There is no service won in this stack"):
        rerun(work, ["won"])
    with pytest.raises(NodeyardError, match="The manager itself would change"):
        rerun(work, ["keeper"], manager=False)


def test_uninstall_without_purge_keeps_data_and_configuration(engine, watched):
    work = stacks.work(watched, SERVICES)
    converge(work)
    doomed = uninstall.survey(watched, everything=False)
    assert {kind for kind, _ in doomed.named()} == {"container", "network"}
    uninstall.carry_out(watched, doomed)
    assert services(engine, watched) == set()
    assert engine.inspect_volume(work.stack.volumes[0].name)
    assert receipt.history(watched)
    assert uninstall.survey(watched, everything=False).empty


def test_a_purge_goes_on_past_an_image_that_somebody_uses(engine, layout):
    work = stacks.work(layout, {"one": {"flavour": "shared"}})
    with standin.watching(layout):
        converge(work)
    engine.remove_image(work.stack.service("one").image.reference)
    [kept] = rollback_tags.tags(engine, work.installation)
    user = engine.create_container(
        f"{rollback_tags.REPOSITORY}:{kept}", labels={tiny.TEST_LABEL: "engine"}, command=["sh"]
    )
    told = []
    try:
        uninstall.carry_out(layout, uninstall.survey(layout, everything=True), told.append)
    finally:
        engine.remove_container(user["Id"])
    assert [event.text for event in told if "stays" in event.text] == [
        f"image {rollback_tags.REPOSITORY}:{kept} stays: it is used"
    ]
    assert not layout.dir.exists()
    engine.remove_image(f"{rollback_tags.REPOSITORY}:{kept}")


def test_a_purge_leaves_images_alone_while_somebody_builds(engine, layout, tmp_path, monkeypatch):
    monkeypatch.setattr(builds, "LOCK", tmp_path / "builds.lock")
    reference, _digest = tiny.ensure(engine, "doomed")
    doomed = uninstall.Doomed(installations.read(layout), images=(reference,))
    told = []
    with builds.building():
        uninstall.carry_out(layout, doomed, told.append)
    assert [event.text for event in told] == [f"image {reference} stays: somebody is building on this machine"]
    assert engine.images(name=reference)
    uninstall.carry_out(layout, doomed)
    assert not engine.images(name=reference)


def test_a_purge_before_the_first_up_leaves_no_folder(layout):
    uninstall.carry_out(layout, uninstall.survey(layout, everything=True))
    assert not layout.dir.exists()


def test_a_purge_leaves_nothing_but_what_is_not_ours(engine, layout):
    work = stacks.work(layout, SERVICES)
    with standin.watching(layout):
        converge(work)
    (layout.dir / "notes.txt").write_text("mine")
    told = []
    uninstall.carry_out(layout, uninstall.survey(layout, everything=True), told.append)
    assert [path.name for path in layout.dir.iterdir()] == ["notes.txt"]
    assert any("notes.txt" in event.text for event in told)
    installation = work.installation
    assert facts.containers(engine, installation) == ()
    assert engine.networks(names=list(work.stack.networks)) == []
    assert work.stack.volumes[0].name not in {v["Name"] for v in engine.volumes()["Volumes"] or ()}
    assert uninstall.survey(layout, everything=True).empty
