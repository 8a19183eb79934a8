"""A bitcoind on regtest, real or simulated, that can be stopped and started again, and coins in it that are old enough.

The oracle takes the child of a recent payment for a service at work, so what the generator spends must have been
received hours ago: the real node is told so by its mock time, the simulator begins with such coins.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from nodeclients import segwit
from sandbox import control
from sandbox.bitcoind.tx import Outpoint, Tx, TxIn, TxOut
from sandbox.bitcoind.wallet import Wallet

from tests.nodes.programs import PASSWORDS, ROOT, Running, stop, write_bitcoin_conf
from tests.stage.ports import free_port
from tests.stage.waiting import until

OP_TRUE = b"\x51"
ANYONE = segwit.encode("bcrt", 0, sha256(OP_TRUE).digest())
OLD_S = 4 * 3600
FAN_OUTS, FAN = 8, 900
SEED = "nodeyard"


class Coin(NamedTuple):
    outpoint: Outpoint
    amount: int
    witness_script: bytes


class RpcError(Exception):
    pass


class Bitcoind:
    """`with Bitcoind(folder, program) as node:`; without a program it is the simulator."""

    def __init__(self, folder: Path, program: Path | None, *flags: str, hwm: int = 20_000) -> None:
        self.simulated = program is None
        self.rpc_port, self.zmq_port = free_port(), free_port()
        conf = write_bitcoin_conf(folder, self.rpc_port, f"tcp://127.0.0.1:{self.zmq_port}")
        conf.write_text(conf.read_text().replace("hwm=20000", f"hwm={hwm}"))
        command = [sys.executable, "-m", "sandbox", "bitcoind"] if program is None else [str(program)]
        self._argv = [*command, f"-conf={conf}", f"-datadir={folder}", *([] if program is None else flags)]
        self._folder = folder
        self._control = folder / "control.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Bitcoind:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def zmq(self) -> str:
        return f"tcp://127.0.0.1:{self.zmq_port}"

    @property
    def running(self) -> Running:
        assert self._process is not None
        return Running(self._process, self._folder, None, self._folder / "log", self.rpc_port, self.zmq)

    def start(self) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "services"), "SANDBOX_CONTROL": str(self._control)}
        env |= {"SANDBOX_BLOCK_S": "0", "SANDBOX_TX_PER_S": "0", "SANDBOX_SEED": SEED}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._argv, env=env, stdout=log, stderr=log, cwd=self._folder)
        until(self._answers, 60)

    def stop(self, kind: int = signal.SIGTERM) -> None:
        stop(self.running, kind)

    def restart(self) -> None:
        self.stop()
        self.start()

    def ask(self, method: str, *params: Any) -> Any:
        (answer,) = self.batch([(method, params)])
        if isinstance(answer, RpcError):
            raise answer
        return answer

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Results in order; a failed call gives its RpcError as a value."""
        body = [{"id": n, "method": method, "params": list(params)} for n, (method, params) in enumerate(calls)]
        basic = base64.b64encode(f"host:{PASSWORDS['host']}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.rpc_port, timeout=120)
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
        with contextlib.closing(connection):
            connection.request("POST", "/", json.dumps(body), headers)
            answers = json.loads(connection.getresponse().read())
        return [RpcError(str(each["error"])) if each.get("error") else each["result"] for each in answers]

    def mine(self, blocks: int = 1) -> list[str]:
        found: list[str] = self.ask("generatetoaddress", blocks, ANYONE)
        return found

    def reorganise(self, depth: int) -> None:
        """`depth` blocks give way to a longer branch."""
        if self.simulated:
            control.call(self._control, "reorg", depth=depth)
            return
        first = self.ask("getblockhash", self.ask("getblockcount") - depth + 1)
        self.ask("invalidateblock", first)
        self.mine(depth - 1)
        self.ask("reconsiderblock", first)  # the old branch has more work again: one reorganisation by itself
        self.ask("invalidateblock", first)
        self.mine(2)

    def waiting(self) -> set[str]:
        return set(self.ask("getrawmempool"))

    def old_coins(self, rng: random.Random) -> list[Coin]:
        """Confirmed, and received hours ago. Leaves the chain with a block of now, so it is not in initial download."""
        coins = self._simulated_coins() if self.simulated else self._real_coins(rng)
        self.mine()
        rng.shuffle(coins)
        return coins

    def _simulated_coins(self) -> list[Coin]:
        scripts = {sha256(script).digest(): script for script in _witness_scripts()}
        block = self.ask("getblock", self.ask("getblockhash", 121), 2)
        return [
            Coin(
                Outpoint(bytes.fromhex(tx["txid"])[::-1], output["n"]),
                round(output["value"] * 100_000_000),
                scripts[bytes.fromhex(output["scriptPubKey"]["hex"])[2:]],
            )
            for tx in block["tx"][1:]
            for output in tx["vout"]
        ]

    def _real_coins(self, rng: random.Random) -> list[Coin]:
        self.ask("setmocktime", int(time.time()) - OLD_S)
        hashes = self.mine(100 + FAN_OUTS)[:FAN_OUTS]
        coins = []
        for block_hash in hashes:
            coinbase = self.ask("getblock", block_hash, 2)["tx"][0]
            total = round(coinbase["vout"][0]["value"] * 100_000_000) - 100_000
            weights = [rng.lognormvariate(0, 0.5) for _ in range(FAN)]
            amounts = [int(total * weight / sum(weights)) for weight in weights]
            script = segwit.script(ANYONE)
            spent = TxIn(Outpoint(bytes.fromhex(coinbase["txid"])[::-1], 0), b"", 0xFFFFFFFD, (OP_TRUE,))
            split = Tx((spent,), tuple(TxOut(amount, script) for amount in amounts))
            self.ask("sendrawtransaction", split.raw.hex())
            coins += [Coin(Outpoint(split.txid, n), amount, OP_TRUE) for n, amount in enumerate(amounts)]
        self.mine()
        self.ask("setmocktime", 0)
        return coins

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()[-3000:]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.rpc_port)):
                return False
        try:
            return int(self.ask("getblockcount")) >= 0
        except (RpcError, OSError, ValueError):
            return False


def _witness_scripts() -> list[bytes]:
    """Those of the simulator's own wallet: anybody may spend what they hold."""
    wallet = Wallet(SEED)
    return list(wallet._witness.values())
