"""Real nodes and simulators as child processes, each on free loopback ports with a folder of its own."""

from __future__ import annotations

import contextlib
import hmac
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.nodes import bitcoind_scenario
from tests.stage.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
REAL = {"bitcoind": "bitcoind-31.99.0", "kaspad": "kaspad-2.1.0"}
"""Node -> name of its program in the image cache, before the machine's."""
PASSWORDS = {"host": "horse battery", "watch": "staple"}
WATCH_MAY = "getblockchaininfo,getzmqnotifications"


@dataclass
class Running:
    """A node under test. `control` is None for a real one."""

    process: subprocess.Popen[bytes]
    folder: Path
    control: Path | None
    log: Path
    rpc_port: int
    zmq_address: str = ""

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.rpc_port}"

    @property
    def simulated(self) -> bool:
        return self.control is not None

    def password_file(self, user: str) -> Path:
        return self.folder / f"{user}.password"

    def scenario(self) -> bitcoind_scenario.Node:
        return bitcoind_scenario.Node(
            "127.0.0.1", self.rpc_port, self.zmq_address, "host", PASSWORDS["host"], "watch", PASSWORDS["watch"]
        )


def cached(node: str) -> Path:
    """The real node's program where NODEYARD_IMAGE_CACHE points. FileNotFoundError, in words, when it is not there."""
    folder, name = os.environ.get("NODEYARD_IMAGE_CACHE", ""), f"{REAL[node]}-{platform.machine()}"
    if not folder or not (Path(folder) / name).exists():
        raise FileNotFoundError(f"no real {node}: put {name} where NODEYARD_IMAGE_CACHE points")
    return Path(folder) / name


@contextlib.contextmanager
def real_bitcoind(program: Path, folder: Path) -> Iterator[Running]:
    with _bitcoind([str(program)], folder, control=None) as running:
        yield running


@contextlib.contextmanager
def simulated_bitcoind(
    folder: Path, *, block_s: float = 0, tx_per_s: float = 0, ports: tuple[int, int] | None = None
) -> Iterator[Running]:
    """By default, blocks and background transactions only on demand."""
    environment = {"SANDBOX_BLOCK_S": str(block_s), "SANDBOX_TX_PER_S": str(tx_per_s)}
    command = [sys.executable, "-m", "sandbox", "bitcoind"]
    with _bitcoind(command, folder, control=folder / "control.sock", environment=environment, ports=ports) as running:
        yield running


@contextlib.contextmanager
def real_kaspad(program: Path, folder: Path) -> Iterator[Running]:
    p2p, grpc = free_port(), free_port()
    flags = ["--enable-unsynced-mining", "--nodnsseed", "--disable-upnp", "--nologfiles", "--yes"]
    flags += [f"--listen=127.0.0.1:{p2p}", f"--rpclisten=127.0.0.1:{grpc}"]
    with _kaspad([str(program)], folder, flags, control=None) as running:
        yield running


@contextlib.contextmanager
def simulated_kaspad(
    folder: Path, *flags: str, block_s: float = 0, utxoindex: bool = True, port: int = 0
) -> Iterator[Running]:
    """By default, blocks only on demand."""
    command = [sys.executable, "-m", "sandbox", "kaspad"]
    environment = {"SANDBOX_BLOCK_S": str(block_s)}
    control = folder / "control.sock"
    with _kaspad(
        command, folder, list(flags), control=control, environment=environment, utxoindex=utxoindex, port=port
    ) as running:
        yield running


@contextlib.contextmanager
def _kaspad(
    command: list[str],
    folder: Path,
    flags: list[str],
    *,
    control: Path | None,
    environment: dict[str, str] | None = None,
    utxoindex: bool = True,
    port: int = 0,
) -> Iterator[Running]:
    port = port or free_port()
    flags = ["--simnet", f"--rpclisten-json=127.0.0.1:{port}", f"--appdir={folder}", *flags]
    flags += ["--utxoindex"] if utxoindex else []
    with _running([*command, *flags], folder, control, environment, port) as running:
        yield running


@contextlib.contextmanager
def _bitcoind(
    command: list[str],
    folder: Path,
    *,
    control: Path | None,
    environment: dict[str, str] | None = None,
    ports: tuple[int, int] | None = None,
) -> Iterator[Running]:
    rpc, zmq = ports or (free_port(), free_port())
    address = f"tcp://127.0.0.1:{zmq}"
    conf = write_bitcoin_conf(folder, rpc, address)
    flags = [f"-conf={conf}", f"-datadir={folder}"]
    with _running([*command, *flags], folder, control, environment, rpc) as running:
        running.zmq_address = address
        yield running


def write_bitcoin_conf(folder: Path, rpc_port: int, zmq_address: str) -> Path:
    """A bitcoin.conf with two users, like the product's own; the passwords are stored next to it."""
    salt = "5a" * 16
    lines = []
    for user, password in PASSWORDS.items():
        digest = hmac.new(salt.encode(), password.encode(), "sha256").hexdigest()
        lines.append(f"rpcauth={user}:{salt}${digest}\n")
        (folder / f"{user}.password").write_text(password)
    (folder / "rpcauth.conf").write_text("".join(lines))
    topics = "".join(f"zmqpub{topic}={zmq_address}\nzmqpub{topic}hwm=20000\n" for topic in bitcoind_scenario.TOPICS)
    conf = folder / "bitcoin.conf"
    conf.write_text(
        f"chain=regtest\nserver=1\nlisten=0\nincludeconf={folder / 'rpcauth.conf'}\nrpcwhitelistdefault=0\n"
        f"rpcwhitelist=watch:{WATCH_MAY}\n{topics}[regtest]\nrpcbind=127.0.0.1\nrpcallowip=127.0.0.1\n"
        f"rpcport={rpc_port}\n"
    )
    return conf


@contextlib.contextmanager
def _running(
    command: list[str], folder: Path, control: Path | None, environment: dict[str, str] | None, port: int
) -> Iterator[Running]:
    settings = {**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT / "services"), "PYTHONUNBUFFERED": "1"}
    if control is not None:
        settings["SANDBOX_CONTROL"] = str(control)
    log = folder / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=settings, cwd=folder)
    running = Running(process, folder, control, log, port)
    try:
        _await_listening(running)
        yield running
    finally:
        stop(running)


def stop(running: Running, kind: int = signal.SIGTERM) -> None:
    """End the process and wait for it; SIGKILL after 20 s."""
    if running.process.poll() is None:
        running.process.send_signal(kind)
        try:
            running.process.wait(20)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait(5)


def _await_listening(running: Running) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            break
        with socket.socket() as probe:
            listening = probe.connect_ex(("127.0.0.1", running.rpc_port)) == 0
        if listening and (running.control is None or running.control.exists()):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the node in {running.folder} did not come up:\n{running.log.read_text()[-3000:]}")
