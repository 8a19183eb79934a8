"""Features of the simulated kaspad only: control socket, blocks by itself, faults on demand."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from nodeclients.errors import NodeError, NodeUnreachable
from nodeclients.kaspad import Closed, KaspadClient
from sandbox.control import ControlError, call

from tests.nodes import programs
from tests.nodes.kaspa_help import SDK, A, B, balance, mine, notifications, template, until
from tests.nodes.programs import Running

pytestmark = pytest.mark.anyio


@pytest.fixture
def still(tmp_path: Path) -> Iterator[Running]:
    """Blocks only on demand."""
    with programs.simulated_kaspad(tmp_path) as running:
        yield running


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Running]:
    """Ten blocks a second, as deployed."""
    with programs.simulated_kaspad(tmp_path, block_s=0.1) as running:
        yield running


async def order(node: Running, verb: str, **args: Any) -> dict[str, Any]:
    assert node.control is not None
    return await asyncio.to_thread(call, node.control, verb, **args)


async def test_makes_ten_blocks_a_second_and_stays_small(moving: Running) -> None:
    process = psutil.Process(moving.process.pid)
    async with KaspadClient(moving.url) as client:
        await client.subscribe("VirtualDaaScoreChanged")
        first = (await until(client, "VirtualDaaScoreChanged"))["virtualDaaScore"]
        began, used = time.monotonic(), process.cpu_times()
        async for item in notifications(client):
            if item.body["virtualDaaScore"] >= first + 50:
                break
        took = time.monotonic() - began
        worked = process.cpu_times()
    assert 4 < took < 8, "fifty blocks in about five seconds"
    assert (worked.user + worked.system - used.user - used.system) / took < 0.05
    assert process.memory_info().rss < 80e6


async def test_a_payment_arrives_within_two_seconds(moving: Running) -> None:
    async with KaspadClient(moving.url) as client:
        await client.subscribe("UtxosChanged", {"addresses": [A]})
        paid = await order(moving, "pay", address=A, amount=5 * 10**8)
        assert paid["amount"] == 5 * 10**8
        change = await until(client, "UtxosChanged", seconds=2)
        (added,) = change["added"]
        assert added["outpoint"]["transactionId"] == paid["transaction_id"]
        assert await balance(client, A) == 5 * 10**8


async def test_mines_to_whom_it_is_told(still: Running) -> None:
    mined = await order(still, "mine", blocks=3, address=A)
    assert len(mined["blocks"]) == mined["height"] == 3
    async with KaspadClient(still.url) as client:
        assert await balance(client, A) == 2 * 50 * 10**8, "a block is paid by the one after it"


async def test_refuses_orders_that_cannot_be_and_says_why(still: Running) -> None:
    for verb, args, reason in (
        ("pay", {"address": "kaspa" + A[8:], "amount": 10**8}, "is not an address of this network"),
        ("pay", {"address": A, "amount": 1}, "the smallest payment is 10000000 sompi"),
        ("pay", {"address": A, "amount": 10**18}, "the simulator's wallet holds less"),
        ("pay", {"address": A}, "invalid request"),
        ("mine", {"blocks": 0}, "between 1 and 10000"),
        ("reorg", {"depth": 5}, "the depth must be between 1 and 0"),
        ("dance", {}, "unknown verb 'dance'"),
    ):
        with pytest.raises(ControlError, match=reason):
            await order(still, verb, **args)


async def test_other_peoples_transactions_survive_a_reorg(still: Running) -> None:
    """Only the wallet's payments are double-spent; other transactions return to the mempool and are mined again."""
    async with KaspadClient(still.url) as client:
        await order(still, "pay", address=A, amount=10**9)
        await mine(client, 1, B)
        (coin,) = (await client.call("getUtxosByAddresses", {"addresses": [A]}))["entries"]
        spend = {
            "version": 0,
            "inputs": [
                {
                    "previousOutpoint": coin["outpoint"],
                    "signatureScript": "41" + "00" * 65,
                    "sequence": 0,
                    "sigOpCount": 1,
                }
            ],
            "outputs": [{"value": 9 * 10**8, "scriptPublicKey": coin["utxoEntry"]["scriptPublicKey"]}],
            "lockTime": 0,
            "subnetworkId": "00" * 20,
            "gas": 0,
            "payload": "",
            "mass": 0,
        }
        own = (await client.call("submitTransaction", {"transaction": spend, "allowOrphan": False}))["transactionId"]
        await mine(client, 1, B)
        await order(still, "reorg", depth=1)
        pool = {"includeOrphanPool": False, "filterTransactionPool": False}
        (waiting,) = (await client.call("getMempoolEntries", pool))["mempoolEntries"]
        assert waiting["transaction"]["verboseData"]["transactionId"] == own
        await mine(client, 1, B)
        assert await balance(client, A) == 9 * 10**8


@pytest.mark.promise("The kaspad simulator can freeze until the fault is cleared", runs="ci")
async def test_frozen_it_accepts_connections_and_answers_nothing_until_cleared(moving: Running) -> None:
    async with KaspadClient(moving.url, timeout_s=0.5) as client:
        assert (await order(moving, "freeze"))["frozen"] is True
        with pytest.raises(NodeUnreachable, match=r"did not answer ping within 0\.5 s"):
            await client.call("ping")
        with pytest.raises(NodeUnreachable, match="no connection to kaspad"):
            async with KaspadClient(moving.url, timeout_s=0.5):
                pass
        with socket.create_connection(("127.0.0.1", moving.rpc_port), 2):
            height = (await order(moving, "status"))["height"]
        assert (await order(moving, "status"))["height"] == height
        await order(moving, "clear")
        assert await client.call("ping", timeout_s=5) == {}
        await client.subscribe("VirtualDaaScoreChanged")
        assert (await until(client, "VirtualDaaScoreChanged"))["virtualDaaScore"] > height


async def test_dropped_it_cuts_everyone_off_and_refuses_until_cleared(still: Running) -> None:
    async with KaspadClient(still.url) as client:
        await client.call("ping")
        await order(still, "drop")
        async with asyncio.timeout(5):
            (last,) = [item async for item in client.notifications()]
        assert isinstance(last, Closed)
        assert (last.code, client.closed) == (1006, last)
        with pytest.raises(NodeUnreachable, match="is closed"):
            await client.call("ping")
    with pytest.raises(NodeUnreachable):
        async with KaspadClient(still.url):
            pass
    await order(still, "clear")
    async with KaspadClient(still.url) as client:
        await client.call("ping")


async def test_lags_and_errs_as_told_until_cleared(still: Running) -> None:
    async with KaspadClient(still.url) as client:
        with pytest.raises(ControlError, match="it has no method getserverinfo; the closest name is getServerInfo"):
            await order(still, "error", method="getserverinfo", message="no")
        await order(still, "error", method="getServerInfo", message="ConsensusInTransitionalIbdState")
        with pytest.raises(NodeError, match="ConsensusInTransitionalIbdState"):
            await client.call("getServerInfo")
        faults = await order(still, "lag", ms=1000)
        assert faults == {
            "frozen": False,
            "dropped": False,
            "lag_ms": 1000,
            "errors": {"getServerInfo": "ConsensusInTransitionalIbdState"},
        }
        began = time.monotonic()
        await client.call("ping")
        assert time.monotonic() - began >= 1.0
        await order(still, "clear")
        began = time.monotonic()
        await client.call("getServerInfo")
        assert time.monotonic() - began < 1.0


async def test_following_everything_needs_unsaferpc(tmp_path: Path, still: Running) -> None:
    async with KaspadClient(still.url) as client:
        with pytest.raises(NodeError, match="unavailable in safe mode"):
            await client.subscribe("UtxosChanged", {"addresses": []})
    folder = tmp_path / "unsafe"
    folder.mkdir()
    with programs.simulated_kaspad(folder, "--unsaferpc") as unsafe:
        async with KaspadClient(unsafe.url) as client, KaspadClient(unsafe.url) as listener:
            await listener.subscribe("UtxosChanged", {"addresses": []})
            await mine(client, 2, B)
            assert (await until(listener, "UtxosChanged"))["added"][0]["address"] == B


async def test_without_utxoindex_it_knows_no_addresses_and_takes_subscriptions_silently(tmp_path: Path) -> None:
    with programs.simulated_kaspad(tmp_path, utxoindex=False) as node:
        async with KaspadClient(node.url) as client:
            assert (await client.call("getServerInfo"))["hasUtxoIndex"] is False
            for method in ("getUtxosByAddresses", "getBalancesByAddresses", "getCoinSupply"):
                with pytest.raises(NodeError, match=r"Run the node with the --utxoindex argument\."):
                    await client.call(method, {"addresses": [A]})
            await client.subscribe("UtxosChanged", {"addresses": [A]})
            await client.subscribe("VirtualDaaScoreChanged")
            await mine(client, 3, A)
            for _ in range(3):
                item = await anext(notifications(client))
                assert item.scope == "VirtualDaaScoreChanged"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_balances_outlive_a_restart(tmp_path: Path, how: int) -> None:
    with programs.simulated_kaspad(tmp_path) as node:
        await order(node, "pay", address=A, amount=5 * 10**8)
        await order(node, "mine", blocks=3)
        async with KaspadClient(node.url) as client:
            sink = (await client.call("getSink"))["sink"]
        programs.stop(node, how)
    with programs.simulated_kaspad(tmp_path) as node:
        async with KaspadClient(node.url) as client:
            assert await balance(client, A) == 5 * 10**8
            assert (await client.call("getSink"))["sink"] == sink
            await mine(client, 1, A)
            asked = {"startHash": sink, "includeAcceptedTransactionIds": True}
            assert len((await client.call("getVirtualChainFromBlock", asked))["addedChainBlockHashes"]) == 1
        await order(node, "reorg", depth=4)
        async with KaspadClient(node.url) as client:
            assert await balance(client, A) == 0, "the payment can still be taken back"


async def test_the_same_seed_gives_the_same_chain_to_begin_with(tmp_path: Path, still: Running) -> None:
    folder = tmp_path / "twin"
    folder.mkdir()
    with programs.simulated_kaspad(folder) as twin:
        async with KaspadClient(still.url) as client, KaspadClient(twin.url) as other:
            blocks = [await template(each, A) for each in (client, other)]
        paid = [await order(node, "pay", address=A, amount=10**9) for node in (still, twin)]
    assert blocks[0]["header"]["parentsByLevel"] == blocks[1]["header"]["parentsByLevel"]
    assert paid[0] == paid[1]


@pytest.mark.promise("The official kaspa SDK connects to the simulator unmodified and sees a payment", runs="ci")
async def test_the_official_sdk_connects_unmodified_and_sees_a_payment_arrive(moving: Running) -> None:
    sdk = await asyncio.create_subprocess_exec(
        sys.executable, SDK, "watch", moving.url, stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    assert sdk.stdout is not None
    async with asyncio.timeout(30):
        ready = json.loads(await sdk.stdout.readline())
        assert ready["ready"]["networkId"] == "simnet"
        assert ready["ready"]["hasUtxoIndex"] is True
        assert ready["balance"] == 0
        paid = await order(moving, "pay", address=A, amount=7 * 10**8)
        arrived = json.loads(await sdk.stdout.readline())
        assert await sdk.wait() == 0
    (added,) = arrived["added"]
    assert added["outpoint"]["transactionId"] == paid["transaction_id"]
    assert arrived["balance"] == 7 * 10**8


@pytest.mark.promise("The kaspad simulator says that it does not check signatures", runs="ci")
async def test_says_that_signatures_are_not_checked(still: Running) -> None:
    assert "signatures are not checked" in still.log.read_text()
    async with KaspadClient(still.url) as client:
        assert "signatures are not checked" in (await client.call("getSystemInfo"))["version"]
