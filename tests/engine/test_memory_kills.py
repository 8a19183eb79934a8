"""Real containers that the kernel kills at their memory limit, and their neighbours that end otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from manage.engine.observer import Observer
from manage.health.memory import kills
from manage.health.watch.engine_report import parse
from manage.installation import identity
from manage.installation.labels import LABEL_INSTALLATION, LABEL_SERVICE
from manage.installation.layout import Layout
from tests.engine import tiny
from tests.stage.waiting import until

GREEDY = "x=aaaaaaaa; while :; do x=$x$x; done"
LIMIT = "32m"
Run = Callable[..., str]


@pytest.fixture
def run(engine: Any, layout: Layout) -> Run:
    """Starts a container of a service with a memory limit; returns its id."""

    def start(service: str, script: str, *, restart: str = "no") -> str:
        labels = {
            LABEL_INSTALLATION: identity.read(layout).id,
            LABEL_SERVICE: service,
            tiny.TEST_LABEL: "engine",
            "com.docker.compose.project": identity.read(layout).project,
        }
        host = engine.create_host_config(mem_limit=LIMIT, memswap_limit=LIMIT, restart_policy={"Name": restart})
        command = ["sh", "-c", script]
        made = engine.create_container(tiny.ensure(engine)[0], command=command, labels=labels, host_config=host)
        engine.start(made["Id"])
        return str(made["Id"])

    return start


@pytest.mark.promise("A service that was killed at its memory limit says so, also after its restart", runs="ci")
def test_kills_at_the_limit_are_known_after_the_restart_and_other_ends_are_not_called_so(
    engine: Any, layout: Layout, run: Run
) -> None:
    run(
        "greedy",
        f"if [ -e /tmp/again ]; then while :; do sleep 0.1; done; fi; : > /tmp/again; {GREEDY}",
        restart="always",
    )
    run("parent", f"({GREEDY}); while :; do sleep 0.1; done")
    shot = run("shot", "while :; do sleep 0.1; done")
    observer = Observer(layout, identity.read(layout), {"greedy": [], "parent": [], "shot": []})
    engine.kill(shot)

    def states() -> Any:
        found = parse({"version": 1, "as_of": 0, **observer.sample()}).states
        settled = found["greedy"].state == "running" and found["greedy"].memory_kills and found["parent"].memory_kills
        return found if settled and found["shot"].state == "exited" else None

    found = until(states, deadline_s=30, every_s=0.2)
    now = found["greedy"].at
    assert kills(found["greedy"], now).startswith("it was killed because it reached its memory limit of 33.6 MB (")
    assert found["parent"].state == "running"
    assert kills(found["parent"], now).startswith("a process in it was killed because it reached its memory limit")
    assert (found["shot"].exit_code, kills(found["shot"], now)) == (137, "")
    # An agent that starts later learns of them from the engine.
    later = Observer(layout, identity.read(layout), {"greedy": []}).sample()["services"]
    assert [whole for _, whole in later["greedy"]["memory_kills"]] == [True]
    assert [whole for _, whole in later["parent"]["memory_kills"]] == [False]
