"""What the agent and `manage logs` see of containers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from manage.apply import down, up
from manage.engine import facts, logs
from manage.engine.observer import Observer
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.layout import Layout
from tests.engine import stacks

CHATTY = "trap 'exit 0' TERM; echo start; echo 'error: the first'; while :; do sleep 0.1; done"


def until(condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)
    return found


@pytest.fixture
def stack(watched: Any) -> Any:
    state = stacks.state(watched, {"one": {"script": CHATTY}, "two": {}}, {"keeper": {}})
    up.apply(state)
    return state


@pytest.fixture
def observer(watched: Layout) -> Observer:
    patterns = {"one": ["error"], "two": [], "keeper": []}
    return Observer(watched, identity.read(watched), patterns, manager=["keeper"])


def test_a_sample_tells_state_use_and_matching_log_lines(stack: Any, observer: Any) -> None:
    sample = observer.sample()
    one = sample["services"]["one"]
    assert (one["state"], one["desired"], one["exit_code"], one["restarts"]) == ("running", True, 0, 0)
    assert one["memory_limit"] == 64 * 1024**2
    assert 0 < one["memory_bytes"] < one["memory_limit"]
    assert abs(one["started_at"] - time.time()) < 60
    assert [line for _, line in one["log"]] == ["error: the first"]
    assert sample["services"]["two"]["log"] == []
    assert sample["host"]["disk_total_bytes"] > sample["host"]["disk_free_bytes"] > 0
    assert sample["host"]["memory_total_bytes"] > sample["host"]["memory_bytes"] > 0


def test_a_line_is_told_once_however_often_one_looks(stack: Any, observer: Any) -> None:
    for _ in range(3):
        sample = observer.sample()
    assert [line for _, line in sample["services"]["one"]["log"]] == ["error: the first"]


def test_a_sample_tells_paused_ended_and_missing_containers_apart(
    engine: Any, watched: Layout, stack: Any, observer: Any
) -> None:
    found = {container.service: container.id for container in facts.containers(engine, stack.installation)}
    engine.pause(found["one"])
    engine.kill(found["two"])
    sample = observer.sample()["services"]
    assert sample["one"]["state"] == "paused"
    assert (sample["two"]["state"], sample["two"]["exit_code"]) == ("exited", 137)
    engine.remove_container(found["two"])
    assert observer.sample()["services"]["two"] == {
        "state": "absent",
        "at": pytest.approx(time.time(), abs=10),
        "desired": True,
        "log": [],
    }


def test_after_down_the_stack_is_not_wanted_and_the_manager_still_is(stack: Any, observer: Any) -> None:
    down.apply(stack)
    sample = observer.sample()["services"]
    assert {name: (entry["state"], entry["desired"]) for name, entry in sample.items()} == {
        "one": ("absent", False),
        "two": ("absent", False),
        "keeper": ("running", True),
    }


def test_processor_use_comes_from_two_looks(engine: Any, watched: Any) -> None:
    up.apply(stacks.state(watched, {"busy": {"script": "trap 'exit 0' TERM; while :; do :; done"}}))
    observer = Observer(watched, identity.read(watched), {"busy": []})
    busy = until(lambda: observer.sample()["services"]["busy"]["cpu_percent"], "the second look")
    assert 10 < busy < 200


def test_logs_give_the_last_lines_with_their_time(stack: Any) -> None:
    lines = list(logs.read(stack.installation, "one", lines=1))
    assert len(lines) == 1
    stamp, _, text = lines[0].partition(" ")
    assert text == "error: the first"
    assert time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")


def test_following_goes_on_until_the_container_ends(engine: Any, watched: Layout) -> None:
    script = "trap 'exit 0' TERM; echo first; while ! [ -e /tmp/go ]; do sleep 0.1; done; echo last"
    state = stacks.state(watched, {"one": {"script": script}})
    up.apply(state)
    lines = logs.read(state.installation, "one", follow=True)
    assert next(lines).endswith(" first")
    container = facts.containers(engine, state.installation)[0].id
    engine.exec_start(engine.exec_create(container, ["sh", "-c", ": > /tmp/go"])["Id"])
    assert next(lines).endswith(" last")
    assert list(lines) == []


def test_logs_of_what_has_no_container_are_a_sentence(stack: Any) -> None:
    with pytest.raises(NodeyardError, match="three has no container, so there is no log") as refused:
        list(logs.read(stack.installation, "three"))
    assert refused.value.hint == "Services with a log: keeper, one, two."


FLOOD = (
    "trap 'exit 0' TERM; echo 'error: one'; line=$(printf 'Accepted %.0s' $(seq 1 30000));"
    ' while :; do echo "$line"; echo "error $line"; done'
)


@pytest.mark.promise("A container that floods its log with lines of 270 kB delays no sample of the others", runs="ci")
def test_a_flood_of_long_lines_delays_no_sample(engine: Any, watched: Layout) -> None:
    up.apply(stacks.state(watched, {"one": {"script": FLOOD}, "two": {"script": CHATTY}}, {"keeper": {}}))
    patterns = {"one": ["Accepted .* blocks", "error"], "two": ["error"], "keeper": []}
    observer = Observer(watched, identity.read(watched), patterns, manager=["keeper"])
    for _ in range(3):
        began = time.monotonic()
        sample = observer.sample()["services"]
        assert time.monotonic() - began < 6
    assert [line for _, line in sample["two"]["log"]] == ["error: the first"]
    assert sample["two"]["state"] == "running"
    assert sum(len(line) for _, line in sample["one"]["log"]) < 25_000
