"""Helpers for a simulated or real kaspad that use only its RPC."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from nodeclients.kaspad import KaspadClient, Notification

from tests.nodes.programs import Running

A = "kaspasim:qp8n2k7uklxq4aegau7vawtptkgxsja4kt99lpv6krctwpq8tpc656wlktmzx"
"""Of the private key 11..11."""
B = "kaspasim:qprx6l72u437tjcf5rgcwza4sq6ysprp0pu6zj2feu3zshcm4cljwd5me0nwt"
"""Of the private key 22..22."""
FEE = 1_000_000
SDK = Path(__file__).with_name("kaspa_sdk.py")


async def template(client: KaspadClient, address: str) -> dict[str, Any]:
    block: dict[str, Any] = (await client.call("getBlockTemplate", {"payAddress": address, "extraData": []}))["block"]
    return block


async def submit(client: KaspadClient, block: dict[str, Any]) -> dict[str, Any]:
    answer = await client.call("submitBlock", {"block": block, "allowNonDaaBlocks": False})
    report: dict[str, Any] = answer["report"]
    return report


async def mine(client: KaspadClient, blocks: int, address: str) -> None:
    """Mine blocks from templates, as a miner does."""
    for _ in range(blocks):
        assert await submit(client, await template(client, address)) == {"type": "success"}


async def ripe_coin(client: KaspadClient) -> dict[str, Any]:
    """The oldest coin of A. Mines blocks until it is spendable."""
    coins = await utxos(client, A)
    score = (await client.call("getServerInfo"))["virtualDaaScore"]
    oldest = min((coin["utxoEntry"]["blockDaaScore"] for coin in coins), default=score + 2)
    await mine(client, max(0, oldest + 1000 - score), A)
    return min(await utxos(client, A), key=lambda coin: int(coin["utxoEntry"]["blockDaaScore"]))


async def utxos(client: KaspadClient, address: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await client.call("getUtxosByAddresses", {"addresses": [address]}))["entries"]
    return entries


async def balance(client: KaspadClient, address: str) -> int:
    return int((await client.call("getBalanceByAddress", {"address": address}))["balance"])


def signed(entry: dict[str, Any], *outputs: tuple[str, int]) -> dict[str, Any]:
    """The coin `entry` of A spent to these outputs, signed by the official SDK."""
    request = json.dumps({"entry": entry, "outputs": outputs})
    done = subprocess.run(
        [sys.executable, SDK, "sign", request], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    transaction: dict[str, Any] = json.loads(done.stdout)
    return transaction


@contextlib.asynccontextmanager
async def clients(node: Running) -> AsyncIterator[tuple[KaspadClient, KaspadClient]]:
    """One connection to ask on, one for subscriptions."""
    async with KaspadClient(node.url) as asking, KaspadClient(node.url) as listening:
        yield asking, listening


async def notifications(client: KaspadClient) -> AsyncIterator[Notification]:
    """The notifications, until the connection closes."""
    async for item in client.notifications():
        assert isinstance(item, Notification), item
        yield item


async def until(client: KaspadClient, scope: str, seconds: float = 10) -> dict[str, Any]:
    """The body of the next notification of that kind; skips others."""
    async with asyncio.timeout(seconds):
        async for item in notifications(client):
            if item.scope == scope:
                return item.body
    raise AssertionError("the notifications ended")
