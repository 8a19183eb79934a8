"""Whatever JSON a node answers, a call ends with a value of its type or with an error that its callers expect."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from nodeclients.errors import NodeFault
from nodeclients.kaspad import KaspadClient
from tracker import node
from tracker.networks import NETWORKS
from tracker.node import NodeUnsuitable
from websockets.asyncio.server import ServerConnection, serve

pytestmark = pytest.mark.anyio
Call = Callable[[str], Awaitable[object]]
NETWORK = next(iter(NETWORKS.values()))
VALUES = ["null", "[]", "[1]", "{}", '"x"', "5.5", "true", "1e400", "-1", "NaN", '"5"', str(1 << 64), "1" * 5000]
RESULTS = [
    '{"id": 1, "params": VALUE}',
    '{"id": 1, "error": VALUE}',
    '{"id": 1, "error": {"code": VALUE, "message": VALUE}}',
    '{"id": 1, "params": {"entries": [VALUE], "virtualDaaScore": 1, "sink": VALUE}}',
    '{"id": 1, "params": {"entries": [{"address": VALUE}], "virtualDaaScore": VALUE, "sink": ""}}',
    '{"id": 1, "params": {"entries": [{"address": "a", "balance": VALUE}]}}',
    '{"id": 1, "params": {"networkId": VALUE}}',
    f'{{"id": 1, "params": {{"networkId": "{NETWORK.node_id}", "hasUtxoIndex": true, "virtualDaaScore": VALUE}}}}',
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def info(url: str) -> object:
    async with KaspadClient(url, timeout_s=2) as client:
        return (await node.server_info(client, NETWORK, 2)).daa_score


async def snapshot(url: str) -> object:
    return len((await node.snapshot(url, ["a"])).utxos)


async def balance(url: str) -> object:
    return (await node.balances(url, ["a"], 2)).get("a", 0)


@pytest.mark.promise("No JSON that a kaspad may answer is an internal error of the tracker", runs="ci")
@pytest.mark.parametrize("call", [info, snapshot, balance])
@pytest.mark.parametrize("shape", RESULTS)
async def test_any_value_anywhere_is_an_expected_error_or_a_number(call: Call, shape: str) -> None:
    waiting = list(VALUES)

    async def handler(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(shape.replace("VALUE", waiting[0]))
        await socket.wait_closed()

    async with serve(handler, "127.0.0.1", 0, close_timeout=1) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        while waiting:
            try:
                found = await call(url)
            except (NodeFault, NodeUnsuitable, ValueError) as error:
                assert len(str(error)) < 1000
            else:
                assert type(found) is int
                assert 0 <= found < 1 << 63
            waiting.pop(0)


async def test_outputs_of_addresses_that_nobody_asked_for_are_refused() -> None:
    """Each may have an address of its own of any length, which would fill the memory."""
    entry = {
        "outpoint": {"transactionId": "00" * 32, "index": 0},
        "utxoEntry": {"amount": 1, "blockDaaScore": 1, "isCoinbase": False},
        "address": "b",
    }
    answer = {"id": 1, "params": {"entries": [entry], "virtualDaaScore": 1, "sink": "00" * 32}}

    async def handler(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(answer))
        await socket.wait_closed()

    async with serve(handler, "127.0.0.1", 0, close_timeout=1) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert len((await node.snapshot(url, ["b"])).utxos) == 1
        with pytest.raises(ValueError, match="did not ask for"):
            await node.snapshot(url, ["a"])
