"""Features of the simulated bitcoind only: control socket, blocks and payments by itself, faults on demand."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from nodeclients.bitcoind import BitcoindClient, PasswordFile, sats
from nodeclients.errors import NodeError, NodeUnreachable
from nodeclients.zmq import CounterCheck, ZmqSubscriber, sequence_event
from sandbox.control import ControlError, call

from tests.nodes import bitcoind_scenario, programs
from tests.nodes.bitcoind_scenario import OTHER, TAPROOT, TOPICS
from tests.nodes.conftest import program
from tests.nodes.programs import Running
from tests.nodes.test_bitcoind_client import client, listening

pytestmark = pytest.mark.anyio


@pytest.fixture
def still(tmp_path: Path) -> Iterator[Running]:
    """Blocks and transactions only on demand."""
    with programs.simulated_bitcoind(tmp_path) as running:
        yield running


async def order(node: Running, verb: str, **args: Any) -> dict[str, Any]:
    assert node.control is not None
    return await asyncio.to_thread(call, node.control, verb, **args)


async def paid_to(node: BitcoindClient, txid: str) -> int:
    """Satoshis in the first output of a transaction; 0 if it is spent."""
    found = await node.call("gettxout", txid, 0)
    return sats(found["value"]) if found else 0


async def test_moves_by_itself_and_stays_small(tmp_path: Path) -> None:
    with programs.simulated_bitcoind(tmp_path, block_s=30, tx_per_s=2) as node:
        process = psutil.Process(node.process.pid)
        async with ZmqSubscriber(node.zmq_address, TOPICS) as frames:
            counters, accepted = CounterCheck(), 0
            began, used = time.monotonic(), process.cpu_times()
            async with asyncio.timeout(20):
                while accepted < 8:
                    frame = await frames.receive()
                    assert counters.see(frame.topic, frame.counter) is None
                    accepted += frame.topic == "sequence" and sequence_event(frame.body).kind == "A"
            took, worked = time.monotonic() - began, process.cpu_times()
        info = await client(node).call("getblockchaininfo")
        assert info["initialblockdownload"] is False
        assert time.time() - info["time"] < 30, "blocks at the start, so that the tip is fresh"
        assert (await client(node).call("getmempoolinfo"))["size"] > 0
    assert (worked.user + worked.system - used.user - used.system) / took < 0.05


async def test_a_payment_waits_at_once_and_is_mined_with_the_next_block(still: Running) -> None:
    node = client(still)
    for address in (OTHER, TAPROOT):
        paid = await order(still, "pay", address=address, amount=123_456)
        assert paid["amount"] == 123_456
        assert paid["transaction_id"] in await node.call("getrawmempool")
        (block,) = (await order(still, "mine"))["blocks"]
        assert paid["transaction_id"] in (await node.call("getblock", block))["tx"]
        assert await paid_to(node, paid["transaction_id"]) == 123_456


async def test_refuses_orders_that_cannot_be_and_says_why(still: Running) -> None:
    for verb, args, reason in (
        ("pay", {"address": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "amount": 10**8}, "is not a regtest address"),
        ("pay", {"address": OTHER[:-1], "amount": 10**8}, "wrong checksum"),
        ("pay", {"address": OTHER, "amount": 10}, "the mempool rejects the transaction: dust"),
        ("pay", {"address": OTHER, "amount": 10**15}, "the simulator's wallet cannot pay"),
        ("mine", {"blocks": -1}, "between 1 and 10000"),
        ("reorg", {"depth": 1}, "the depth must be between 1 and 0"),
    ):
        with pytest.raises(ControlError, match=reason):
            await order(still, verb, **args)


async def test_a_reorg_takes_a_payment_back_and_is_told_block_by_block(still: Running) -> None:
    node = client(still)
    async with listening(still) as events:
        paid = (await order(still, "pay", address=OTHER, amount=10**8))["transaction_id"]
        await order(still, "mine", blocks=2)
        assert await paid_to(node, paid) == 10**8
        await events.until("rawblock")
        await events.until("rawblock")
        told = await order(still, "reorg", depth=2)
        words = await events.until("rawblock")
        sequence = [word for word in words if word.startswith("sequence")]
        assert sequence == ["sequence D"] * 2 + ["sequence C"] * 3
        assert words.count("rawtx") == 3 + 4, "two lost blocks with a payment, three new ones with its double spend"
        assert await node.call("getbestblockhash") == told["added"][-1]
        assert await paid_to(node, paid) == 0
        assert (await node.call("getblock", told["removed"][0]))["confirmations"] == -1
        await order(still, "mine")
        assert await paid_to(node, paid) == 0, "its coin is spent otherwise, so it does not come back"


@pytest.mark.promise("A client that follows the simulator's ZMQ always knows the mempool", runs="ci")
async def test_a_follower_of_zmq_always_knows_the_mempool(tmp_path: Path) -> None:
    """A, R and mined blocks, replacements and reorgs, at a rate far above the usual one."""
    with programs.simulated_bitcoind(tmp_path, tx_per_s=200) as node:
        rpc = client(node)
        async with ZmqSubscriber(node.zmq_address, ["sequence"]) as frames:
            followed, number = await _joined(rpc, frames)
            for verb, args in (("mine", {}), ("pay", {"address": OTHER, "amount": 10**7}), ("mine", {"blocks": 2})):
                await order(node, verb, **args)
            await order(node, "reorg", depth=2)
            await order(node, "mine", blocks=1)
            checks = 0
            async with asyncio.timeout(30):
                while checks < 20:
                    snapshot = await rpc.call("getrawmempool", False, True)
                    while number < snapshot["mempool_sequence"]:
                        number = await _follow(rpc, frames, followed, number)
                    if number == snapshot["mempool_sequence"]:
                        assert followed == set(snapshot["txids"])
                        checks += 1


async def _joined(rpc: BitcoindClient, frames: ZmqSubscriber) -> tuple[set[str], int]:
    """Core's own recipe (doc/zmq.md): subscribe, wait for an A or R, take a snapshot, go on from its number."""
    await frames.receive()
    snapshot = await rpc.call("getrawmempool", False, True)
    return set(snapshot["txids"]), snapshot["mempool_sequence"]


async def _follow(rpc: BitcoindClient, frames: ZmqSubscriber, followed: set[str], number: int) -> int:
    """Apply one event; the next mempool sequence number."""
    event = sequence_event((await frames.receive()).body)
    if event.mempool_sequence is not None:
        if event.mempool_sequence < number:
            return number  # already in the snapshot
        assert event.mempool_sequence == number, "nothing may be missing"
        followed.symmetric_difference_update({event.hash})
        return number + 1
    if event.kind == "C":
        mined = set((await rpc.call("getblock", event.hash))["tx"]) & followed
        followed -= mined
        return number + len(mined)
    return number


@pytest.mark.promise(
    "The bitcoind simulator can freeze, drop connections, lag and answer with errors until the fault is cleared",
    runs="ci",
)
async def test_frozen_dropped_lagging_and_erring_until_cleared(still: Running) -> None:
    hasty = BitcoindClient(
        "127.0.0.1", still.rpc_port, PasswordFile("host", still.password_file("host")), timeout_s=0.5
    )
    await order(still, "freeze")
    with pytest.raises(NodeUnreachable, match=r"did not answer uptime within 0\.5 s"):
        await hasty.call("uptime")
    await order(still, "clear")
    await hasty.call("uptime")

    with pytest.raises(ControlError, match="it has no method uptimes; the closest name is uptime"):
        await order(still, "error", method="uptimes", message="Loading block index")
    await order(still, "error", method="uptime", message="Loading block index")
    with pytest.raises(NodeError, match="Loading block index"):
        await hasty.call("uptime")
    await order(still, "lag", ms=200)
    began = time.monotonic()
    await hasty.call("getblockcount")
    assert time.monotonic() - began >= 0.2
    await order(still, "clear")

    async with listening(still) as events:
        await order(still, "drop")
        with pytest.raises(NodeUnreachable, match="no answer from bitcoind"):
            await hasty.call("uptime")
        await order(still, "mine", blocks=3)
        await order(still, "clear")
        await hasty.call("uptime")
        with pytest.raises(AssertionError):  # ZMQ comes back by itself, and its counters tell what was lost
            for _ in range(50):
                await order(still, "mine")
                with contextlib.suppress(TimeoutError):
                    await events.until("rawblock", seconds=0.3)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_balances_outlive_a_restart(tmp_path: Path, how: int) -> None:
    with programs.simulated_bitcoind(tmp_path) as node:
        paid = (await order(node, "pay", address=OTHER, amount=5 * 10**8))["transaction_id"]
        await order(node, "mine", blocks=310)
        tip = await client(node).call("getbestblockhash")
        programs.stop(node, how)
    with programs.simulated_bitcoind(tmp_path) as node:
        assert await client(node).call("getbestblockhash") == tip
        assert await paid_to(client(node), paid) == 5 * 10**8
        info = await client(node).call("getblockchaininfo")
        assert (info["pruned"], info["pruneheight"]) == (True, 141)
        with pytest.raises(NodeError, match="pruned data"):
            await client(node).call("getblock", await client(node).call("getblockhash", 140))
        await order(node, "mine", blocks=2)
        await order(node, "reorg", depth=10)
        assert await client(node).call("getblockcount") == 130 + 310 + 2 + 1


@pytest.mark.real_only
def test_a_real_bitcoind_takes_every_block_and_transaction_of_the_simulator(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every block of the simulated chain would be valid for a real node."""
    folders = [tmp_path / name for name in ("simulated", "real")]
    for folder in folders:
        folder.mkdir()
    real_program = program(request.config, "bitcoind")
    with (
        programs.simulated_bitcoind(folders[0], tx_per_s=100) as simulated,
        programs.real_bitcoind(real_program, folders[1]) as real,
    ):
        assert simulated.control is not None
        asked, judge = simulated.scenario(), real.scenario()
        _await_waiting(asked, 50)
        call(simulated.control, "pay", address=OTHER, amount=12_345_678)
        call(simulated.control, "mine", blocks=3)
        call(simulated.control, "reorg", depth=2)
        call(simulated.control, "mine", blocks=2)
        for height in range(1, asked.ask("getblockcount") + 1):
            raw = asked.ask("getblock", asked.ask("getblockhash", height), 0)
            assert judge.ask("submitblock", raw) is None
        assert judge.ask("getbestblockhash") == asked.ask("getbestblockhash")
        taken = 0
        for txid in _await_waiting(asked, 50):
            raw = asked.ask("getrawtransaction", txid)
            if raw is not None:  # not replaced in between
                assert judge.ask("sendrawtransaction", raw) == txid
                taken += 1
        assert taken > 40


def _await_waiting(node: bitcoind_scenario.Node, count: int) -> list[str]:
    """Ids in the mempool, once it holds so many."""
    deadline = time.monotonic() + 20
    while True:
        waiting: list[str] = node.ask("getrawmempool")
        if len(waiting) >= count:
            return waiting
        assert time.monotonic() < deadline
