"""The errors of a kaspad. Runs on the simulator and, with --real, on the real node."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import websockets
from nodeclients.errors import NodeError
from nodeclients.kaspad import KaspadClient

from tests.nodes.kaspa_help import A
from tests.nodes.programs import Running

pytestmark = pytest.mark.anyio

NULL_OUTPOINT = "00" * 32


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("getBlock", {"hash": NULL_OUTPOINT, "includeTransactions": False}, f"cannot find header {NULL_OUTPOINT}"),
        (
            "getVirtualChainFromBlock",
            {"startHash": NULL_OUTPOINT, "includeAcceptedTransactionIds": True},
            "cannot find header",
        ),
        (
            "getMempoolEntry",
            {"transactionId": NULL_OUTPOINT, "includeOrphanPool": True, "filterTransactionPool": False},
            f"Transaction {NULL_OUTPOINT} not found",
        ),
        ("estimateNetworkHashesPerSecond", {"windowSize": 1}, "difficulty error: under min allowed window size"),
        ("addPeer", {"peerAddress": {"ip": "127.0.0.1", "port": 1}, "isPermanent": False}, "unavailable in safe mode"),
        ("shutdown", {}, "Method unavailable in safe mode. Run the node with --unsaferpc argument."),
        ("getHeaders", {"startHash": NULL_OUTPOINT, "limit": 1, "isAscending": True}, "Not implemented"),
        ("getBalanceByAddress", {}, "request deserialization error"),
        ("getBalanceByAddress", {"address": 5}, "request deserialization error"),
        ("getBalanceByAddress", {"address": "kaspa" + A[8:]}, "request deserialization error"),
        ("getBlock", {"hash": "zz", "includeTransactions": True}, "request deserialization error"),
        ("getMetrics", {}, "request deserialization error"),
        ("subscribe", {"Nothing": {}}, "request deserialization error"),
        ("subscribe", {"VirtualChainChanged": {}}, "request deserialization error"),
        ("subscribe", {"BlockAdded": {}, "NewBlockTemplate": {}}, "request deserialization error"),
    ],
)
async def test_answers_a_wrong_question_with_an_error(
    kaspad: Running, method: str, params: dict[str, Any], message: str
) -> None:
    async with KaspadClient(kaspad.url) as client:
        with pytest.raises(NodeError, match=re.escape(message)):
            await client.call(method, params)
        assert await client.call("ping") == {}


@pytest.mark.parametrize(
    "frame",
    [
        '{"id":1,"method":"getInfo"}',
        '{"id":1,"method":"getNothing","params":{}}',
        '{"id":1,"method":"Ping","params":{}}',
        '{"id":"1","method":"ping","params":{}}',
        '{"id":-1,"method":"ping","params":{}}',
        "{nope",
        "",
        "[]",
    ],
)
async def test_hangs_up_without_a_word_on_a_frame_it_cannot_read(kaspad: Running, frame: str) -> None:
    async with websockets.connect(kaspad.url, proxy=None) as socket:
        await socket.send(frame)
        with pytest.raises(websockets.ConnectionClosedError):
            await socket.recv()
        assert socket.close_code == 1006


async def test_takes_binary_frames_unknown_keys_and_calls_without_an_id(kaspad: Running) -> None:
    async with websockets.connect(kaspad.url, proxy=None) as socket:
        await socket.send('{"method":"ping","params":{}}')
        await socket.send(b'{"jsonrpc":"2.0","id":18446744073709551615,"method":"ping","params":[]}')
        assert json.loads(await socket.recv()) == {"id": 2**64 - 1, "method": "ping", "params": {}}
