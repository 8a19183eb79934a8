"""The command line of the live oracle: serve, record, replay."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from oracle.cli import Parser
from oracle.errors import EXIT_FAILED, OracleError
from oracle.live import recording
from oracle.live.answer import Market
from oracle.live.core import Live, Update
from oracle.live.feed import Feed
from oracle.live.node import Node
from oracle.web import messages
from oracle.web.serve import run_service
from oracle.web.settings import node_from_env
from oracle.weights import load

COMMANDS = ("serve", "record", "replay")
ENVIRONMENT = """environment of serve and record:
  NETWORK                     mainnet, testnet, private or sandbox (default mainnet)
  BITCOIND_RPC_URL            http://host:port (default: the network's port on this host)
  BITCOIND_RPC_USER           and BITCOIND_RPC_PASSWORD_FILE, or BITCOIND_COOKIE_FILE
  BITCOIND_ZMQ                tcp://host:port of rawtx, rawblock and sequence (default tcp://127.0.0.1:28332)
  MARKET                      real, synthetic or none (default: real on mainnet, else none)

environment of serve:
  LISTEN                      address:port (default 127.0.0.1:8000)
  ROOT_PATH                   path prefix that the proxy strips, for example /oracle
  DATABASE_URL                postgresql://user@host/database for the history, with DATABASE_PASSWORD_FILE
  HISTORY_FILE                SQLite file for the history, instead of DATABASE_URL
  LOG_LEVEL                   debug, info, warning or error (default info)
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code: 0, 1 for a failure, 64 for a usage error."""
    options = _parser().parse_args(arguments or ["serve"])
    try:
        if options.command == "serve":
            return run_service()
        if options.command == "record":
            asyncio.run(_record(options.file, options.seconds))
        else:
            _replay(options.file)
    except OracleError as error:
        sys.stderr.write(f"{error.message} {error.hint}".rstrip() + "\n")
        return EXIT_FAILED
    return 0


def _parser() -> Parser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = Parser("python -m oracle", description=__doc__, epilog=ENVIRONMENT, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser, metavar="COMMAND")
    commands.add_parser("serve", help="run the service (the default command)", epilog=ENVIRONMENT, formatter_class=raw)
    record = commands.add_parser(
        "record",
        help="record the node's messages and print every answer",
        epilog=ENVIRONMENT,
        formatter_class=raw,
        description="Prints answers as JSON lines. The command replay prints the same lines from the file.",
    )
    record.add_argument("file", type=Path)
    record.add_argument("--seconds", type=float, help="duration (default: until interrupted)")
    commands.add_parser("replay", help="print the answers of a recording").add_argument("file", type=Path)
    return parser


def _line(update: Update) -> None:
    sys.stdout.write(json.dumps(messages.price(update.answer)) + "\n")


async def _record(path: Path, seconds: float | None) -> None:
    settings = node_from_env(os.environ)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    with _written(path) as recorder:
        recorder.write(recording.own(recording.MARKET, 0.0, settings.market.encode()))
        live = Live(load(), settings.market)
        node = Node(settings.client(), settings.network)
        feed = asyncio.create_task(Feed(node, settings.zmq, live, _line, record=recorder.write).run())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({feed, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if feed.done():
            await feed
        feed.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feed


@contextlib.contextmanager
def _written(path: Path) -> Iterator[recording.Recorder]:
    try:
        with path.open("wb") as file:
            yield recording.Recorder(file)
    except OSError as fault:
        raise OracleError(f"Cannot write {path} ({fault.strerror}).") from fault


def _replay(path: Path) -> None:
    live: Live | None = None
    for frame in recording.read(path):
        if frame.topic == recording.MARKET:
            live = Live(load(), Market(frame.body.decode()))
        elif live is None:
            raise OracleError(f"{path} does not name its market.")
        elif update := live.take(frame):
            _line(update)
