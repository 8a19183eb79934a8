"""What a client may ask of bitcoind on regtest, in one order, against whatever speaks its protocol.

Each step is one exchange: {"step", "call", "status", "answer"}, or {"step", "zmq": [[topic, length of body,
letter]]}. The recorder writes them down from the real node; a test holds the simulator's against them. Transactions
are made with embit, a foreign implementation; coins pay to the script OP_TRUE behind a witness script hash, so
nothing has to be signed.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import zmq
from embit.script import Script, Witness
from embit.transaction import Transaction, TransactionInput, TransactionOutput
from nodeclients import segwit

COIN = 100_000_000
ANYONE = segwit.encode("bcrt", 0, sha256(b"\x51").digest())
OTHER = segwit.encode("bcrt", 0, b"\x07" * 20)
TAPROOT = segwit.encode("bcrt", 1, bytes.fromhex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"))
TOPICS = ("rawtx", "rawblock", "sequence")
NOBODY = "00" * 32


@dataclass
class Node:
    """Address and credentials."""

    host: str
    port: int
    zmq_address: str
    user: str
    password: str
    limited_user: str
    """May call getblockchaininfo and getzmqnotifications, nothing else."""
    limited_password: str
    steps: list[dict[str, Any]] = field(default_factory=list)

    def post(self, body: bytes, user: str, password: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        connection.request("POST", "/", body, {"Authorization": f"Basic {basic}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def raw(self, step: str, body: str, user: str = "", password: str = "") -> None:
        status, text = self.post(body.encode(), user or self.user, password or self.password)
        self.steps.append({"step": step, "call": body, "status": status, "answer": _parsed(text)})

    def ask(self, method: str, *params: Any, step: str = "", quiet: bool = False) -> Any:
        call = {"jsonrpc": "1.0", "id": 1, "method": method, "params": list(params)}
        status, text = self.post(json.dumps(call).encode(), self.user, self.password)
        answer = _parsed(text)
        if not quiet:
            self.steps.append({"step": step or method, "call": call, "status": status, "answer": answer})
        return answer.get("result") if isinstance(answer, dict) else answer


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def spend(txid: str, vout: int, outputs: list[tuple[str, int]], sequence: int = 0xFFFFFFFD) -> str:
    """Raw hex of a transaction that spends an OP_TRUE coin."""
    entry = TransactionInput(bytes.fromhex(txid), vout, sequence=sequence, witness=Witness([b"\x51"]))
    paid = [TransactionOutput(amount, Script(segwit.script(address))) for address, amount in outputs]
    return str(Transaction(2, [entry], paid).to_string())


READS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("getblockchaininfo", ()),
    ("getblockcount", ()),
    ("getbestblockhash", ()),
    ("getnetworkinfo", ()),
    ("getpeerinfo", ()),
    ("getconnectioncount", ()),
    ("getmempoolinfo", ()),
    ("getrawmempool", ()),
    ("getrawmempool", (True,)),
    ("getrawmempool", (False, True)),
    ("getzmqnotifications", ()),
    ("getindexinfo", ()),
    ("uptime", ()),
    ("getchaintips", ()),
    ("getdifficulty", ()),
    ("estimatesmartfee", (6,)),
)
FAULTS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("unknown method", "getnothing", ()),
    ("height too high", "getblockhash", (10_000_000,)),
    ("height negative", "getblockhash", (-1,)),
    ("height is text", "getblockhash", ("1",)),
    ("missing argument", "getblockhash", ()),
    ("too many arguments", "getblockcount", (1,)),
    ("unknown block", "getblock", (NOBODY,)),
    ("hash too short", "getblock", ("00",)),
    ("unknown header", "getblockheader", (NOBODY,)),
    ("unknown transaction", "getrawtransaction", (NOBODY,)),
    ("not in the mempool", "getmempoolentry", (NOBODY,)),
    ("verbose with sequence", "getrawmempool", (True, True)),
    ("no transaction", "sendrawtransaction", ("00",)),
    ("bad address", "generatetoaddress", (1, "nonsense")),
)
FRAMES = (
    ("bad json", "{nope"),
    ("empty", ""),
    ("a string", '"x"'),
    ("no method", '{"id":1}'),
    ("method is a number", '{"id":1,"method":5}'),
    ("params is a number", '{"id":1,"method":"uptime","params":5}'),
    ("named params", '{"id":1,"method":"getblockhash","params":{"height":0}}'),
    ("version 2", '{"jsonrpc":"2.0","id":1,"method":"getblockcount","params":[]}'),
    ("version 2 error", '{"jsonrpc":"2.0","id":1,"method":"getnothing","params":[]}'),
    ("version 2 without id", '{"jsonrpc":"2.0","method":"getblockcount","params":[]}'),
    ("id is text", '{"id":"x","method":"getblockcount","params":[]}'),
    ("batch", '[{"id":1,"method":"getblockcount"},{"id":2,"method":"getnothing"}]'),
    ("empty batch", "[]"),
)


def run(node: Node) -> list[dict[str, Any]]:
    """The whole scenario. The node must have room for 101 blocks and a coin of 50 BTC at the end of them."""
    _refusals(node)
    for method, params in READS:
        node.ask(method, *params, step=f"fresh: {method} {json.dumps(params)}")
    for step, method, params in FAULTS:
        node.ask(method, *params, step=f"fault: {step}")
    for step, body in FRAMES:
        node.raw(f"frame: {step}", body)
    with _Events(node) as events:
        _life_of_a_transaction(node, events)
    return node.steps


def _refusals(node: Node) -> None:
    asked = '{"id":1,"method":"getblockcount","params":[]}'
    node.raw("refused: wrong password", asked, node.user, "wrong")
    node.raw("refused: unknown user", asked, "stranger", "x")
    node.raw("refused: method not allowed", asked, node.limited_user, node.limited_password)
    allowed = '{"id":1,"method":"getblockchaininfo","params":[]}'
    node.raw("allowed: limited user", allowed, node.limited_user, node.limited_password)
    batch = f"[{allowed},{asked}]"
    node.raw("refused: method not allowed in a batch", batch, node.limited_user, node.limited_password)


def _life_of_a_transaction(node: Node, events: _Events) -> None:
    mined = node.ask("generatetoaddress", 1, ANYONE)
    events.note("one block", until="C")
    node.ask("generatetoaddress", 101, ANYONE, quiet=True)
    events.forget()
    coin = node.ask("getblock", mined[0], 1)["tx"][0]
    for method, params in READS:
        node.ask(method, *params, step=f"mined: {method} {json.dumps(params)}")
    node.ask("gettxout", coin, 0)
    node.ask("gettxout", coin, 0, False, step="gettxout without mempool")
    node.ask("gettxout", coin, 7, step="gettxout of no output")
    node.ask("getblock", mined[0], 0)
    node.ask("getblock", mined[0], 2)
    node.ask("getblockheader", mined[0])
    node.ask("getblockheader", mined[0], False)
    node.ask("getblockhash", 0)
    node.ask("getrawtransaction", coin, step="getrawtransaction of a mined one")
    node.ask("getrawtransaction", coin, 1, mined[0], step="getrawtransaction in its block")

    first = spend(coin, 0, [(OTHER, 10 * COIN), (ANYONE, 40 * COIN - 10_000)])
    paid = node.ask("sendrawtransaction", first)
    events.note("accepted", until="A")
    node.ask("sendrawtransaction", first, step="sent twice")
    for method, params in (*READS[6:10], ("getmempoolentry", (paid,)), ("getrawtransaction", (paid,))):
        node.ask(method, *params, step=f"one waits: {method} {json.dumps(params)}")
    node.ask("getrawtransaction", paid, 1, step="one waits: getrawtransaction verbose")
    node.ask("gettxout", coin, 0, step="one waits: gettxout of the spent coin")
    node.ask("gettxout", paid, 1, step="one waits: gettxout of its output")
    _refused_transactions(node, coin, paid)

    better = spend(coin, 0, [(OTHER, 11 * COIN), (TAPROOT, 39 * COIN - 50_000)])
    replaced = node.ask("sendrawtransaction", better, step="replacement")
    events.note("replaced", until="A")
    block = node.ask("generatetoaddress", 1, ANYONE, step="mined")[0]
    events.note("mined", until="C")
    node.ask("sendrawtransaction", better, step="sent when mined")
    node.ask("getblock", block, 1, step="block with a transaction")
    node.ask("getblock", block, 2, step="block with a transaction, decoded")
    node.ask("getrawtransaction", replaced, 1, block, step="getrawtransaction with its block")
    node.ask("getmempoolinfo", step="empty again: getmempoolinfo")
    node.ask("getrawmempool", False, True, step="empty again: getrawmempool")


def _refused_transactions(node: Node, coin: str, paid: str) -> None:
    for step, raw in (
        ("missing input", spend(NOBODY, 0, [(OTHER, COIN)])),
        ("spends too much", spend(paid, 1, [(OTHER, 41 * COIN)])),
        ("no fee", spend(paid, 1, [(OTHER, 40 * COIN - 10_000)])),
        ("dust", spend(paid, 1, [(OTHER, 100), (ANYONE, 39 * COIN)])),
        ("replacement pays too little", spend(coin, 0, [(OTHER, 50 * COIN - 10_001)])),
        ("no outputs", spend(paid, 1, [])),
    ):
        node.ask("sendrawtransaction", raw, step=f"refused: {step}")
    young = node.ask("getblock", node.ask("getbestblockhash", quiet=True), 1, quiet=True)["tx"][0]
    node.ask("sendrawtransaction", spend(young, 0, [(OTHER, COIN)]), 0, step="refused: immature coinbase")
    node.ask("sendrawtransaction", spend(paid, 1, [(OTHER, COIN)]), step="refused: fee too high")


class _Events:
    """Messages received over ZMQ since the last call."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        for topic in TOPICS:
            self._socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
        self._socket.connect(node.zmq_address)
        self._await_subscription()

    def __enter__(self) -> _Events:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close(0)
        self._context.term()

    def note(self, step: str, *, until: str) -> None:
        """Record all messages up to the first `sequence` message with the letter `until`."""
        seen = list(self._until(until))
        self._node.steps.append({"step": f"zmq: {step}", "zmq": seen})

    def forget(self) -> None:
        while self._socket.poll(500):
            self._socket.recv_multipart()

    def _until(self, letter: str) -> Iterator[list[Any]]:
        while True:
            if not self._socket.poll(10_000):
                raise TimeoutError(f"no {letter} on sequence within 10 s")
            topic, body, _ = self._socket.recv_multipart()
            told = chr(body[32]) if topic == b"sequence" else ""
            yield [topic.decode(), len(body) if topic == b"sequence" else 0, told]
            if told == letter:
                return

    def _await_subscription(self) -> None:
        """Wait until the subscription is active: mine blocks until the first one is announced."""
        while not self._socket.poll(300):
            self._node.ask("generatetoaddress", 1, OTHER, quiet=True)
        self.forget()
