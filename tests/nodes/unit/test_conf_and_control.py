"""Flags, bitcoin.conf and the control socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from sandbox import __main__ as entry
from sandbox import control, control_server
from sandbox.bitcoind import conf
from sandbox.bitcoind.conf import ConfError, Publisher
from sandbox.control_server import Refused
from sandbox.faults import Faults
from sandbox.kaspad import run

CONF = """
# a comment
chain=regtest
zmqpubsequence=tcp://0.0.0.0:28332   # one address
zmqpubrawtx=tcp://0.0.0.0:28332
zmqpubrawtxhwm=20000
includeconf={secret}
rpcwhitelistdefault=0
rpcwhitelist=watch:getblockcount, uptime
[main]
rpcport=8332
[regtest]
rpcbind=0.0.0.0:18443
rpcbind=::1
rpcport=18444
"""


def written(folder: Path, text: str = CONF) -> list[str]:
    (folder / "secret").write_text("rpcauth=watch:aa$bb\nrpcauth=host:cc$dd\n")
    (folder / "bitcoin.conf").write_text(text.format(secret=folder / "secret"))
    return [f"-conf={folder / 'bitcoin.conf'}", f"-datadir={folder}"]


def test_reads_what_matters_of_bitcoin_conf(tmp_path: Path) -> None:
    read = conf.read(written(tmp_path))
    assert read.binds == (("0.0.0.0", 18443), ("::1", 18444))
    assert read.rpcauth == {"watch": ("aa", "bb"), "host": ("cc", "dd")}
    assert read.whitelist == {"watch": frozenset({"getblockcount", "uptime"})}
    assert read.whitelist_default is False
    address = "tcp://0.0.0.0:28332"
    assert read.publishers == (Publisher("rawtx", address, 20000), Publisher("sequence", address, 1000))


def test_rpc_is_open_to_loopback_and_to_the_networks_of_rpcallowip(tmp_path: Path) -> None:
    nobody = conf.read(written(tmp_path))
    assert [nobody.allows(address) for address in ("127.0.0.1", "::1", "172.20.0.3")] == [True, True, False]
    some = conf.read([*written(tmp_path), "-rpcallowip=100.64.0.16/28", "-rpcallowip=192.0.2.7"])
    asked = ("100.64.0.18", "100.64.0.32", "192.0.2.7", "192.0.2.8")
    assert [some.allows(address) for address in asked] == [True, False, True, False]
    with pytest.raises(ConfError, match="rpcallowip is '<subnet of x>'"):
        conf.read([*written(tmp_path), "-rpcallowip=<subnet of x>"])


def test_flags_go_before_the_file_and_a_whitelist_shuts_out_who_is_not_named(tmp_path: Path) -> None:
    flags = written(tmp_path, "rpcport=1\nrpcwhitelist=watch:uptime\n")
    read = conf.read([*flags, "-rpcport=2", "-printtoconsole"])
    assert read.binds == (("127.0.0.1", 2),)
    assert read.whitelist_default is True


def test_an_included_file_is_looked_for_in_the_data_folder(tmp_path: Path) -> None:
    flags = written(tmp_path, "includeconf=secret\n")
    assert set(conf.read(flags).rpcauth) == {"watch", "host"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("chain=main\n", "supports regtest only, not main"),
        ("includeconf=/nowhere/at/all\n", "cannot read /nowhere/at/all"),
        ("rpcauth=watch\n", "does not have the form user:salt"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused_in_a_sentence(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfError, match=reason):
        conf.read(written(tmp_path, text))


def test_kaspads_flags_are_read_as_kaspad_reads_them(tmp_path: Path) -> None:
    flags, ignored = run.parse(
        ["--simnet", "--utxoindex", f"--appdir={tmp_path}", "--rpclisten-json=0.0.0.0:7", "--yes"]
    )
    assert (flags.host, flags.port, flags.utxoindex, flags.unsafe_rpc) == ("0.0.0.0", 7, True, False)
    assert flags.state_file.parent == tmp_path
    assert ignored == ["--yes"]
    assert run.parse(["--rpclisten-json=public"])[0].host == "0.0.0.0"
    assert run.parse(["--rpclisten-json"])[0].port == run.PORT
    assert run.parse([])[0].port == 0, "nothing listens that was not asked for"


def test_another_network_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.parse(["--testnet"])
    assert "supports simnet only" in capsys.readouterr().err


def test_help_says_that_signatures_are_not_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["--help"]) == 0
    assert "Signatures are not checked" in capsys.readouterr().err
    assert entry.main(["dogecoind"]) == 64


class Obedient:
    """Records the calls that it receives."""

    methods: Collection[str] = ("getInfo",)

    def __init__(self) -> None:
        self.faults = Faults()
        self.done: list[Any] = []

    def pay(self, address: str, amount: int) -> str:
        if address == "poor":
            raise Refused("not a penny")
        self.done.append((address, amount))
        return "txid"

    def mine(self, blocks: int, address: str) -> list[str]:
        return [address] * blocks

    def reorg(self, depth: int) -> tuple[list[str], list[str]]:
        return ["old"] * depth, ["new"] * (depth + 1)

    def status(self) -> dict[str, Any]:
        return {"height": 7}

    async def drop(self) -> None:
        self.done.append("dropped")

    async def restore(self) -> None:
        self.done.append("restored")

    def save(self) -> None:
        self.done.append("saved")

    def saving(self) -> Callable[[], None]:
        return self.save


def told(simulator: Obedient, line: str) -> dict[str, Any]:
    return asyncio.run(control_server.answer(simulator, line.encode()))


def test_what_changes_the_chain_is_saved_before_it_is_answered() -> None:
    simulator = Obedient()
    assert told(simulator, '{"verb":"pay","address":"a","amount":"5"}') == {
        "result": {"transaction_id": "txid", "amount": 5}
    }
    assert simulator.done == [("a", 5), "saved"]
    assert told(simulator, '{"verb":"mine"}') == {"result": {"blocks": [""], "height": 7}}
    assert told(simulator, '{"verb":"reorg","depth":1}') == {"result": {"removed": ["old"], "added": ["new"] * 2}}
    assert simulator.done.count("saved") == 3


def test_faults_are_named_until_they_are_cleared() -> None:
    simulator = Obedient()
    told(simulator, '{"verb":"lag","ms":250}')
    told(simulator, '{"verb":"error","method":"getInfo","message":"no"}')
    told(simulator, '{"verb":"freeze"}')
    state = told(simulator, '{"verb":"drop"}')["result"]
    assert state == {"frozen": True, "dropped": True, "lag_ms": 250, "errors": {"getInfo": "no"}}
    assert told(simulator, '{"verb":"status"}') == {"result": {"height": 7, "faults": state}}
    assert told(simulator, '{"verb":"clear"}')["result"] == {
        "frozen": False,
        "dropped": False,
        "lag_ms": 0,
        "errors": {},
    }
    assert simulator.done == ["dropped", "restored"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"verb":"dance"}', "unknown verb 'dance'"),
        ("nonsense", "invalid request"),
        ("[]", "invalid request"),
        ('{"amount":5}', "invalid request"),
        ('{"verb":"lag","ms":"long"}', "invalid request"),
        ('{"verb":"pay","address":"poor","amount":1}', "not a penny"),
        ('{"verb":"error","method":"getInf0","message":"no"}', "it has no method getInf0; the closest name is getInfo"),
        ('{"verb":"error","method":"xyz","message":"no"}', "it has no method xyz"),
    ],
)
def test_what_cannot_be_done_is_answered_with_a_sentence(line: str, reason: str) -> None:
    assert reason in told(Obedient(), line)["error"]


def test_the_socket_is_the_owners_alone_and_replaces_one_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.write_text("left behind")
    simulator = Obedient()

    async def talk() -> tuple[int, dict[str, Any]]:
        server = await control_server.serve(path, simulator)
        async with server:
            mode = (await asyncio.to_thread(path.stat)).st_mode & 0o777
            return mode, await asyncio.to_thread(control.call, path, "status")

    mode, status = asyncio.run(talk())
    assert mode == 0o600
    assert status["height"] == 7
    with pytest.raises(control.ControlError, match="the simulator does not answer at"):
        control.call(path, "status")


def test_a_request_is_one_json_line(tmp_path: Path) -> None:
    path, lines = tmp_path / "s", []

    async def talk() -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.append(await reader.readline())
            writer.write(b'{"error": "no"}\n')
            writer.close()

        async with await asyncio.start_unix_server(handle, path):
            with pytest.raises(control.ControlError, match=r"^no$"):
                await asyncio.to_thread(control.call, path, "pay", address="a", amount=5)

    asyncio.run(talk())
    assert json.loads(lines[0]) == {"verb": "pay", "address": "a", "amount": 5}
