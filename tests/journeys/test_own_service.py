"""An operator adds a service of his own to a running stack: data alone, confirmed, started, watched and removed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.agent.client import AgentClient
from manage.installation.layout import Layout
from tests.journeys.installed import CHECKOUT, Installed, until


@pytest.fixture(scope="module")
def with_redis(installed: Installed) -> Iterator[Installed]:
    """The sandbox with a cache in `<dir>/services/redis`, not started yet; taken away again afterwards."""
    folder = installed.dir / "services/redis"
    shutil.copytree(CHECKOUT / "tests/data/own-services/redis", folder)
    try:
        yield installed
    finally:
        shutil.rmtree(folder)
        installed.run("up", "--yes")


def test_it_is_complete_and_part_of_the_plan(with_redis: Installed) -> None:
    assert "redis is complete" in with_redis.run("services", "check", "redis").stdout
    assert "redis" in [entry["name"] for entry in with_redis.json("services", "list") if entry["origin"] == "own"]


def test_its_dockerfile_is_shown_and_nothing_is_built_without_consent(with_redis: Installed) -> None:
    refused = with_redis.run("up", expect=1)
    assert "install -y --no-install-recommends redis-server" in refused.stderr
    assert "needs your confirmation" in refused.stderr
    assert with_redis.container("redis") == ""


@pytest.mark.promise("An operator's own service runs and is watched by a generic driver", runs="ci")
def test_it_runs_hardened_and_is_watched(with_redis: Installed) -> None:
    watch = with_redis.container("watch")
    with_redis.run("up", "--yes")
    assert with_redis.container("watch") == watch, "it was connected while it ran"
    verdict, reason = until(lambda: _healthy(with_redis), 30, "redis healthy")
    assert (verdict, bool(reason)) == ("healthy", True)
    assert with_redis.container("redis") != ""


@pytest.mark.promise("Page and CLI make the same plan of a stack with an own service", runs="ci")
def test_the_agent_makes_the_same_plan(with_redis: Installed) -> None:
    agent = AgentClient(Layout(Path(with_redis.dir)).agent_socket, timeout_s=20)
    assert agent.call("plan", verb="up")["digest"] == with_redis.json("plan")["digest"]
    assert with_redis.json("plan")["operations"] == []
    assert agent.call("plan", verb="restart", services=["redis"])["operations"][0]["service"] == "redis"


def test_a_broken_file_of_it_blinds_nobody(with_redis: Installed) -> None:
    file = with_redis.dir / "services/redis/service.yml"
    text = file.read_text()
    file.write_text(text.replace("uid: 70101", "uid: ten"))
    try:
        refused = with_redis.run("plan", expect=1)
        assert f"{file} has a problem" in refused.stderr
        assert "line 7: uid: expected an integer, not text" in refused.stderr
        verdicts = with_redis.verdicts()
        assert verdicts["agent"][0] == "healthy"
        assert verdicts["tracker"][0] == "healthy"
    finally:
        file.write_text(text)


def _healthy(installed: Installed) -> tuple[str, str] | None:
    found = installed.verdicts().get("redis", ("", ""))
    return found if found[0] == "healthy" else None
