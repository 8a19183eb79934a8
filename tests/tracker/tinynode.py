"""A kaspad of a hundred lines for the faults that the simulator cannot be made to show at the right instant.

It speaks wRPC JSON as recorded (`tests/data/kaspad`), holds a set of unspent outputs that the test changes, and can be
silent, cut, unfit or wrong on demand. It runs in a thread of its own; the test calls its methods from outside.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from nodeclients.address import script_public_key
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

T = TypeVar("T")
Entry = dict[str, Any]
"""One entry of getUtxosByAddresses or UtxosChanged."""


@dataclass
class Behaviour:
    """What the node is and does; the test sets these."""

    network: str = "simnet"
    utxo_index: bool = True
    synced: bool = False
    silent: bool = False
    """Accepts connections and frames, answers nothing."""
    mute: bool = False
    """Accepts subscriptions and tells nothing (the fault of rusty-kaspa#960, or any silent loss)."""
    errors: dict[str, str] = field(default_factory=dict)
    """Method -> message that it answers with."""
    poison: dict[str, str] = field(default_factory=dict)
    """Address -> what it does to a question for unspent outputs: `refuses`, `malformed`, `twice`, `silent`, `closes`
    (this connection) or `dies` (all connections).
    """
    on_snapshot_read: Callable[[], None] | None = None
    """Called once between reading the outputs for getUtxosByAddresses and answering: the instant of the race."""


class TinyNode:
    """`with TinyNode(port) as node:` listens at ws://127.0.0.1:port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.behaviour = Behaviour()
        self._utxos: dict[tuple[str, int], Entry] = {}
        self._daa = 1000
        self._connections: dict[ServerConnection, set[str]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: Server | None = None
        self._overtake = threading.Event()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What a test does to it

    def listen(self) -> None:
        async def start() -> Server:
            return await serve(self._serve, "127.0.0.1", self.port, ping_interval=None)

        self._server = self._do(start())

    def stop(self) -> None:
        """As a node that is shut down: every connection closed cleanly, nothing listens."""
        server, self._server = self._server, None
        if server is not None:
            self._loop.call_soon_threadsafe(server.close)
            self._do(server.wait_closed())

    def cut(self) -> None:
        """Every TCP connection reset, without a closing frame; new ones are accepted."""

        def abort() -> None:
            for connection in list(self._connections):
                connection.transport.abort()

        self._loop.call_soon_threadsafe(abort)

    def change(self, add: Sequence[Entry] = (), remove: Sequence[Entry] = ()) -> None:
        """Change the set of outputs in one block and tell the subscribers."""
        self.tell("UtxosChanged", {"added": list(add), "removed": list(remove)}, self._commit(add, remove))

    def pay(self, address: str, amount: int, name: str) -> Entry:
        """A new output that pays `amount` sompi; its transaction id grows from `name`."""
        entry = output(address, amount, name, self._daa + 1)
        self.change(add=[entry])
        return entry

    def tell(self, scope: str, body: Any, addresses: set[str] | None = None) -> None:
        """Send a notification to whoever subscribed `addresses` (None: to all)."""
        method = scope[0].lower() + scope[1:] + "Notification"
        self.send_raw(json.dumps({"method": method, "params": {scope: body}}), addresses)

    def send_raw(self, frame: str, addresses: set[str] | None = None) -> None:
        """The same with any text as the frame."""

        async def send() -> None:
            if not self.behaviour.mute:
                for connection, wanted in list(self._connections.items()):
                    if wanted and (addresses is None or wanted & addresses):
                        await connection.send(frame)

        asyncio.run_coroutine_threadsafe(send(), self._loop)

    def watched(self) -> set[str]:
        """All addresses that living connections subscribed."""
        return set().union(*self._connections.values()) if self._connections else set()

    # What it does

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the node's thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _commit(self, add: Sequence[Entry], remove: Sequence[Entry]) -> set[str]:
        self._daa += 1
        for entry in remove:
            self._utxos.pop(_key(entry), None)
        for entry in add:
            self._utxos[_key(entry)] = entry
        return {entry["address"] for entry in [*add, *remove]}

    async def _serve(self, connection: ServerConnection) -> None:
        self._connections[connection] = set()
        try:
            async for frame in connection:
                request = json.loads(frame)
                effects = self._poisons(request)
                if effects & {"closes", "dies"}:
                    for each in list(self._connections) if "dies" in effects else [connection]:
                        each.transport.abort()
                    return
                if not self.behaviour.silent and "silent" not in effects:
                    answer = self._reply(connection, request)
                    if self._overtake.is_set():
                        self._overtake.clear()
                        await asyncio.sleep(0.1)  # the notification overtakes the answer
                    await connection.send(answer)
        except ConnectionClosed:
            pass
        finally:
            del self._connections[connection]

    def _reply(self, connection: ServerConnection, request: dict[str, Any]) -> str:
        answer = self._answer(connection, request["method"], request["params"])
        return json.dumps({"id": request["id"], "method": request["method"], **answer})

    def _answer(self, connection: ServerConnection, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method in self.behaviour.errors:
            return {"error": {"code": 0, "message": self.behaviour.errors[method], "data": None}}
        if "refuses" in self._poisons({"method": method, "params": params}):
            return {"error": {"code": 0, "message": "the index cannot be read here", "data": None}}
        return {"params": getattr(self, f"_{method}")(connection, params)}

    def _getServerInfo(self, *_: Any) -> dict[str, Any]:
        b = self.behaviour
        return {
            "rpcApiVersion": 1,
            "rpcApiRevision": 0,
            "serverVersion": "2.0.1",
            "networkId": b.network,
            "hasUtxoIndex": b.utxo_index,
            "isSynced": b.synced,
            "virtualDaaScore": self._daa,
        }

    def _getBlockDagInfo(self, *_: Any) -> dict[str, Any]:
        return {"network": self.behaviour.network, "virtualDaaScore": self._daa, "sink": "ab" * 32}

    def _getBalancesByAddresses(self, _: Any, params: dict[str, Any]) -> dict[str, Any]:
        sums = {address: self._outputs(address) for address in params["addresses"]}
        return {
            "entries": [
                {"address": address, "balance": sum(each["utxoEntry"]["amount"] for each in outputs) or None}
                for address, outputs in sums.items()
            ]
        }

    def _getUtxosByAddresses(self, _: Any, params: dict[str, Any]) -> dict[str, Any]:
        entries = [entry for address in params["addresses"] for entry in self._outputs(address)]
        effects = self._poisons({"method": "getUtxosByAddresses", "params": params})
        if "malformed" in effects:
            entries = [{**entry, "utxoEntry": {**entry["utxoEntry"], "amount": "5"}} for entry in entries]
        if "twice" in effects:
            entries = entries * 2
        hook, self.behaviour.on_snapshot_read = self.behaviour.on_snapshot_read, None
        if hook:
            hook()
            self._overtake.set()
        return {"entries": entries}

    def _subscribe(self, connection: ServerConnection, params: dict[str, Any]) -> dict[str, Any]:
        addresses = params.get("UtxosChanged", {}).get("addresses")
        assert addresses != [], "an empty list asks for every address there is"
        self._connections[connection] |= set(addresses or ())
        return {"id": 1}

    def _unsubscribe(self, connection: ServerConnection, params: dict[str, Any]) -> dict[str, Any]:
        self._connections[connection] -= set(params["UtxosChanged"]["addresses"])
        return {}

    def _poisons(self, request: dict[str, Any]) -> set[str]:
        """What the addresses of this question do to it."""
        asked = request["params"]["addresses"] if request["method"] == "getUtxosByAddresses" else ()
        return {self.behaviour.poison[address] for address in asked if address in self.behaviour.poison}

    def _outputs(self, address: str) -> list[Entry]:
        return [entry for entry in list(self._utxos.values()) if entry["address"] == address]


def output(address: str, amount: int, name: str, daa_score: int) -> Entry:
    """One entry as getUtxosByAddresses and UtxosChanged carry it."""
    return {
        "address": address,
        "outpoint": {"transactionId": name.encode().hex().rjust(64, "0"), "index": 0},
        "utxoEntry": {
            "amount": amount,
            "scriptPublicKey": script_public_key(address),
            "blockDaaScore": daa_score,
            "isCoinbase": False,
        },
    }


def _key(entry: Entry) -> tuple[str, int]:
    return entry["outpoint"]["transactionId"], entry["outpoint"]["index"]
