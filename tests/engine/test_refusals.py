"""What `up` refuses before it has changed anything, and how a failed gate speaks."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from manage.apply import down, receipt, up
from manage.engine import facts
from manage.engine.client import connect
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.layout import Layout
from tests.engine import stacks, standin, tiny


def untouched(layout: Layout) -> bool:
    """Nothing was begun: no receipt, no container, no file of a secret."""
    with connect() as api:
        ours = [c for c in facts.containers(api, identity.read(layout)) if c.installation]
    return receipt.history(layout) == () and ours == []


def published(port: int) -> dict[str, Any]:
    return {"target": 80, "published": str(port), "host_ip": "127.0.0.1", "protocol": "tcp", "mode": "ingress"}


def outcomes(change: Any) -> dict[str, str]:
    """Service -> how far its operation came."""
    return {step.service: step.outcome for step in change.operations}


@pytest.mark.promise("A container of our project without our id is refused and stays as it is", runs="ci")
def test_a_container_of_our_project_without_our_id_is_a_refusal_and_stays(engine: Any, layout: Layout) -> None:
    project = identity.read(layout).project
    reference, _ = tiny.ensure(engine)
    labels = {"com.docker.compose.project": project, "com.docker.compose.service": "one", tiny.TEST_LABEL: "engine"}
    stranger = engine.create_container(reference, ["sh", "-c", stacks.LOOP], labels=labels, name=f"{project}-one-1")[
        "Id"
    ]
    engine.start(stranger)
    before = engine.inspect_container(stranger)
    state = stacks.state(layout, {"one": {}})
    for change in (up.apply, down.apply, lambda state: down.apply(state, everything=True)):
        with pytest.raises(NodeyardError, match=rf"{project}-one-1.*installation id|{project}-one-1.*installation"):
            change(state)
    assert engine.inspect_container(stranger) == before
    assert untouched(layout)


@pytest.mark.parametrize("kind", ["volume", "network"])
def test_a_volume_or_network_of_our_name_without_our_label_is_a_refusal_and_stays(
    engine: Any, layout: Layout, kind: Any
) -> None:
    state = stacks.state(layout, {"one": {"volume": True}})
    if kind == "volume":
        name = state.stack.volumes[0].name
        engine.create_volume(name)
    else:
        name = state.stack.networks[0].name
        engine.create_network(name)
    try:
        with pytest.raises(NodeyardError, match=name):
            up.apply(state)
        assert untouched(layout)
    finally:
        (engine.remove_volume if kind == "volume" else engine.remove_network)(name)


@pytest.mark.promise("The refusal of a taken port names the process that holds it", runs="ci")
def test_a_port_taken_by_a_process_names_it(layout: Layout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        state = stacks.state(layout, {"one": {"ports": [f"127.0.0.1:{port}:80"]}})
        with pytest.raises(
            NodeyardError, match=rf"Port {port} on 127.0.0.1 is already used by .* \(pid \d+\)"
        ) as refused:
            up.apply(state)
    assert "--port-base" in refused.value.hint
    assert untouched(layout)


@pytest.mark.promise("The refusal of a port that a container holds names the container", runs="ci")
def test_a_port_taken_by_a_container_names_it(engine: Any, layout: Layout, free_port: int) -> None:
    reference, _ = tiny.ensure(engine)
    host_config = engine.create_host_config(port_bindings={80: ("127.0.0.1", free_port)})
    other = engine.create_container(
        reference, ["sh", "-c", stacks.LOOP], ports=[80], host_config=host_config, labels={tiny.TEST_LABEL: "engine"}
    )["Id"]
    engine.start(other)
    try:
        name = engine.inspect_container(other)["Name"].lstrip("/")
        state = stacks.state(layout, {"one": {"ports": [f"127.0.0.1:{free_port}:80"]}})
        with pytest.raises(
            NodeyardError, match=f"Port {free_port} on 127.0.0.1 is already used by the container {name}"
        ):
            up.apply(state)
        assert untouched(layout)
    finally:
        engine.remove_container(other, force=True)


def test_an_image_that_somebody_removed_is_named(engine: Any, layout: Layout) -> None:
    state = stacks.state(layout, {"one": {"flavour": "removed"}})
    reference = state.stack.service("one").image.reference
    engine.remove_image(reference)
    with pytest.raises(NodeyardError, match=f"not on this engine: {reference}"):
        up.apply(state)
    assert untouched(layout)


def test_our_own_published_port_is_not_in_our_way(watched: Layout, free_port: int) -> None:
    ports = [f"127.0.0.1:{free_port}:80"]
    up.apply(stacks.state(watched, {"one": {"ports": ports}}))
    assert up.apply(stacks.state(watched, {"one": {"ports": ports, "env": {"A": "1"}}})).state == "healthy"


@pytest.mark.promise("An up whose port is not free leaves the running container as it is", runs="ci")
def test_a_container_is_not_removed_for_one_that_cannot_start(engine: Any, watched: Layout, free_port: int) -> None:
    held = {"ports": [published(free_port)]}
    up.apply(stacks.state(watched, {"one": {}, "two": held}))
    before = {c.service: c.id for c in facts.containers(engine, identity.read(watched))}
    with pytest.raises(NodeyardError, match=f"one cannot take port {free_port}: two of this installation"):
        up.apply(stacks.state(watched, {"one": held, "two": held}), services=["one"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = {"ports": [published(server.getsockname()[1])]}
        with pytest.raises(NodeyardError, match="is already used by"):
            up.apply(stacks.state(watched, {"one": taken, "two": held}))
    assert {c.service: c.id for c in facts.containers(engine, identity.read(watched))} == before
    assert {c.state for c in facts.containers(engine, identity.read(watched))} == {"running"}


@pytest.mark.promise("Too little disk space is refused", runs="ci")
def test_too_little_disk_is_a_refusal(layout: Layout) -> None:
    state = stacks.state(layout, {"chain": {"volume": True, "disk_bytes": 10**15}})
    with pytest.raises(NodeyardError, match=r"Not enough disk space: .* for chain"):
        up.apply(state)
    assert untouched(layout)


@pytest.mark.promise("An engine that does not run is reported in a sentence", runs="ci")
def test_an_engine_that_does_not_run_is_a_sentence(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state = stacks.state(layout, {"one": {}})
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    with pytest.raises(NodeyardError, match="Docker's engine is not running"):
        up.apply(state)


def test_a_socket_that_nobody_listens_on_is_the_same_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with pytest.raises(NodeyardError, match="Docker's engine is not running"), connect():
        pass


def test_an_engine_on_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(NodeyardError, match="not a socket of this machine"), connect():
        pass


@pytest.mark.promise("A secret that cannot be read is reported with its path", runs="ci")
def test_a_secret_that_cannot_be_read_is_a_sentence_with_its_path(watched: Any) -> None:
    state = stacks.state(watched, {"one": {"secrets": {"token": 1}}})
    up.apply(state)
    (watched.secrets_dir / "token_g1").write_text("")
    changed = stacks.state(watched, {"one": {"secrets": {"token": 1}, "env": {"A": "1"}}})
    with pytest.raises(NodeyardError, match=r"The secret token_g1 is empty \(.*/secrets/token_g1\)"):
        up.apply(changed)
    assert receipt.history(watched)[-1].state == "failed"


def test_what_compose_cannot_do_is_said_in_its_words(watched: Any) -> None:
    broken = stacks.state(watched, {"one": {"ports": ["127.0.0.1:1:80", "127.0.0.1:1:81"]}})
    with pytest.raises(NodeyardError, match="docker-compose failed"):
        up.apply(broken)
    failed = receipt.history(watched)[-1]
    assert (failed.state, outcomes(failed)) == ("failed", {"one": "failed"})


@pytest.mark.promise("A failed gate shows the service's last log lines", runs="ci")
def test_a_failed_gate_shows_the_services_own_last_lines(layout: Layout) -> None:
    script = "echo the door is stuck; trap 'exit 0' TERM; while :; do sleep 0.1; done"
    state = stacks.state(layout, {"one": {"script": script, "startup_s": 1, "group": "data"}, "two": {}})
    with standin.watching(layout, {"one": "degraded"}), pytest.raises(NodeyardError) as failed:
        up.apply(state)
    assert failed.value.message.startswith("one did not become healthy: degraded: ")
    assert "  the door is stuck" in failed.value.message.splitlines()
    entry = receipt.history(layout)[-1]
    assert (entry.state, outcomes(entry)) == ("failed", {"one": "failed", "two": "pending"})

    with standin.watching(layout):
        done = up.apply(state)
    assert {(step.kind, step.service) for step in done.operations} == {("create", "two"), ("keep", "one")}
