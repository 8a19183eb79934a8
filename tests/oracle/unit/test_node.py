"""What bitcoind's answers mean for the oracle, from a server that gives them as bitcoind does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from nodeclients.bitcoind import BitcoindClient, PasswordFile
from nodeclients.errors import NodeError, NodeFault
from oracle.live.node import FlowPrice, Node, Status
from oracle.web.generator_price import ASK_AGAIN_S, ASK_EVERY_S, GeneratorPrice

TIP = "11" * 32
CHAIN = {
    **{"chain": "main", "blocks": 800_000, "headers": 800_000, "bestblockhash": TIP},
    **{"verificationprogress": 1.0, "initialblockdownload": False},
}
MEMPOOL = {"loaded": True, "size": 7}
GONE = {"code": -5, "message": "Transaction not in mempool"}
PRUNED = {"code": -1, "message": "Block not available (pruned data)"}
UNKNOWN = {"code": -32601, "message": "Method not found"}
WARMING = {"code": -28, "message": "Loading block index…"}


class Failure(dict[str, Any]):
    """An error in place of a result: its code and message."""


Answers = Mapping[str, Any] | Callable[[str, list[Any]], Any]
"""Method -> result, or a function of method and parameters. A method that is not there is forbidden."""


@asynccontextmanager
async def answering(answers: Answers, password: Path) -> AsyncIterator[Node]:
    def answer(call: dict[str, Any]) -> dict[str, Any]:
        method, params = call["method"], call["params"]
        found = answers(method, params) if callable(answers) else answers[method]
        failed = isinstance(found, Failure)
        return {"id": call["id"], "result": None if failed else found, "error": found if failed else None}

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        asked = json.loads(await reader.readexactly(length))
        status, body = b"200 OK", b""
        try:
            body = json.dumps([answer(call) for call in asked] if isinstance(asked, list) else answer(asked)).encode()
        except KeyError:
            status = b"403 Forbidden"
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Node(BitcoindClient("127.0.0.1", port, PasswordFile("oracle", password), timeout_s=5), "mainnet")


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[Answers, Callable[[Node], Awaitable[Any]]], Any]:
    """`ask(answers, lambda node: node.status())`."""

    password = tmp_path / "password"
    password.write_text("secret")

    async def scene(answers: Answers, question: Callable[[Node], Awaitable[Any]]) -> Any:
        async with answering(answers, password) as node:
            return await question(node)

    return lambda answers, question: asyncio.run(scene(answers, question))


Ask = Callable[[Answers, Callable[[Node], Awaitable[Any]]], Any]


def test_a_node_that_can_be_relied_on_says_where_it_stands(ask: Ask) -> None:
    status = ask({"getblockchaininfo": CHAIN, "getmempoolinfo": MEMPOOL}, lambda node: node.status())
    assert status == Status("", 800_000, bytes.fromhex(TIP), 7)


@pytest.mark.promise(
    "Initial download, sync, an unloaded mempool and warming up (-28) mean not ready, with the reason",
    runs="ci",
)
@pytest.mark.parametrize(
    ("chain", "mempool", "fault"),
    [
        (Failure(WARMING), Failure(WARMING), "bitcoind is loading: Loading block index…"),
        (
            {**CHAIN, "blocks": 300_000, "verificationprogress": 0.1234, "initialblockdownload": True},
            MEMPOOL,
            "bitcoind is syncing: 12.34 %, block 300000 of 800000",
        ),
        (
            {**CHAIN, "initialblockdownload": True},
            MEMPOOL,
            "bitcoind is in its initial block download: no recent block at height 800000",
        ),
        (CHAIN, {**MEMPOOL, "loaded": False}, "bitcoind is still loading its mempool"),
        ({**CHAIN, "chain": "signet"}, MEMPOOL, "bitcoind is on chain signet, but main is required"),
    ],
)
def test_a_node_that_is_not_there_yet_says_why(ask: Ask, chain: Any, mempool: Any, fault: str) -> None:
    answers = {"getblockchaininfo": chain, "getmempoolinfo": mempool}
    assert ask(answers, lambda node: node.status()).fault == fault


def test_a_header_that_came_before_its_block_is_no_sync(ask: Ask) -> None:
    answers = {"getblockchaininfo": {**CHAIN, "headers": 800_002}, "getmempoolinfo": MEMPOOL}
    assert ask(answers, lambda node: node.status()).fault == ""


@pytest.mark.promise("Answers of an unexpected shape are a fault of the node", runs="ci")
@pytest.mark.parametrize(
    "strange", [None, [], 5, "main", {}, {**CHAIN, "bestblockhash": "xyz"}, {**CHAIN, "blocks": {}}]
)
def test_answers_of_another_shape_are_a_fault_of_the_node(ask: Ask, strange: Any) -> None:
    fault = ask({"getblockchaininfo": strange, "getmempoolinfo": MEMPOOL}, lambda node: node.status()).fault
    assert "the answer to getblockchaininfo does not look like bitcoind's" in fault


def test_topics_of_another_shape_are_a_fault_of_the_node_too(ask: Ask) -> None:
    with pytest.raises(NodeError, match="getzmqnotifications"):
        ask({"getzmqnotifications": [{"topic": "pubrawtx"}]}, lambda node: node.topics_fault())


def test_each_missing_topic_names_its_flag(ask: Ask) -> None:
    told = [{"type": "pubrawtx"}, {"type": "pubhashblock"}]
    fault = ask({"getzmqnotifications": told}, lambda node: node.topics_fault())
    assert fault.endswith("start it with -zmqpubrawblock and -zmqpubsequence")
    told += [{"type": "pubrawblock"}, {"type": "pubsequence"}]
    assert ask({"getzmqnotifications": told}, lambda node: node.topics_fault()) == ""


@pytest.mark.promise("A pruned node is enough: missing blocks are skipped", runs="ci")
def test_a_pruned_node_gives_the_blocks_that_it_has(ask: Ask) -> None:
    def pruned(method: str, params: list[Any]) -> Any:
        if method == "getblockhash":
            return f"{params[0]:064x}"
        height = int(params[0], 16)
        return Failure(PRUNED) if height < 12 else f"{height:02x}" * 4

    async def blocks(node: Node, skip: set[bytes]) -> list[bytes]:
        return [raw async for raw in node.blocks(10, 14, skip)]

    assert ask(pruned, lambda node: blocks(node, set())) == [bytes([n]) * 4 for n in (12, 13, 14)]
    known = bytes.fromhex(f"{13:064x}")[::-1]
    assert ask(pruned, lambda node: blocks(node, {known})) == [bytes([n]) * 4 for n in (12, 14)]


def test_what_left_meanwhile_is_passed_over(ask: Ask) -> None:
    def mempool(method: str, params: list[Any]) -> Any:
        if params[0] == "gone":
            return Failure(GONE)
        return {"time": 1000 if params[0] == "old" else 2000} if method == "getmempoolentry" else "0102"

    txids = ["new", "gone", "old"]
    assert ask(mempool, lambda node: node.waiting_since(txids, 1500)) == [("new", 2000.0)]
    assert ask(mempool, lambda node: node.raw(txids)) == [b"\x01\x02", None, b"\x01\x02"]


@pytest.mark.parametrize("entry", [{}, {"time": "yesterday"}, 5])
def test_an_entry_without_a_time_is_a_fault_of_the_node(ask: Ask, entry: Any) -> None:
    with pytest.raises(NodeFault, match="getmempoolentry"):
        ask({"getmempoolentry": entry}, lambda node: node.waiting_since(["a"], 0))


def test_a_simulator_tells_what_its_flow_is_made_at(ask: Ask) -> None:
    told = {"getflowprice": {"usd": 64_000.5, "at": 1000}}
    assert ask(told, lambda node: node.flow_price()) == FlowPrice(64_000.5, 1000.0)


@pytest.mark.parametrize("answers", [{"getflowprice": Failure(UNKNOWN)}, {}])
def test_a_real_node_does_not_know_the_method_and_may_forbid_it(ask: Ask, answers: Answers) -> None:
    assert ask(answers, lambda node: node.flow_price()) is None


@pytest.mark.parametrize("usd", [None, "much", 0, -1, float("nan"), float("inf"), 10**400])
def test_a_flow_price_that_is_none_is_a_fault_of_the_node(ask: Ask, usd: Any) -> None:
    with pytest.raises(NodeFault, match="getflowprice"):
        ask({"getflowprice": {"usd": usd, "at": 1000}}, lambda node: node.flow_price())


def test_who_tells_is_asked_often_and_who_does_not_seldom(ask: Ask) -> None:
    flow = GeneratorPrice()
    told = {"getflowprice": {"usd": 64_000, "at": 1000}}
    assert ask(told, flow.ask) == ASK_EVERY_S
    assert ask({"getflowprice": Failure(WARMING)}, flow.ask) == ASK_EVERY_S
    assert flow.latest == FlowPrice(64_000.0, 1000.0), "a node that cannot say now has not taken it back"
    assert ask({"getflowprice": Failure(UNKNOWN)}, flow.ask) == ASK_AGAIN_S
    assert flow.latest is None
