"""A kernel without the memory cgroup, as on Raspberry Pi OS: its engine drops every memory limit (docker-facts 33)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manage.apply import up
from manage.apply.planned import read_facts_and_plan
from manage.engine import facts
from manage.engine.reader import Reader
from manage.events import Event
from manage.installation import identity
from manage.installation.layout import Layout
from tests.engine import retelling, stacks, standin


@pytest.fixture
def limitless(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    """An installation on an engine that reports what one without the memory cgroup reports."""

    def without_memory(path: str, document: dict[str, Any]) -> None:
        if path == "/info":
            document |= {"MemoryLimit": False, "SwapLimit": False}
        else:
            document["HostConfig"] |= {"Memory": 0, "MemorySwap": 0}

    with retelling.engine(tmp_path / "docker.sock", without_memory) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        with standin.watching(layout):
            yield layout


@pytest.mark.promise(
    "On a kernel without memory cgroup, `up` says that memory limits have no effect, and a second `up` does nothing",
    runs="ci",
)
def test_a_second_up_does_nothing_where_the_kernel_limits_no_memory(limitless: Layout) -> None:
    events: list[Event] = []
    state = stacks.state(limitless, {"one": {}, "two": {}}, {"keeper": {}})
    up.apply(state, progress=events.append)
    warned = [event.text for event in events if "cgroup_enable=memory" in event.text]
    assert len(warned) == 1

    before = facts.containers(Reader(), identity.read(limitless))
    assert {container.memory_bytes for container in before} == {0}
    assert up.apply(state).number == 0
    assert facts.containers(Reader(), identity.read(limitless)) == before


def test_a_changed_limit_is_still_a_change(limitless: Layout) -> None:
    """With the cgroup switched on later, the limit of the day is the one of stack.yml."""
    up.apply(stacks.state(limitless, {"one": {"memory": 64 * 1024**2}}))
    changed = stacks.state(limitless, {"one": {"memory": 96 * 1024**2}})
    [operation] = read_facts_and_plan(changed, Reader()).stack.changes
    assert (operation.kind, operation.cause[0].name) == ("recreate", "memory limit")
