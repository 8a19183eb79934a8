"""What clients of a kaspad can rely on. Runs on the simulator and, with --real, on the real node."""

from __future__ import annotations

import json
from typing import Any

import pytest
import websockets
from nodeclients.errors import NodeError, NodeUnreachable
from nodeclients.kaspad import KaspadClient
from nodeclients.kaspad_entries import ask_entries

from tests.nodes.kaspa_help import (
    FEE,
    A,
    B,
    balance,
    clients,
    mine,
    notifications,
    ripe_coin,
    signed,
    submit,
    template,
    until,
    utxos,
)
from tests.nodes.programs import Running
from tests.stage.ports import free_port

pytestmark = pytest.mark.anyio

NULL_OUTPOINT = "00" * 32


async def test_says_which_network_it_is_on_and_that_it_has_a_utxo_index(kaspad: Running) -> None:
    async with KaspadClient(kaspad.url) as client:
        info = await client.call("getServerInfo")
        assert info["networkId"] == "simnet"
        assert info["hasUtxoIndex"] is True
        assert (info["rpcApiVersion"], info["rpcApiRevision"]) == (1, 0)
        assert info["virtualDaaScore"] == (await client.call("getBlockDagInfo"))["virtualDaaScore"]


async def test_a_block_pays_the_miner_of_the_block_before_it(kaspad: Running) -> None:
    async with clients(kaspad) as (client, listener):
        await mine(client, 2, A)
        await listener.subscribe("UtxosChanged", {"addresses": [B]})
        await mine(client, 1, B)
        before = await balance(client, B)
        await mine(client, 1, A)
        added = (await until(listener, "UtxosChanged"))["added"]
        assert [entry["address"] for entry in added] == [B]
        assert added[0]["utxoEntry"]["isCoinbase"] is True
        assert await balance(client, B) == before + added[0]["utxoEntry"]["amount"]
        assert added[0] in await utxos(client, B)


async def test_tells_of_a_new_block_to_every_kind_of_subscriber(kaspad: Running) -> None:
    async with clients(kaspad) as (client, listener):
        for scope in ("BlockAdded", "NewBlockTemplate", "SinkBlueScoreChanged", "VirtualDaaScoreChanged"):
            await listener.subscribe(scope)
        await listener.subscribe("VirtualChainChanged", {"include_accepted_transaction_ids": True})
        parent = await client.call("getSink")
        block = await template(client, A)
        await submit(client, block)
        seen: dict[str, Any] = {}
        async for item in notifications(listener):
            seen[item.scope] = item.body
            if len(seen) == 5:
                break
        added = seen["BlockAdded"]["block"]
        assert added["verboseData"]["selectedParentHash"] == parent["sink"]
        assert seen["VirtualDaaScoreChanged"]["virtualDaaScore"] == block["header"]["daaScore"] + 1
        assert seen["SinkBlueScoreChanged"]["sinkBlueScore"] == block["header"]["blueScore"]
        chain = seen["VirtualChainChanged"]
        assert chain["addedChainBlockHashes"] == [added["header"]["hash"]]
        assert chain["removedChainBlockHashes"] == []
        before = (await client.call("getBlock", {"hash": parent["sink"], "includeTransactions": False}))["block"]
        accepted = [{"acceptingBlockHash": added["header"]["hash"]}]
        accepted[0]["acceptedTransactionIds"] = before["verboseData"]["transactionIds"]
        assert chain["acceptedTransactionIds"] == accepted


async def test_no_more_is_heard_after_unsubscribing(kaspad: Running) -> None:
    async with clients(kaspad) as (client, listener):
        await listener.subscribe("VirtualDaaScoreChanged")
        await listener.subscribe("SinkBlueScoreChanged")
        await listener.unsubscribe("VirtualDaaScoreChanged")
        await mine(client, 1, A)
        async for item in notifications(listener):
            assert item.scope == "SinkBlueScoreChanged"
            break


async def test_blocks_made_from_one_template_are_merged_side_by_side(kaspad: Running) -> None:
    async with KaspadClient(kaspad.url) as client:
        score = (await client.call("getServerInfo"))["virtualDaaScore"]
        twins = [await template(client, address) for address in (A, B)]
        for block in twins:
            assert await submit(client, block) == {"type": "success"}
        dag = await client.call("getBlockDagInfo")
        assert dag["virtualDaaScore"] == score + 2
        assert len(dag["tipHashes"]) == 2
        merging = await template(client, A)
        assert len(merging["header"]["parentsByLevel"][0]) == 2
        rewarded = {output["scriptPublicKey"][6:70] for output in merging["transactions"][0]["outputs"]}
        assert len(rewarded) == 2
        await submit(client, merging)
        assert len((await client.call("getBlockDagInfo"))["tipHashes"]) == 1


async def test_a_payment_waits_in_the_mempool_and_arrives_with_the_next_block(kaspad: Running) -> None:
    async with clients(kaspad) as (client, listener):
        coin = await ripe_coin(client)
        amount, before = coin["utxoEntry"]["amount"], await balance(client, B)
        paid = signed(coin, (B, amount // 2), (A, amount - amount // 2 - FEE))
        answer = await client.call("submitTransaction", {"transaction": paid, "allowOrphan": False})
        waiting = await client.call("getMempoolEntries", {"includeOrphanPool": False, "filterTransactionPool": False})
        (entry,) = waiting["mempoolEntries"]
        assert entry["fee"] == FEE
        told = entry["transaction"]["verboseData"]
        assert told["transactionId"] == answer["transactionId"]
        assert told["computeMass"] == 2036
        alone = {"transactionId": answer["transactionId"], "includeOrphanPool": True, "filterTransactionPool": False}
        assert (await client.call("getMempoolEntry", alone))["mempoolEntry"] == entry
        by_address = await client.call(
            "getMempoolEntriesByAddresses",
            {"addresses": [A, B], "includeOrphanPool": False, "filterTransactionPool": False},
        )
        found = {item["address"]: (len(item["sending"]), len(item["receiving"])) for item in by_address["entries"]}
        assert found == {A: (1, 1), B: (0, 1)}
        assert await balance(client, B) == before

        await listener.subscribe("UtxosChanged", {"addresses": [A, B]})
        await mine(client, 1, A)
        changed = await until(listener, "UtxosChanged")
        assert [item["outpoint"] for item in changed["removed"]] == [coin["outpoint"]]
        new = {item["outpoint"]["transactionId"] for item in changed["added"] if not item["utxoEntry"]["isCoinbase"]}
        assert new == {answer["transactionId"]}
        assert await balance(client, B) == before + amount // 2
        empty = await client.call("getMempoolEntries", {"includeOrphanPool": False, "filterTransactionPool": False})
        assert empty["mempoolEntries"] == []


@pytest.mark.promise("The kaspad simulator checks inputs, amounts, the fee floor and double spends", runs="ci")
async def test_refuses_transactions_that_break_a_rule_and_says_which(kaspad: Running) -> None:
    async with KaspadClient(kaspad.url) as client:
        coin = await ripe_coin(client)
        amount = coin["utxoEntry"]["amount"]
        half = amount // 2
        mined = [entry for entry in await utxos(client, A) if entry["utxoEntry"]["isCoinbase"]]
        young = max(mined, key=lambda entry: int(entry["utxoEntry"]["blockDaaScore"]))
        nowhere = coin | {"outpoint": {"transactionId": "ab" * 32, "index": 0}}
        for transaction, reason in (
            (signed(coin, (B, amount)), r"is not standard: transaction has 0 fees which is under the required amount"),
            (signed(coin, (B, amount + 1)), rf"tries to spend {amount + 1} while its total inputs amount is {amount}"),
            (signed(nowhere, (B, half)), r"is an orphan where orphan is disallowed"),
            (
                signed(young, (B, half)),
                r"spends an immature UTXO: .* tried to spend coinbase outpoint .* of 1000 hasn't",
            ),
            (
                signed(coin, (B, 10_000), (A, half)),
                r"transaction storage mass of \d+ is larger than max allowed size of 500000",
            ),
            (_with_output(signed(coin, (B, half)), 0), r"transaction output 0 has zero value"),
            (signed(coin, (B, half)) | {"inputs": []}, r"transaction has no inputs"),
        ):
            await _refused(client, transaction, reason)

        later = signed(coin, (B, half)) | {"version": 7}
        with pytest.raises(NodeError, match=r"sig_op_count is inconsistent with transaction version 7"):
            await client.call("submitTransaction", {"transaction": later, "allowOrphan": False})

        first = signed(coin, (B, half), (A, half - FEE))
        await client.call("submitTransaction", {"transaction": first, "allowOrphan": False})
        await _refused(client, first, r"is already in the mempool")
        rival = signed(coin, (B, half // 2), (A, half - FEE))
        await _refused(client, rival, r"output \(.*, \d+\) already spent by transaction .* in the mempool")
        await mine(client, 1, A)


async def test_refuses_blocks_that_break_a_rule(kaspad: Running) -> None:
    async with KaspadClient(kaspad.url) as client:
        count = (await client.call("getBlockCount"))["blockCount"]
        block = await template(client, A)
        for field, value in (
            ("hashMerkleRoot", NULL_OUTPOINT),
            ("parentsByLevel", [["ab" * 32]]),
            ("daaScore", 0),
            ("timestamp", 0),
            ("blueScore", 0),
        ):
            broken = json.loads(json.dumps(block))
            broken["header"][field] = value
            assert await submit(client, broken) == {"type": "reject", "reason": "blockInvalid"}, field
        assert (await client.call("getBlockCount"))["blockCount"] == count
        assert await submit(client, block) == {"type": "success"}
        assert await submit(client, block) == {"type": "success"}, "a block may be submitted twice"


async def test_the_virtual_chain_leads_from_any_chain_block_to_the_sink(kaspad: Running) -> None:
    async with KaspadClient(kaspad.url) as client:
        start = (await client.call("getSink"))["sink"]
        await mine(client, 3, A)
        asked = {"startHash": start, "includeAcceptedTransactionIds": True}
        way = await client.call("getVirtualChainFromBlock", asked)
        assert way["removedChainBlockHashes"] == []
        assert len(way["addedChainBlockHashes"]) == 3
        assert way["addedChainBlockHashes"][-1] == (await client.call("getSink"))["sink"]
        accepting = [item["acceptingBlockHash"] for item in way["acceptedTransactionIds"]]
        assert accepting == way["addedChainBlockHashes"]
        listed = await client.call(
            "getBlocks", {"lowHash": start, "includeBlocks": False, "includeTransactions": False}
        )
        assert listed["blockHashes"] == [start, *way["addedChainBlockHashes"]]


async def test_answers_in_the_order_of_the_questions(kaspad: Running) -> None:
    async with websockets.connect(kaspad.url, proxy=None) as socket:
        for number in range(20):
            method = "getInfo" if number % 2 else "ping"
            await socket.send(json.dumps({"id": number, "method": method, "params": {}}))
        assert [json.loads(await socket.recv())["id"] for _ in range(20)] == list(range(20))


async def test_the_unspent_outputs_can_be_read_in_parts(kaspad: Running) -> None:
    async with KaspadClient(kaspad.url) as client:
        await mine(client, 300, A)
        found: list[Any] = []
        asked: dict[str, Any] = {"addresses": [A]}
        await ask_entries(kaspad.url, "getUtxosByAddresses", asked, found.extend, silence_s=10, deadline_s=10)
        assert len(found) >= 299
        assert sorted(found, key=str) == sorted(await utxos(client, A), key=str)
        with pytest.raises(NodeError, match="request deserialization error"):
            await ask_entries(kaspad.url, "getUtxosByAddresses", {}, print, silence_s=10, deadline_s=10)


async def test_no_address_has_no_outputs(kaspad: Running) -> None:
    found: list[Any] = []
    asked: dict[str, Any] = {"addresses": []}
    await ask_entries(kaspad.url, "getUtxosByAddresses", asked, found.extend, silence_s=10, deadline_s=10)
    assert found == []


async def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with pytest.raises(NodeUnreachable, match="no connection to kaspad"):
        async with KaspadClient(f"ws://127.0.0.1:{free_port()}"):
            pass


async def _refused(client: KaspadClient, transaction: dict[str, Any], reason: str) -> None:
    with pytest.raises(NodeError, match=f"(?s)Rejected transaction .*: .*{reason}"):
        await client.call("submitTransaction", {"transaction": transaction, "allowOrphan": False})


def _with_output(transaction: dict[str, Any], amount: int) -> dict[str, Any]:
    transaction["outputs"][0]["value"] = amount
    return transaction
