"""Two changes at once, Ctrl-C, kill -9: the lock names its holder, and the next `up` goes on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from manage.apply import receipt, up
from manage.engine import facts
from manage.errors import NodeyardError
from manage.installation import identity, lock
from manage.installation.layout import Layout
from tests.engine import stacks

SLOW = {"script": stacks.STUBBORN, "grace": "4s"}
"""A service that takes four seconds to stop, so that a recreate of it can be met in the middle."""


def until(condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)
    return found


Start = Callable[[dict[str, Any]], subprocess.Popen[str]]


@pytest.fixture
def start(watched: Layout) -> Iterator[Start]:
    """Start `manage up` by alice in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(services: dict[str, Any]) -> subprocess.Popen[str]:
        checkout = Path(stacks.__file__).parents[2]
        process = subprocess.Popen(
            [sys.executable, "-m", stacks.__name__, str(watched.dir), json.dumps({"services": services})],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal's Ctrl-C reaches a whole process group
            cwd=checkout,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{checkout}:{checkout / 'services'}"},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stderr
        process.stderr.close()
    until(lambda: not lock.holder(watched), "the end of what was started")


def compose_of(process: subprocess.Popen[str]) -> psutil.Process | None:
    """The docker-compose that this process is running now, if any."""
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.Error):  # a child that has just ended
            if "up" in child.cmdline():
                return child
    return None


@pytest.mark.promise("Of two concurrent `up`, the second names the holder of the lock", runs="ci")
def test_the_second_of_two_ups_names_the_first(watched: Any, start: Any) -> None:
    up.apply(stacks.state(watched, {"one": SLOW}))
    changed = {"one": {**SLOW, "env": {"A": "1"}}}
    first = start(changed)
    until(lambda: compose_of(first), "compose")
    with pytest.raises(NodeyardError, match=rf"manage up by alice since \d\d:\d\d \(pid {first.pid}\)"):
        up.apply(stacks.state(watched, {"one": {}}))
    assert first.wait(timeout=30) == 0
    assert receipt.history(watched)[-1].state == "healthy"


@pytest.mark.promise("After `kill -9` of an `up` the lock is held until its compose has ended", runs="ci")
def test_a_killed_up_holds_the_lock_until_its_compose_has_ended_and_the_next_goes_on(
    engine: Any, watched: Any, start: Any
) -> None:
    up.apply(stacks.state(watched, {"one": SLOW}))
    changed = {"one": {**SLOW, "env": {"A": "1"}}}
    first = start(changed)
    compose = until(lambda: compose_of(first), "compose")
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert compose.is_running()
    state = stacks.state(watched, changed)
    with pytest.raises(NodeyardError, match=rf"manage up by alice since .* \(pid {first.pid}\)"):
        up.apply(state)

    until(lambda: not lock.holder(watched), "the end of compose")
    assert receipt.history(watched)[-1].state == "interrupted"
    told: list[Any] = []
    done = up.apply(state, progress=told.append)
    assert done.state == "healthy"
    assert [step.service for step in done.operations] == ["one"]
    assert any("was interrupted" in event.text for event in told)
    assert [entry.state for entry in receipt.history(watched)] == ["healthy", "interrupted", "healthy"]
    found = facts.containers(engine, identity.read(watched))
    assert [container.state for container in found] == ["running"]


@pytest.mark.promise("After Ctrl-C during `up` the receipt says interrupted, and the next `up` continues", runs="ci")
def test_ctrl_c_lets_compose_finish_and_the_next_up_goes_on(engine: Any, watched: Any, start: Any) -> None:
    up.apply(stacks.state(watched, {"one": SLOW, "two": {}}))
    changed = {"one": {**SLOW, "env": {"A": "1"}}, "two": {"env": {"A": "1"}}}
    first = start(changed)
    until(lambda: compose_of(first), "compose")
    os.killpg(first.pid, signal.SIGINT)
    assert first.wait(timeout=30) == 1
    assert first.stderr
    assert "Stopped by Ctrl-C; change 2 is marked as interrupted." in first.stderr.read()
    stopped = receipt.history(watched)[-1]
    assert (stopped.state, stopped.reason) == ("interrupted", "stopped by Ctrl-C")
    assert [(step.service, step.outcome) for step in stopped.operations] == [("one", "pending"), ("two", "pending")]
    half = {c.service: c for c in facts.containers(engine, identity.read(watched))}
    assert half["one"].state == "running", "compose was let finish its step"

    done = up.apply(stacks.state(watched, changed))
    assert [(step.kind, step.service, step.outcome) for step in done.operations] == [
        ("recreate", "two", "done"),
        ("keep", "one", "done"),
    ]


def test_ctrl_c_at_the_gate_is_an_interruption_too(watched: Layout, start: Start) -> None:
    (watched.dir / "watch" / "snapshot.json").unlink(missing_ok=True)
    services = {"one": {"startup_s": 60, "script": "exit 3"}}
    first = start(services)
    until(
        lambda: (found := receipt.history(watched)) and found[-1].state == "in_progress" and not compose_of(first),
        "the gate",
    )
    until(lambda: watched.desired_file.exists() and facts_of(watched), "the container")
    os.killpg(first.pid, signal.SIGINT)
    assert first.wait(timeout=30) == 1
    assert receipt.history(watched)[-1].state == "interrupted"


def facts_of(layout: Layout) -> Any:
    from manage.engine.client import connect

    with connect() as api:
        return facts.containers(api, identity.read(layout))
