"""The oracle's driver: what each of its states means for the stack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from oracle.estimate import State

from manage.catalog.model import Need
from manage.health.dependencies import resolve
from manage.health.drivers import Endpoint, Memory, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement
from manage.health.probes import oracle
from tests.manage.health import cases

FRESH = {"state": "ok", "reason": "one price stands out", "market": "real", "history_fault": "", "price": 64262.4}


def facts(at: float, **changed: Any) -> tuple[Fact, ...]:
    measured = {**FRESH, "price_age": 0.4, **changed}
    return tuple(Fact(name, each, at) for name, each in measured.items() if each is not None)


@pytest.mark.promise(
    "Each state is a verdict with its reason; `stale` is `degraded`, `not_ready` waits on its root cause",
    runs="ci",
)
def test_each_state_is_a_verdict_with_its_reason() -> None:
    """The case files cover every state that the oracle's /ready may report."""
    verdicts: dict[str, set[str]] = {}
    for path in sorted((cases.SERVICES / "oracle" / "cases").glob("*.json")):
        case = cases.read(path)
        judgement = case.judge()
        assert judgement.reason
        verdicts.setdefault(case.document["facts"]["state"], set()).add(judgement.verdict)
    assert set(verdicts) == {str(state) for state in State}
    assert verdicts["stale"] == {"degraded"}
    assert verdicts["not_ready"] == {"waiting", "starting", "degraded"}


@pytest.mark.promise("A stale price waits for a node that is down", runs="ci")
def test_a_stale_price_waits_for_a_node_that_is_down(
    target: Callable[..., Target], running: EngineState, now: float
) -> None:
    silent = facts(now, state="stale", reason="no answer", waits_for=["bitcoind"])
    stale = oracle.judge(target("oracle"), silent, running, now)
    node = Judgement("down", "its container is paused", final=True)
    resolved = resolve({"oracle": stale, "bitcoind": node}, {"oracle": (Need("bitcoind", "zmq"),)})
    assert resolved["oracle"].verdict == "waiting"
    assert resolved["oracle"].waits_for == ("bitcoind",)


@pytest.mark.promise("The health driver reads price, state and age from `/ready`", runs="ci")
def test_the_probe_reads_what_ready_says(target: Callable[..., Target]) -> None:
    body = {**FRESH, "low": 64000.0, "high": 64500.0, "confidence": 0.99, "age_s": 0.2, "history": "", "ready": True}

    async def ask() -> tuple[Fact, ...]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(body).encode())
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            ports = {"http": Endpoint("127.0.0.1", port, "http")}
            return await oracle.probe(target("oracle", ports=ports), Memory())

    found = asyncio.run(ask())
    assert value(found, "price") == 64262.4
    assert value(found, "price_age") == 0.2
    assert value(found, "state") == "ok"
