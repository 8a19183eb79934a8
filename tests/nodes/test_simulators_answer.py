"""The simulators answer their clients while the control socket keeps them busy."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from nodeclients.bitcoind import BitcoindClient, PasswordFile
from nodeclients.kaspad import KaspadClient
from sandbox.control import call

from tests.nodes import programs
from tests.nodes.programs import Running

pytestmark = pytest.mark.anyio
Ask = Callable[[], Awaitable[Any]]


@pytest.fixture(params=["kaspad", "bitcoind"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    start: Any = {"kaspad": programs.simulated_kaspad, "bitcoind": programs.simulated_bitcoind}[request.param]
    with start(tmp_path) as running:
        yield running


async def asker(node: Running, stack: AsyncExitStack) -> Ask:
    if node.zmq_address:
        client = BitcoindClient("127.0.0.1", node.rpc_port, PasswordFile("host", node.password_file("host")))
        return lambda: client.call("getblockcount")
    kaspad = await stack.enter_async_context(KaspadClient(node.url))
    return lambda: kaspad.call("getBlockDagInfo")


async def waits_ms(ask: Ask, work: asyncio.Task[Any]) -> list[float]:
    """How long each call takes until `work` is done."""
    waits = []
    while not work.done():
        began = time.perf_counter()
        await ask()
        waits.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.005)
    return waits


@pytest.mark.promise("A simulator that mines 10,000 blocks answers its clients within 100 ms meanwhile", runs="ci")
async def test_calls_are_answered_while_10000_blocks_are_mined(node: Running) -> None:
    assert node.control is not None
    async with AsyncExitStack() as stack:
        ask = await asker(node, stack)
        mining = asyncio.create_task(asyncio.to_thread(call, node.control, "mine", timeout_s=60, blocks=10_000))
        waits = await waits_ms(ask, mining)
        assert len((await mining)["blocks"]) == 10_000
    assert len(waits) > 10, "it answered nothing while it mined"
    assert statistics.quantiles(waits, n=20)[-1] < 100


async def test_calls_are_answered_while_a_long_reorg_is_made_and_saved(node: Running) -> None:
    assert node.control is not None
    async with AsyncExitStack() as stack:
        ask = await asker(node, stack)
        await asyncio.to_thread(call, node.control, "mine", timeout_s=60, blocks=500)
        reorg = asyncio.create_task(asyncio.to_thread(call, node.control, "reorg", timeout_s=60, depth=100))
        waits = await waits_ms(ask, reorg)
        assert len((await reorg)["added"]) >= 100
    assert statistics.median(waits) < 100
