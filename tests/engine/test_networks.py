"""Networks on a real engine: the move from those of an earlier version, addresses, and a container that joins live."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from manage.apply import down, up
from manage.apply.planned import read_facts_and_plan
from manage.engine import facts, networks
from manage.engine.reader import Reader
from manage.errors import NodeyardError
from manage.installation import identity, lock
from manage.installation.labels import LABEL_INSTALLATION
from manage.installation.layout import Layout
from manage.render.model import NetworkSpec
from tests.engine import stacks
from tests.engine.test_interrupted import SLOW, compose_of, start, until

__all__ = ["start"]

EARLIER: dict[str, Any] = {"one": {**SLOW, "networks": ["front", "chain"]}, "two": {"networks": ["chain", "data"]}}
TODAY: dict[str, Any] = {
    "one": {**SLOW, "networks": ["one-http", "one-door"]},
    "two": {"networks": ["one-http", "two-sql"]},
}
POOL = "203.0.113.0/24"


def keys(api: Any, layout: Layout) -> set[str]:
    """Our networks, without the project's name."""
    return {entry["Name"].rpartition("_")[2] for entry in networks.owned(api, identity.read(layout))}


def attached(api: Any, layout: Layout) -> dict[str, set[str]]:
    found = facts.containers(api, identity.read(layout))
    return {c.service: {name.rpartition("_")[2] for name in c.networks} for c in found}


@pytest.mark.promise("Networks of an earlier version are replaced by one plan that shows the downtime", runs="ci")
def test_an_installation_of_an_earlier_version_moves(engine: Any, watched: Layout) -> None:
    up.apply(stacks.state(watched, EARLIER))
    assert keys(engine, watched) == {"front", "chain", "data"}
    state = stacks.state(watched, TODAY)
    planned = read_facts_and_plan(state, Reader()).stack
    assert [(step.kind, step.service, step.downtime_s, step.data_risk) for step in planned.changes] == [
        ("recreate", "one", 1, "kept"),
        ("recreate", "two", 1, "kept"),
    ]
    assert {cause.name for step in planned.changes for cause in step.cause} >= {"networks"}
    up.apply(state)
    assert keys(engine, watched) == {"one-http", "one-door", "two-sql"}
    assert attached(engine, watched) == {"one": {"one-http", "one-door"}, "two": {"one-http", "two-sql"}}
    assert up.apply(state).number == 0
    down.apply(state, everything=True)
    assert keys(engine, watched) == set()


@pytest.mark.promise("A move to other networks that is killed continues at the next `up`", runs="ci")
def test_a_killed_move_goes_on(engine: Any, watched: Layout, start: Any) -> None:
    up.apply(stacks.state(watched, EARLIER))
    killed = start(TODAY)
    until(lambda: compose_of(killed), "compose")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert keys(engine, watched) == {"front", "chain", "data", "one-http", "one-door", "two-sql"}
    until(lambda: not lock.holder(watched), "the end of compose")
    up.apply(stacks.state(watched, TODAY))
    assert keys(engine, watched) == {"one-http", "one-door", "two-sql"}
    assert attached(engine, watched) == {"one": {"one-http", "one-door"}, "two": {"one-http", "two-sql"}}


def test_a_move_that_was_killed_at_its_end_is_finished_although_nothing_else_is_to_do(
    engine: Any, watched: Layout
) -> None:
    state = stacks.state(watched, TODAY)
    up.apply(state)
    engine.create_network(f"{state.installation.project}_front", labels={LABEL_INSTALLATION: state.installation.id})
    assert up.apply(state).number == 0
    assert "front" not in keys(engine, watched)


def test_a_network_that_somebody_elses_container_uses_stays(engine: Any, watched: Layout) -> None:
    state = stacks.state(watched, {"one": {}})
    up.apply(state)
    container = facts.containers(engine, state.installation)[0].id
    name = f"{state.installation.project}_front"
    engine.create_network(name, labels={LABEL_INSTALLATION: state.installation.id})
    engine.connect_container_to_network(container, name)
    assert networks.remove_unused(engine, state.installation, ()) == ()
    assert keys(engine, watched) == {"chain", "front"}


def test_networks_are_made_as_they_are_described(engine: Any, watched: Layout) -> None:
    up.apply(stacks.state(watched, {"one": {"networks": ["one-http", "one-door", "chain"]}}))
    found = {entry["Name"].rpartition("_")[2]: entry for entry in networks.owned(engine, identity.read(watched))}
    assert {key: entry["Internal"] for key, entry in found.items()} == {
        "one-http": True,
        "one-door": False,
        "chain": False,
    }
    assert found["one-door"]["Options"] == {networks.MASQUERADE: "false"}
    assert not found["chain"]["Options"]


@pytest.mark.promise("With `networks.pool` each new network gets 16 free addresses of that range", runs="ci")
def test_a_pool_is_cut_into_parts_that_nothing_else_uses(engine: Any, watched: Layout) -> None:
    state = replace(stacks.state(watched, TODAY), pool=POOL)
    taken = engine.create_network("nytest-taken", ipam={"Config": [{"Subnet": "203.0.113.16/29"}]})["Id"]
    try:
        up.apply(state)
        found = networks.subnets(engine, state.installation)
        assert sorted(found.values()) == ["203.0.113.0/28", "203.0.113.32/28", "203.0.113.48/28"]
        more = [NetworkSpec(f"{state.installation.project}_n{n}", f"n{n}", True, False) for n in range(13)]
        with pytest.raises(NodeyardError, match=r"networks\.pool \(203\.0\.113\.0/24\) has no addresses left"):
            networks.ensure(engine, state.installation, more, POOL)
    finally:
        engine.remove_network(taken)


@contextmanager
def exhausted(api: Any) -> Iterator[None]:
    """The engine without addresses for another network."""
    from docker.errors import APIError

    made = []
    try:
        with pytest.raises(APIError, match="address pool"):
            for number in range(64):
                made.append(api.create_network(f"nytest-filler-{number}", internal=True)["Id"])
        yield
    finally:
        for network in made:
            api.remove_network(network)


@pytest.mark.promise("When the engine has no addresses for a network, the error names the setting", runs="ci")
def test_an_engine_without_addresses_is_named_with_the_setting_that_helps(engine: Any, watched: Layout) -> None:
    state = stacks.state(watched, {"one": {}})
    up.apply(state)
    before = facts.containers(engine, state.installation)
    moved = stacks.state(watched, TODAY)
    with exhausted(engine):
        with pytest.raises(NodeyardError, match="has no addresses left for the network") as caught:
            up.apply(moved)
        assert "manage config set networks.pool" in caught.value.hint
        assert facts.containers(engine, state.installation) == before
        assert up.apply(replace(moved, pool=POOL)).state == "healthy"


@pytest.mark.promise("watch joins and leaves networks while it runs", runs="ci")
def test_a_container_joins_and_leaves_networks_while_it_runs(engine: Any, watched: Layout) -> None:
    keeper = {"networks": ["keeper-metrics"], "live": ["one-http"]}
    up.apply(stacks.state(watched, {"one": {"networks": ["one-http"]}}, {"keeper": keeper}))
    assert attached(engine, watched)["keeper"] == {"keeper-metrics", "one-http"}
    before = {c.service: (c.id, c.started_at) for c in facts.containers(engine, identity.read(watched))}

    both = {"one": {"networks": ["one-http"]}, "two": {"networks": ["two-sql"]}}
    state = stacks.state(watched, both, {"keeper": {**keeper, "live": ["one-http", "two-sql"]}})
    planned = read_facts_and_plan(state, Reader()).manager.changes
    assert [(step.kind, step.service, step.downtime_s) for step in planned] == [("reload", "keeper", 0)]
    up.apply(state, manager=False)  # as the agent does, which cannot replace containers of the manager
    assert attached(engine, watched)["keeper"] == {"keeper-metrics", "one-http", "two-sql"}

    up.apply(stacks.state(watched, {"two": both["two"]}, {"keeper": {**keeper, "live": ["two-sql"]}}))
    assert attached(engine, watched)["keeper"] == {"keeper-metrics", "two-sql"}
    assert keys(engine, watched) == {"keeper-metrics", "two-sql"}
    after = {c.service: (c.id, c.started_at) for c in facts.containers(engine, identity.read(watched))}
    assert after["keeper"] == before["keeper"]
