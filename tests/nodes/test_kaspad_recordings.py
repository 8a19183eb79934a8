"""Answers of the simulated kaspad have the shapes recorded from three versions (tests/data/kaspad)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from nodeclients.errors import NodeError
from nodeclients.kaspad import KaspadClient, Notification
from sandbox import control

from tests.nodes import programs
from tests.nodes.kaspa_help import FEE, A, B, balance, mine, notifications, ripe_coin, signed
from tests.nodes.programs import Running
from tests.nodes.shapes import differences

pytestmark = pytest.mark.anyio

RECORDINGS = Path(__file__).parents[1] / "data" / "kaspad"
NEW_IN_2 = frozenset({"storageMass", "covenant", "covenantId", "computeBudget"})
"""Keys that 0.15.0 does not send and later versions do."""
VERSIONS = {"2.1.0": frozenset[str](), "2.0.1": frozenset[str](), "0.15.0": NEW_IN_2}
NOT_SIMULATED = {"ban", "unban", "addPeer", "submitTransaction"}
"""The simulator has no peers; another test covers submitted transactions."""


def frames(version: str) -> list[dict[str, Any]]:
    lines = (RECORDINGS / f"simnet-{version}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(params=sorted(VERSIONS))
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Running]:
    """Started like the recorded nodes; blocks only on demand."""
    with programs.simulated_kaspad(tmp_path, "--unsaferpc") as running:
        yield running


def asked(recorded: list[dict[str, Any]], connections: tuple[str, ...]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """(step, request, answer or close) in the order of the wire."""
    waiting: dict[str, dict[str, Any]] = {}
    for line in recorded:
        if line["conn"] in connections and line["dir"] == ">":
            waiting[line["conn"]] = line
        elif line["conn"] in waiting and "Notification" not in str(line["frame"])[:60]:
            request = waiting.pop(line["conn"])
            yield request["step"], request["frame"], line


async def test_answers_on_a_fresh_chain_have_the_recorded_shape(version: str, simulator: Running) -> None:
    steps = [item for item in asked(frames(version), ("reads",)) if item[0].startswith("fresh: ")]
    assert len(steps) == 22
    async with KaspadClient(simulator.url) as client:
        for step, request, answer in steps:
            told = await _frame(client, request["method"], request["params"])
            found = list(differences(_without_id(answer["frame"]), told, VERSIONS[version] | {"gitHash"}, step))
            assert found == [] or found == [f"{step}.params.gitHash is list in the real one, str in the simulated"]
            if "error" in answer["frame"]:
                assert told["error"] == answer["frame"]["error"]


@pytest.mark.promise("The kaspad simulator answers in the recorded shapes of three real versions", runs="ci")
async def test_answers_on_a_mined_chain_have_the_recorded_shape(version: str, simulator: Running) -> None:
    steps = [item for item in asked(frames(version), ("reads",)) if item[0].startswith("mined: ")]
    assert len(steps) == 22
    async with KaspadClient(simulator.url) as client:
        await mine(client, 1205, A)
        for step, request, answer in steps:
            told = await _frame(client, request["method"], request["params"])
            assert list(differences(_without_id(answer["frame"]), told, VERSIONS[version], step)) == []
        one = {step: answer["frame"] for step, _, answer in asked(frames(version), ("reads",))}
        sink = (await client.call("getSink"))["sink"]
        block = await _frame(client, "getBlock", {"hash": sink, "includeTransactions": True})
        assert list(differences(_without_id(one["getBlock"]), block, VERSIONS[version], "getBlock")) == []
        parent = block["params"]["block"]["header"]["parentsByLevel"][0][0]
        way = await _frame(
            client, "getVirtualChainFromBlock", {"startHash": parent, "includeAcceptedTransactionIds": True}
        )
        recorded = _without_id(one["getVirtualChainFromBlock"])
        assert list(differences(recorded, way, VERSIONS[version], "way")) == []
        work = await _frame(client, "getBlockTemplate", {"payAddress": A, "extraData": []})
        assert list(differences(_without_id(one["getBlockTemplate"]), work, VERSIONS[version], "template")) == []


@pytest.mark.promise("The kaspad simulator answers wrong calls and malformed frames as recorded", runs="ci")
async def test_wrong_calls_and_frames_get_the_recorded_answer(version: str, simulator: Running) -> None:
    steps = list(asked(frames(version), ("fault",)))
    assert len(steps) == 16
    for step, request, answer in steps:
        async with websockets.connect(simulator.url, proxy=None) as socket:
            await socket.send(request)
            try:
                told = json.loads(await asyncio.wait_for(socket.recv(), 5))
            except websockets.ConnectionClosed:
                told = {"code": socket.close_code, "reason": socket.close_reason}
        recorded = answer["frame"]
        if "error" in recorded or answer["dir"] == "closed":
            assert told == recorded, step
        else:
            assert list(differences(recorded, told, path=step)) == []


async def test_notifications_have_the_recorded_shape(version: str, simulator: Running) -> None:
    recorded = [line["frame"] for line in frames(version) if line["step"] == "subscribe" and line["dir"] == "<"]
    by_scope: dict[str, dict[str, Any]] = {}
    for frame in recorded:
        if "id" not in frame:
            by_scope |= frame["params"]
    assert len(by_scope) == 6
    async with KaspadClient(simulator.url) as client, KaspadClient(simulator.url) as listener:
        for scope in by_scope:
            fields: dict[str, Any] = {"addresses": [A, B]} if scope == "UtxosChanged" else {}
            fields |= {"include_accepted_transaction_ids": True} if scope == "VirtualChainChanged" else {}
            await listener.subscribe(scope, fields)
        await mine(client, 3, A)
        seen: dict[str, Notification] = {}
        async for item in notifications(listener):
            seen[item.scope] = item
            if len(seen) == len(by_scope):
                break
        for scope, body in by_scope.items():
            assert list(differences(body, seen[scope].body, VERSIONS[version], scope)) == []


async def test_a_payment_goes_its_way_in_the_recorded_shapes(version: str, simulator: Running) -> None:
    recorded = {step: answer["frame"] for step, _, answer in asked(frames(version), ("reads",))}
    pool = {"includeOrphanPool": True, "filterTransactionPool": False}
    async with KaspadClient(simulator.url) as client:
        coin = await ripe_coin(client)
        half = coin["utxoEntry"]["amount"] // 2
        paid = {"transaction": signed(coin, (B, half), (A, half - FEE)), "allowOrphan": False}
        for step, method, params in (
            ("submitTransaction", "submitTransaction", paid),
            ("one in the mempool", "getMempoolEntries", pool),
            ("getMempoolEntriesByAddresses", "getMempoolEntriesByAddresses", {"addresses": [A, B], **pool}),
            ("submitted twice", "submitTransaction", paid),
        ):
            told = await _frame(client, method, params)
            assert list(differences(_without_id(recorded[step]), told, VERSIONS[version], step)) == []
        identity = told["error"]["message"].split()[2].rstrip(":")
        assert told["error"]["message"] == (
            f"Rejected transaction {identity}: transaction {identity} is already in the mempool"
        )


@pytest.mark.promise("The kaspad simulator reports a double spend across a split as the recorded node did", runs="ci")
async def test_a_lost_split_is_told_as_the_recorded_one_was(version: str, simulator: Running) -> None:
    """Four chain blocks go, a payment is taken back in one UtxosChanged, its coin is spent otherwise."""
    events = [line["frame"] for line in frames(version) if line["step"] == "reorg: events" and line["dir"] == "<"]
    changes = [frame["params"]["UtxosChanged"] for frame in events if "utxosChanged" in frame.get("method", "")]
    chains = [frame["params"]["VirtualChainChanged"] for frame in events if "virtualChain" in frame.get("method", "")]
    real_change = next(change for change in changes if any(entry["address"] == B for entry in change["removed"]))
    real_chain = next(chain for chain in chains if chain["removedChainBlockHashes"])
    assert len(real_chain["removedChainBlockHashes"]) == 4

    async with KaspadClient(simulator.url) as client, KaspadClient(simulator.url) as listener:
        await mine(client, 2, A)
        assert simulator.control is not None
        paid = await asyncio.to_thread(control.call, simulator.control, "pay", address=B, amount=25 * 10**8)
        await mine(client, 4, A)
        assert await balance(client, B) == 25 * 10**8
        before = await client.call("getBlocks", {"lowHash": None, "includeBlocks": False, "includeTransactions": False})
        await listener.subscribe("UtxosChanged", {"addresses": [A, B]})
        await listener.subscribe("VirtualChainChanged", {"include_accepted_transaction_ids": True})
        await asyncio.to_thread(control.call, simulator.control, "reorg", depth=4)
        seen = [await anext(notifications(listener)) for _ in range(2)]
        told = {item.scope: item.body for item in seen}
        assert set(told) == {"UtxosChanged", "VirtualChainChanged"}
        change, chain = told["UtxosChanged"], told["VirtualChainChanged"]
        assert list(differences(real_change, change, VERSIONS[version], "UtxosChanged")) == []
        assert list(differences(real_chain, chain, VERSIONS[version], "VirtualChainChanged")) == []

        lost = [entry for entry in change["removed"] if entry["address"] == B]
        assert [entry["outpoint"]["transactionId"] for entry in lost] == [paid["transaction_id"]]
        assert await balance(client, B) == 0
        newest_first = list(reversed(before["blockHashes"][-4:]))
        assert chain["removedChainBlockHashes"] == newest_first
        assert len(chain["addedChainBlockHashes"]) == 5
        way = await client.call(
            "getVirtualChainFromBlock", {"startHash": newest_first[0], "includeAcceptedTransactionIds": False}
        )
        assert way["removedChainBlockHashes"] == newest_first
        assert way["addedChainBlockHashes"] == chain["addedChainBlockHashes"]
        await mine(client, 2, A)
        assert await balance(client, B) == 0, "its coin is spent otherwise, so it does not come back"


async def _frame(client: KaspadClient, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The recorded answer without its id."""
    try:
        return {"method": method, "params": await client.call(method, params)}
    except NodeError as fault:
        return {"method": method, "error": {"code": fault.code, "message": fault.message, "data": None}}


def _without_id(frame: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in frame.items() if key != "id"}
