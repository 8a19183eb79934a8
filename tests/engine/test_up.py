"""`up` on a real engine: what is made, kept, replaced and removed."""

from __future__ import annotations

import io
import shutil
import stat
import tarfile
from typing import Any

import pytest

from manage.apply import receipt, up
from manage.apply.planned import read_facts_and_plan
from manage.engine import facts, volumes
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.layout import Layout
from tests.engine import stacks


def running(engine: Any, layout: Layout) -> dict[str, Any]:
    """Service -> facts of the installation's containers."""
    return {container.service: container for container in facts.containers(engine, identity.read(layout))}


def kinds(state: Any, engine: Any) -> Any:
    return {operation.service: operation.kind for operation in read_facts_and_plan(state, engine).stack.operations}


@pytest.mark.promise("`up` creates what is missing, and a second `up` does nothing", runs="ci")
def test_up_makes_what_is_missing_and_a_second_up_does_nothing(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {"volume": True}, "two": {}}, {"keeper": {}})
    made = up.apply(state)
    assert made.state == "healthy"
    assert [(step.kind, step.service, step.outcome) for step in made.operations] == [
        ("create", "keeper", "done"),
        ("create", "one", "done"),
        ("create", "two", "done"),
    ]
    before = running(engine, watched)
    assert {name: container.state for name, container in before.items()} == dict.fromkeys(
        ("keeper", "one", "two"), "running"
    )

    again = up.apply(state)
    assert (again.number, again.operations) == (0, ())
    assert again.summary.startswith("Nothing to do")
    assert running(engine, watched) == before
    assert [entry.number for entry in receipt.history(watched)] == [made.number]


def test_folders_that_somebody_removed_are_made_again(engine: Any, watched: Layout) -> None:
    services = {"one": {"secrets": {"token": 1}, "files": {"a": "b"}}}
    up.apply(stacks.state(watched, services))
    for folder in (watched.secrets_dir, watched.secret_copies_dir, watched.files_dir, watched.compose_dir):
        shutil.rmtree(folder)
    assert up.apply(stacks.state(watched, services)).number == 0, "they are no reason to replace what runs"
    assert watched.compose_dir.is_dir()
    changed = {"one": {**services["one"], "secrets": {"token": 2}}}
    assert up.apply(stacks.state(watched, changed)).state == "healthy"
    assert running(engine, watched)["one"].state == "running"
    assert stat.S_IMODE(watched.secrets_dir.stat().st_mode) == 0o700


@pytest.mark.promise("A plan names each difference, and only what differs is replaced", runs="ci")
def test_only_what_differs_is_replaced_with_the_difference_named(engine: Any, watched: Any) -> None:
    up.apply(stacks.state(watched, {"one": {}, "two": {}}))
    before = running(engine, watched)
    changed = stacks.state(watched, {"one": {}, "two": {"env": {"LEVEL": "debug"}}})
    operation = read_facts_and_plan(changed, engine).stack.changes[0]
    assert (operation.kind, operation.service) == ("recreate", "two")
    assert any("LEVEL" in difference.name for difference in operation.cause)

    up.apply(changed)
    after = running(engine, watched)
    assert after["one"] == before["one"]
    assert after["two"].id != before["two"].id
    assert kinds(changed, engine) == {"one": "keep", "two": "keep"}


def test_a_changed_file_reaches_the_container(engine: Any, watched: Layout) -> None:
    script = "trap 'exit 0' TERM; cat /etc/nodeyard/greeting; while :; do sleep 0.1; done"
    for text in ("hello\n", "goodbye\n"):
        up.apply(stacks.state(watched, {"one": {"files": {"greeting": text}, "script": script}}))
        assert engine.logs(running(engine, watched)["one"].id) == text.encode()


def test_another_image_under_the_same_service_is_a_recreate(engine: Any, watched: Any) -> None:
    up.apply(stacks.state(watched, {"one": {}}))
    state = stacks.state(watched, {"one": {"flavour": "other"}})
    assert read_facts_and_plan(state, engine).stack.changes[0].cause[0].name == "image"
    up.apply(state)
    assert running(engine, watched)["one"].image_digest == state.stack.service("one").image.config_digest


def test_a_service_that_is_not_wanted_any_more_is_removed_and_its_volume_stays(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}, "two": {"volume": True}})
    up.apply(state)
    volume = state.stack.volumes[0].name
    up.apply(stacks.state(watched, {"one": {}}))
    assert set(running(engine, watched)) == {"one"}
    assert engine.inspect_volume(volume)["Name"] == volume


@pytest.mark.promise(
    "A volume belongs to its service's uid whatever the image holds at that path, even if a killed `up` "
    "created the volume",
    runs="ci",
)
@pytest.mark.parametrize("target", ["/data", "/srv"], ids=["a path that the image lacks", "a path of root's in it"])
def test_a_service_owns_its_volume_whatever_the_image_holds_there(engine: Any, watched: Layout, target: str) -> None:
    writes = f"echo mine > {target}/written; {stacks.LOOP}"
    state = stacks.state(watched, {"one": {"volume": True, "uid": 10999, "target": target, "script": writes}})
    # As an `up` leaves it that was killed just after.
    volumes.ensure(engine, state.installation, [state.stack.volumes[0].name])
    up.apply(state)
    [container] = engine.containers(filters={"label": f"io.nodeyard.installation={state.installation.id}"})
    found, _ = engine.get_archive(container["Id"], f"{target}/written")
    with tarfile.open(fileobj=io.BytesIO(b"".join(found))) as archive:
        content = archive.extractfile("written")
        assert content
        assert (archive.getmember("written").uid, content.read()) == (10999, b"mine\n")


def test_up_of_some_services_leaves_the_others_alone(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}, "two": {}})
    up.apply(state, services=["two"])
    assert set(running(engine, watched)) == {"two"}
    with pytest.raises(NodeyardError, match="There is no service tow") as refused:
        up.apply(state, services=["tow"])
    assert refused.value.hint == "Did you mean two?"


@pytest.mark.promise("A paused container is unpaused", runs="ci")
def test_a_paused_container_is_unpaused(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}})
    up.apply(state)
    before = running(engine, watched)["one"]
    engine.pause(before.id)
    assert kinds(state, engine) == {"one": "unpause"}
    up.apply(state)
    after = running(engine, watched)["one"]
    assert (after.id, after.state) == (before.id, "running")


def test_a_paused_container_that_differs_is_unpaused_and_replaced(engine: Any, watched: Any) -> None:
    up.apply(stacks.state(watched, {"one": {}}))
    engine.pause(running(engine, watched)["one"].id)
    changed = stacks.state(watched, {"one": {"env": {"A": "1"}}})
    up.apply(changed)
    assert kinds(changed, engine) == {"one": "keep"}


def test_a_stopped_container_is_started(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}})
    up.apply(state)
    before = running(engine, watched)["one"]
    engine.stop(before.id)
    assert kinds(state, engine) == {"one": "restart"}
    up.apply(state)
    after = running(engine, watched)["one"]
    assert (after.id, after.state) == (before.id, "running")


@pytest.mark.promise("A memory limit that was changed by hand is named and restored", runs="ci")
def test_memory_changed_behind_our_back_is_named_and_put_right(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}})
    up.apply(state)
    engine.update_container(running(engine, watched)["one"].id, mem_limit="32m", memswap_limit="32m")
    operation = read_facts_and_plan(state, engine).stack.changes[0]
    assert operation.kind == "recreate"
    assert any("memory" in difference.name for difference in operation.cause)
    up.apply(state)
    assert running(engine, watched)["one"].memory_bytes == 64 * 1024**2


def test_a_half_made_recreate_is_put_right(engine: Any, watched: Layout) -> None:
    """Compose killed in the middle leaves the old container stopped and a new one beside it."""
    state = stacks.state(watched, {"one": {}})
    up.apply(state)
    old = running(engine, watched)["one"]
    engine.stop(old.id)
    details = engine.inspect_container(old.id)
    engine.create_container(
        details["Config"]["Image"],
        command=details["Config"]["Cmd"],
        labels=details["Config"]["Labels"],
        name=f"{old.id[:12]}_{old.name}",
    )
    assert kinds(state, engine) == {"one": "recreate"}
    up.apply(state)
    ours = facts.containers(engine, identity.read(watched))
    assert [(container.service, container.state) for container in ours] == [("one", "running")]


def test_the_hashes_of_a_plan_are_those_that_compose_gave_the_containers(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {"volume": True, "files": {"a": "b"}}, "two": {}}, {"keeper": {}})
    up.apply(state)
    found = read_facts_and_plan(state, engine).facts
    assert found.config_hashes == {container.service: container.config_hash for container in found.containers}


def test_the_agent_may_not_change_the_manager(engine: Any, watched: Any) -> None:
    state = stacks.state(watched, {"one": {}}, {"keeper": {}})
    with pytest.raises(NodeyardError, match=r"The manager itself would change: keeper \(create\)") as refused:
        up.apply(state, manager=False)
    assert refused.value.hint == "Run this on the host: manage up"
    assert running(engine, watched) == {}
    assert receipt.history(watched) == ()


@pytest.mark.promise("Images of the last three receipts keep a tag", runs="ci")
def test_images_of_the_last_three_changes_keep_a_tag(engine: Any, watched: Any) -> None:
    from manage.apply import rollback_tags

    installation = identity.read(watched)
    digests = []
    for number in range(4):
        state = stacks.state(watched, {"one": {"flavour": f"kept-{number}"}})
        up.apply(state)
        digests.append(state.stack.service("one").image.config_digest.removeprefix("sha256:")[:12])
    assert rollback_tags.tags(engine, installation) == {f"{installation.id}-{digest}" for digest in digests[1:]}


def test_the_image_of_a_volume_is_noted_before_it_first_opens_it(watched: Layout) -> None:
    import json

    state = stacks.state(watched, {"one": {"volume": True}})
    up.apply(state)
    volumes = json.loads(watched.data_formats_file.read_text())["volumes"]
    opened = volumes[state.stack.volumes[0].name]
    assert [entry["config_digest"] for entry in opened] == [state.stack.service("one").image.config_digest]
