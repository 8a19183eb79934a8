"""What clients of a bitcoind can rely on. Runs on the simulator and, with --real, on the real node."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from embit.transaction import Transaction
from nodeclients.bitcoind import BitcoindClient, CookieFile, PasswordFile, sats
from nodeclients.errors import NodeError, NodeRefused, NodeUnreachable
from nodeclients.zmq import CounterCheck, Frame, ZmqSubscriber, sequence_event

from tests.nodes.bitcoind_scenario import ANYONE, COIN, NOBODY, OTHER, TOPICS, spend
from tests.nodes.programs import Running
from tests.stage.ports import free_port

pytestmark = pytest.mark.anyio


def client(node: Running, user: str = "host") -> BitcoindClient:
    return BitcoindClient("127.0.0.1", node.rpc_port, PasswordFile(user, node.password_file(user)))


async def coin(node: BitcoindClient) -> tuple[str, int, int]:
    """A mature coin that anyone can spend: transaction id, output, satoshis."""
    (block,) = await node.call("generatetoaddress", 1, ANYONE)
    await node.call("generatetoaddress", 100, OTHER)
    txid = (await node.call("getblock", block))["tx"][0]
    return txid, 0, sats((await node.call("gettxout", txid, 0))["value"])


@contextlib.asynccontextmanager
async def listening(node: Running) -> AsyncIterator[Events]:
    """An active subscription: mines blocks until one is announced."""
    async with ZmqSubscriber(node.zmq_address, TOPICS) as frames:
        events = Events(frames)
        asking = client(node)
        for _ in range(100):
            (block,) = await asking.call("generatetoaddress", 1, OTHER)
            with contextlib.suppress(TimeoutError):
                await events.until("rawblock", seconds=0.3)
                break
        while events.seen[-1].body[:80] != bytes.fromhex(await asking.call("getblockheader", block, False)):
            await events.until("rawblock")
        events.seen.clear()
        yield events


class Events:
    """The received frames; every counter must increase by one."""

    def __init__(self, frames: ZmqSubscriber) -> None:
        self._frames = frames
        self._counters = CounterCheck()
        self.seen: list[Frame] = []

    async def until(self, topic: str, letter: str = "", seconds: float = 10) -> list[str]:
        """Frames up to the next one of `topic` (and, on sequence, `letter`), as words: "rawtx", "sequence A"."""
        words = []
        async with asyncio.timeout(seconds):
            while True:
                frame = await self._frames.receive()
                assert self._counters.see(frame.topic, frame.counter) is None
                self.seen.append(frame)
                kind = sequence_event(frame.body).kind if frame.topic == "sequence" else ""
                words.append(f"{frame.topic} {kind}".strip())
                if frame.topic == topic and kind == letter:
                    return words


async def test_refuses_a_wrong_password_and_a_method_outside_the_whitelist(bitcoind: Running, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("wrong")
    with pytest.raises(NodeRefused) as refused:
        await BitcoindClient("127.0.0.1", bitcoind.rpc_port, PasswordFile("host", wrong)).call("uptime")
    assert refused.value.code == 401
    limited = client(bitcoind, "watch")
    assert (await limited.call("getblockchaininfo"))["chain"] == "regtest"
    with pytest.raises(NodeRefused, match="does not let this user call uptime"):
        await limited.call("uptime")


async def test_reads_a_password_again_after_it_was_refused(bitcoind: Running, tmp_path: Path) -> None:
    file = tmp_path / "cookie"
    right = f"host:{bitcoind.password_file('host').read_text()}"
    file.write_text(right)
    node = BitcoindClient("127.0.0.1", bitcoind.rpc_port, CookieFile(file))
    await node.call("uptime")
    file.write_text("__cookie__:old")
    assert isinstance(await node.call("uptime"), int), "the known one is still good"
    with pytest.raises(NodeRefused):
        await BitcoindClient("127.0.0.1", bitcoind.rpc_port, CookieFile(file)).call("uptime")
    with pytest.raises(NodeRefused, match="cannot read the RPC credentials"):
        await BitcoindClient("127.0.0.1", bitcoind.rpc_port, CookieFile(tmp_path / "none")).call("uptime")


async def test_the_chain_begins_with_regtests_genesis_block(bitcoind: Running) -> None:
    genesis = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
    assert await client(bitcoind).call("getblockhash", 0) == genesis


async def test_a_mined_block_is_real_bytes_with_proof_of_work(bitcoind: Running) -> None:
    node = client(bitcoind)
    txid, vout, amount = await coin(node)
    await node.call("sendrawtransaction", spend(txid, vout, [(OTHER, COIN), (ANYONE, amount - COIN - 10_000)]))
    (block,) = await node.call("generatetoaddress", 1, ANYONE)
    raw = bytes.fromhex(await node.call("getblock", block, 0))
    header_hash = _double_sha256(raw[:80])
    assert header_hash[::-1].hex() == block
    assert int.from_bytes(header_hash, "little") <= 0x7FFFFF << 232
    first, second = _transactions(raw)
    assert _double_sha256(first.txid()[::-1] + second.txid()[::-1]) == raw[36:68]
    assert sum(out.value for out in first.vout) % (COIN // 4) == 10_000, "the miner gets the fee"
    witness_root = _double_sha256(bytes(32) + _double_sha256(second.serialize()))
    assert first.vout[1].script_pubkey.data[6:] == _double_sha256(witness_root + bytes(32))


async def test_a_new_block_is_told_over_zmq_after_its_transactions(bitcoind: Running) -> None:
    async with listening(bitcoind) as events:
        (block,) = await client(bitcoind).call("generatetoaddress", 1, OTHER)
        assert await events.until("rawblock") == ["rawtx", "sequence C", "rawblock"]
        rawtx, connected, rawblock = events.seen
        assert sequence_event(connected.body).hash == block
        assert _double_sha256(rawblock.body[:80])[::-1].hex() == block
        assert rawtx.body in rawblock.body


async def test_a_transaction_is_told_when_accepted_replaced_and_mined(bitcoind: Running) -> None:
    node = client(bitcoind)
    txid, vout, amount = await coin(node)
    async with listening(bitcoind) as events:
        first = spend(txid, vout, [(OTHER, COIN), (ANYONE, amount - COIN - 10_000)])
        paid = await node.call("sendrawtransaction", first)
        assert await events.until("sequence", "A") == ["rawtx", "sequence A"]
        assert events.seen[0].body.hex() == first
        added = sequence_event(events.seen[1].body)
        assert added.hash == paid
        known = await node.call("getrawmempool", False, True)
        assert known["txids"] == [paid]
        assert added.mempool_sequence is not None
        assert known["mempool_sequence"] == added.mempool_sequence + 1, "the next number"

        events.seen.clear()
        better = await node.call(
            "sendrawtransaction", spend(txid, vout, [(OTHER, COIN), (ANYONE, amount - COIN - 50_000)])
        )
        assert await events.until("sequence", "A") == ["sequence R", "rawtx", "sequence A"]
        removed, _, again = events.seen
        assert sequence_event(removed.body).hash == paid
        assert sequence_event(removed.body).mempool_sequence == known["mempool_sequence"]
        assert sequence_event(again.body).hash == better
        assert sequence_event(again.body).mempool_sequence == known["mempool_sequence"] + 1

        await node.call("generatetoaddress", 1, OTHER)
        assert await events.until("rawblock") == ["rawtx", "rawtx", "sequence C", "rawblock"], "mined is not removed"
        after = await node.call("getrawmempool", False, True)
        assert after == {"txids": [], "mempool_sequence": known["mempool_sequence"] + 3}


async def test_unconfirmed_parents_and_children_know_each_other_and_go_together(bitcoind: Running) -> None:
    node = client(bitcoind)
    txid, vout, amount = await coin(node)
    parent = await node.call("sendrawtransaction", spend(txid, vout, [(ANYONE, amount - 10_000)]))
    child = await node.call("sendrawtransaction", spend(parent, 0, [(ANYONE, amount - 20_000)]))
    entries = await node.call("getrawmempool", True)
    assert entries[parent]["spentby"] == [child]
    assert entries[child]["depends"] == [parent]
    assert (entries[parent]["descendantcount"], entries[child]["ancestorcount"]) == (2, 2)
    assert sats(entries[child]["fees"]["ancestor"]) == 20_000
    await node.call("sendrawtransaction", spend(txid, vout, [(OTHER, amount - 60_000)]))
    assert not {parent, child} & set(await node.call("getrawmempool")), "the child goes with its replaced parent"
    await node.call("generatetoaddress", 1, OTHER)


@pytest.mark.parametrize(
    ("method", "params", "code", "message"),
    [
        ("getnothing", (), -32601, "Method not found"),
        ("getblockhash", (10_000_000,), -8, "Block height out of range"),
        ("getblockhash", ("1",), -3, "JSON value of type string is not of expected type number"),
        ("getblockhash", (), -1, "getblockhash height"),
        ("getblock", (NOBODY,), -5, "Block not found"),
        ("getblock", ("00",), -8, "blockhash must be of length 64"),
        ("getrawtransaction", (NOBODY,), -5, "No such mempool transaction"),
        ("getmempoolentry", (NOBODY,), -5, "Transaction not in mempool"),
        ("sendrawtransaction", ("00",), -22, "TX decode failed"),
        ("sendrawtransaction", (spend(NOBODY, 0, [(OTHER, COIN)]),), -25, "bad-txns-inputs-missingorspent"),
        ("generatetoaddress", (1, "nonsense"), -5, "Invalid address"),
    ],
)
async def test_keeps_the_nodes_error_codes(
    bitcoind: Running, method: str, params: tuple[Any, ...], code: int, message: str
) -> None:
    with pytest.raises(NodeError) as fault:
        await client(bitcoind).call(method, *params)
    assert fault.value.code == code
    assert message in fault.value.message


async def test_a_batch_gives_results_in_order_and_faults_as_values(bitcoind: Running) -> None:
    calls: list[tuple[str, list[Any]]] = [("getblockhash", [0]), ("getblockhash", [10_000_000]), ("getblockcount", [])]
    genesis, fault, height = await client(bitcoind).batch(calls)
    assert genesis == await client(bitcoind).call("getblockhash", 0)
    assert isinstance(fault, NodeError)
    assert fault.code == -8
    assert height == await client(bitcoind).call("getblockcount")


async def test_a_port_where_nobody_listens_is_unreachable(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("x")
    with pytest.raises(NodeUnreachable, match="no answer from bitcoind"):
        await BitcoindClient("127.0.0.1", free_port(), PasswordFile("host", password)).call("uptime")


def _double_sha256(value: bytes) -> bytes:
    return sha256(sha256(value).digest()).digest()


def _transactions(block: bytes) -> list[Transaction]:
    """Parsed by embit, which knows nothing of our own parser. Fewer than 253."""
    stream = BytesIO(block[81:])
    found = [Transaction.read_from(stream) for _ in range(block[80])]
    assert not stream.read()
    return found
