"""The server of the control socket."""

from __future__ import annotations

import asyncio
import difflib
import json
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from nodeclients.links import CONTROL_SERVER

from sandbox.control import VERBS
from sandbox.faults import Faults

QUIET_S = CONTROL_SERVER.deadline_s
"""How long a caller may take to send a request, or to read its answer."""


class Refused(Exception):
    """The simulator refuses a verb; the message says why."""


class Simulator(Protocol):
    """The interface of a simulated node that the verbs use."""

    faults: Faults
    methods: Collection[str]
    """The RPC methods that it answers."""

    def pay(self, address: str, amount: int) -> str:
        """Pay an amount in base units and return the transaction id. Raises Refused if that is impossible."""
        ...

    def mine(self, blocks: int, address: str) -> Iterable[str]:
        """Mine blocks, one at each step; their hashes. An empty address stands for the simulator's own."""
        ...

    def reorg(self, depth: int) -> tuple[list[str], list[str]]:
        """Replace the last blocks; the hashes removed and added."""
        ...

    def status(self) -> dict[str, Any]: ...

    async def drop(self) -> None:
        """Close every connection and refuse new ones."""
        ...

    async def restore(self) -> None:
        """Accept connections again."""
        ...

    def save(self) -> None:
        """Write the state to disk."""
        ...

    def saving(self) -> Callable[[], None]:
        """Copy the state; the function that this returns writes the copy, in any thread."""
        ...


SLICE_S = 0.001
"""How long the node mines before it answers its clients; a call takes several turns of the event loop."""


async def save(simulator: Simulator) -> None:
    """Write the state while the node goes on answering."""
    async with simulator.faults.saving:
        await asyncio.to_thread(simulator.saving())


async def mine(simulator: Simulator, blocks: int, address: str) -> list[str]:
    """The hashes of the blocks. Between slices of them the node answers its clients."""
    hashes, until = [], time.monotonic() + SLICE_S
    for block_hash in simulator.mine(blocks, address):
        hashes.append(block_hash)
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + SLICE_S
    return hashes


async def serve(path: Path, simulator: Simulator) -> asyncio.Server:
    """Listen at `path`, accessible to the owner only. Replaces a socket that an earlier run left there."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await asyncio.wait_for(reader.readline(), QUIET_S):
                writer.write(json.dumps(await answer(simulator, line)).encode() + b"\n")
                await asyncio.wait_for(writer.drain(), QUIET_S)
        except (ConnectionError, TimeoutError, ValueError):  # gone, silent, or a line without end
            return
        finally:
            writer.close()

    return await asyncio.start_unix_server(handle, sock=_bound(path))


def _bound(path: Path) -> socket.socket:
    """A socket that appears at `path` only once it listens and has its final permissions."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(beside))
    beside.chmod(0o600)
    listener.listen()
    beside.replace(path)
    return listener


async def answer(simulator: Simulator, line: bytes) -> dict[str, Any]:
    """{"result": ...} or {"error": sentence} for one request line."""
    try:
        request = json.loads(line)
        verb = str(request.pop("verb"))
        if verb not in VERBS:
            return {"error": f"unknown verb {verb!r}; expected one of: {', '.join(VERBS)}"}
        return {"result": await _execute(simulator, verb, request)}
    except Refused as fault:
        return {"error": str(fault)}
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        return {"error": f"invalid request: {fault}"}


async def _execute(simulator: Simulator, verb: str, args: Mapping[str, Any]) -> dict[str, Any]:
    faults = simulator.faults
    match verb:
        case "pay":
            amount = int(args["amount"])
            transaction_id = simulator.pay(str(args["address"]), amount)
            await save(simulator)
            return {"transaction_id": transaction_id, "amount": amount}
        case "mine":
            blocks = await mine(simulator, int(args.get("blocks", 1)), str(args.get("address", "")))
            await save(simulator)
            return {"blocks": blocks, "height": simulator.status()["height"]}
        case "reorg":
            removed, added = simulator.reorg(int(args["depth"]))
            await save(simulator)
            return {"removed": removed, "added": added}
        case "status":
            return {**simulator.status(), "faults": faults.as_json()}
        case _:
            await _FAULTS[verb](simulator, args)
            return faults.as_json()


async def _freeze(simulator: Simulator, _args: Mapping[str, Any]) -> None:
    simulator.faults.freeze()


async def _drop(simulator: Simulator, _args: Mapping[str, Any]) -> None:
    simulator.faults.dropped = True
    await simulator.drop()


async def _lag(simulator: Simulator, args: Mapping[str, Any]) -> None:
    simulator.faults.lag_s = max(0.0, float(args["ms"]) / 1000)


async def _error(simulator: Simulator, args: Mapping[str, Any]) -> None:
    method, message = str(args["method"]), str(args["message"])
    if method not in simulator.methods:
        close = difflib.get_close_matches(method, simulator.methods, 1)
        raise Refused(f"it has no method {method}" + (f"; the closest name is {close[0]}" if close else ""))
    simulator.faults.errors[method] = message


async def _clear(simulator: Simulator, _args: Mapping[str, Any]) -> None:
    was_dropped = simulator.faults.dropped
    simulator.faults.clear()
    if was_dropped:
        await simulator.restore()


_FAULTS: dict[str, Callable[[Simulator, Mapping[str, Any]], Awaitable[None]]] = {
    "freeze": _freeze,
    "drop": _drop,
    "lag": _lag,
    "error": _error,
    "clear": _clear,
}
