"""What only the official `kaspa` SDK can do, each as a process of its own: it may abort at interpreter exit.

python kaspa_sdk.py sign JSON     sign the spending of a coin of key 11..11; prints the transaction as wRPC wants it
python kaspa_sdk.py watch URL     connect unmodified, follow address A, print one JSON line a thing seen
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import kaspa as _typed

kaspa: Any = _typed
"""Its stub says dict and coroutine otherwise than its run time does."""

KEY = kaspa.PrivateKey("11" * 32)
ADDRESS = KEY.to_public_key().to_address("simnet").to_string()


def sign(request: dict[str, Any]) -> None:
    """{"entry": a UTXO of getUtxosByAddresses, "outputs": [[address, sompi], ...]}"""
    entry = request["entry"]
    coin = {
        "address": ADDRESS,
        "outpoint": entry["outpoint"],
        "amount": entry["utxoEntry"]["amount"],
        "scriptPublicKey": kaspa.pay_to_address_script(kaspa.Address(ADDRESS)),
        "blockDaaScore": entry["utxoEntry"]["blockDaaScore"],
        "isCoinbase": entry["utxoEntry"]["isCoinbase"],
        "covenantId": None,
    }
    outputs = [{"address": address, "amount": amount} for address, amount in request["outputs"]]
    signed = kaspa.sign_transaction(kaspa.create_transaction([coin], outputs, 0), [KEY], True).to_dict()
    fields = ("version", "lockTime", "subnetworkId", "gas", "payload", "mass")
    in_fields = ("previousOutpoint", "signatureScript", "sequence", "sigOpCount")
    _say(
        {name: signed[name] for name in fields}
        | {"inputs": [{name: entry[name] for name in in_fields} for entry in signed["inputs"]]}
        | {"outputs": [{"value": out["value"], "scriptPublicKey": _script(out)} for out in signed["outputs"]]}
    )


async def watch(url: str) -> None:
    """Says `ready` once subscribed, then the first UtxosChanged and the balance after it."""
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    client = kaspa.RpcClient(url=url, encoding="json", network_id="simnet")
    client.add_event_listener("utxos-changed", lambda event: loop.call_soon_threadsafe(events.put_nowait, event))
    await client.connect(strategy="fallback", timeout_duration=5000)
    info = await client.get_server_info()
    await client.subscribe_utxos_changed([kaspa.Address(ADDRESS)])
    before = await client.get_balance_by_address({"address": ADDRESS})
    _say({"ready": info, "balance": before["balance"]})
    event = await asyncio.wait_for(events.get(), 20)
    after = await client.get_balance_by_address({"address": ADDRESS})
    _say({"added": event["added"], "balance": after["balance"]})


def _script(output: dict[str, Any]) -> str:
    return f"{output['scriptPublicKey']['version']:04x}{output['scriptPublicKey']['script']}"


def _say(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    try:
        if sys.argv[1] == "sign":
            sign(json.loads(sys.argv[2]))
        else:
            asyncio.run(watch(sys.argv[2]))
    except Exception as fault:
        print(f"{type(fault).__name__}: {fault}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
