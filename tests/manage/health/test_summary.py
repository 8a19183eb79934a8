"""The one line of the whole stack, root cause first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from manage.health.model import ServiceStatus
from manage.health.summary import sentence, title

Status = Callable[..., ServiceStatus]


def test_a_healthy_stack_is_one_line_with_the_count(status: Status) -> None:
    assert sentence([status("kaspad"), status("tracker")]) == ("All 2 services are healthy.", "")
    assert title([status("kaspad")]) == ""


def test_the_root_cause_comes_first_then_the_waiting_services(status: Status) -> None:
    services = [
        status("kaspad", title="Kaspa node"),
        status("oracle", "waiting", "for bitcoind: ZMQ rawtx", waits_for=("bitcoind",)),
        status(
            "bitcoind",
            "degraded",
            "ZMQ silent for 4 min 10 s while the RPC tip is 12 s old",
            title="Bitcoin node",
            headline="'s ZMQ is silent",
        ),
    ]
    line, detail = sentence(services)
    assert line == "The Bitcoin node's ZMQ is silent. The oracle waits for it."
    assert detail == "ZMQ silent for 4 min 10 s while the RPC tip is 12 s old. 1 of 3 services is healthy."
    assert title(services) == "bitcoind degraded"


def test_the_worst_of_several_causes_leads(status: Status) -> None:
    services = [
        status("bitcoind", "syncing", title="Bitcoin node", headline="is syncing"),
        status("timescaledb", "down", title="Database", headline="is paused"),
        status("tracker", "waiting", waits_for=("timescaledb",)),
        status("proxy", "waiting", waits_for=("timescaledb",)),
    ]
    line, _ = sentence(services)
    assert line == (
        "The database is paused. The Bitcoin node is syncing. The tracker and the proxy wait for the database."
    )


def test_more_causes_than_two_are_counted(status: Status) -> None:
    line, _ = sentence([status(name, "down") for name in ("a", "b", "c", "d")])
    assert line == "The a is down. The b is down. 2 more services are not healthy."


def test_a_stopped_service_is_named_and_is_not_a_fault(status: Status) -> None:
    line, detail = sentence([status("kaspad"), status("pooler", "disabled")])
    assert (line, detail) == ("1 service is healthy.", "pooler is stopped.")


def test_a_stack_that_was_stopped_says_how_to_start_it(status: Status) -> None:
    services = [status("kaspad", "disabled"), status("agent", group="manager")]
    assert sentence(services) == ("The stack is down.", "Start it with: manage up")


def test_a_service_that_waits_for_none_of_the_stack_is_the_cause(status: Status) -> None:
    line, _ = sentence([status("tracker", "waiting", "for kaspad: UTXO index")])
    assert line == "The tracker waits."


@pytest.mark.parametrize("reason", ["silent for 12 s: no answer", "silent for 14 s: no answer"])
def test_the_line_stays_the_same_while_the_numbers_grow(status: Status, reason: str) -> None:
    line, _ = sentence([status("kaspad", "down", reason, title="Kaspa node", headline="does not answer")])
    assert line == "The Kaspa node does not answer."
