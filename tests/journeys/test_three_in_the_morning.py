"""Journey 3: something goes wrong, the verdict says what, names the root, and turns back."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.installed import Installed, until


@pytest.mark.promise("A paused node is degraded or down within 15 s, with the reason, and recovers", runs="ci")
@pytest.mark.parametrize("node", ["kaspad", "bitcoind"])
def test_a_paused_node_is_noticed_within_15_s_and_back(installed: Installed, node: str) -> None:
    container = installed.container(node)
    subprocess.run(["docker", "pause", container], check=True, capture_output=True)
    try:
        verdict, reason = until(
            lambda: next(
                (v for n, v in installed.verdicts().items() if n == node and v[0] in ("degraded", "down")), None
            ),
            15,
            f"{node} degraded or down",
        )
        assert "paused" in reason, (verdict, reason)
    finally:
        subprocess.run(["docker", "unpause", container], check=True, capture_output=True)
    until(lambda: installed.verdicts()[node][0] == "healthy", 30, f"{node} healthy again")


@pytest.mark.promise("`manage why` names the root cause", runs="ci")
def test_a_frozen_kaspad_is_the_root_of_the_trackers_verdict(installed: Installed) -> None:
    installed.run("sandbox", "freeze", "--node", "kaspad")
    try:
        until(lambda: installed.verdicts()["tracker"][0] == "waiting", 30, "the tracker waits")
        answer = installed.json("why", "tracker")
        assert answer["roots"] == ["kaspad"]
        assert answer["path"] == ["tracker", "kaspad"]
        assert answer["evidence"]
    finally:
        installed.run("sandbox", "clear", "--node", "kaspad")
    until(lambda: {v for v, _ in installed.verdicts().values()} == {"healthy"}, 40, "all healthy again")


@pytest.mark.promise("A simulator that refuses connections is down, by name", runs="ci")
def test_a_simulator_that_refuses_connections_is_down_by_name(installed: Installed) -> None:
    installed.run("sandbox", "drop", "--node", "bitcoind")
    try:
        until(lambda: installed.verdicts()["bitcoind"][0] in ("down", "degraded"), 20, "bitcoind not healthy")
    finally:
        installed.run("sandbox", "clear", "--node", "bitcoind")
    until(lambda: installed.verdicts()["bitcoind"][0] == "healthy", 60, "bitcoind healthy again")


@pytest.mark.promise("While the agent is down, the status stays readable and says so", runs="ci")
def test_status_stays_readable_while_the_agent_is_dead_and_says_so(installed: Installed) -> None:
    agent = installed.container("agent")
    subprocess.run(["docker", "pause", agent], check=True, capture_output=True)
    try:
        until(lambda: installed.verdicts()["agent"][0] in ("degraded", "down"), 30, "the agent's verdict")
        assert installed.http("/login", port=0).status == 200
    finally:
        subprocess.run(["docker", "unpause", agent], check=True, capture_output=True)
    until(lambda: installed.verdicts()["agent"][0] == "healthy", 30, "the agent healthy again")
