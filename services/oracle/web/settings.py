"""Settings from the environment. An invalid one is refused with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from nodeclients.bitcoind import BitcoindClient, CookieFile, Credentials, PasswordFile
from nodeclients.links import BITCOIND
from nodeclients.networks import BITCOIN, ZMQ_PORT
from serving.settings import ServerSettings, SettingsError
from serving.settings import from_env as server_from_env

from oracle.errors import OracleError
from oracle.live.answer import Market
from oracle.web.context import SOCKETS_EACH

NODE_TIMEOUT_S = BITCOIND.deadline_s


@dataclass(frozen=True)
class NodeSettings:
    """Address and credentials of the node."""

    network: str
    market: Market
    rpc_host: str
    rpc_port: int
    credentials: Credentials
    zmq: str

    def client(self) -> BitcoindClient:
        return BitcoindClient(self.rpc_host, self.rpc_port, self.credentials, timeout_s=NODE_TIMEOUT_S)


@dataclass(frozen=True)
class Settings:
    """All settings of the service."""

    node: NodeSettings
    server: ServerSettings
    database_url: str
    """libpq URL without the password; "" if the history is in `history_file`."""
    database_password_file: Path | None
    history_file: Path | None
    """SQLite file; None keeps no history."""
    sockets_each: int
    """WebSockets that one client address may open."""
    proxy: str
    """Host name of the proxy in front, whose X-Forwarded-For is believed; "" without one."""


def node_from_env(env: Mapping[str, str]) -> NodeSettings:
    """The settings of the node. Raises OracleError with one sentence."""
    network = env.get("NETWORK", "mainnet")
    if network not in BITCOIN:
        raise OracleError(f"NETWORK is {network!r}. Expected one of: {', '.join(BITCOIN)}.")
    url = env.get("BITCOIND_RPC_URL", f"http://127.0.0.1:{BITCOIN[network].rpc_port}")
    rpc = _url("BITCOIND_RPC_URL", url, "http")
    zmq = env.get("BITCOIND_ZMQ", f"tcp://127.0.0.1:{ZMQ_PORT}")
    _url("BITCOIND_ZMQ", zmq, "tcp")
    return NodeSettings(network, _market(env, network), *rpc, _credentials(env), zmq)


def from_env(env: Mapping[str, str]) -> Settings:
    """Read and check the environment. Raises OracleError with one sentence."""
    node = node_from_env(env)
    try:
        server = server_from_env(env)
    except SettingsError as fault:
        raise OracleError(str(fault)) from fault
    database, password_file = env.get("DATABASE_URL", ""), env.get("DATABASE_PASSWORD_FILE", "")
    if database:
        if urlsplit(database).scheme not in ("postgresql", "postgres"):
            raise OracleError("DATABASE_URL must be a URL that starts with postgresql://.")
        if not password_file:
            raise OracleError("DATABASE_URL is set, but DATABASE_PASSWORD_FILE is not.")
    history = env.get("HISTORY_FILE", "")
    return Settings(
        node=node,
        server=server,
        database_url=database,
        database_password_file=Path(password_file) if password_file else None,
        history_file=Path(history) if history and not database else None,
        sockets_each=_count("SOCKETS_EACH", env.get("SOCKETS_EACH", str(SOCKETS_EACH))),
        proxy=env.get("PROXY", ""),
    )


def _count(key: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise OracleError(f"{key} is {value!r}. Expected a number from 1.")
    return int(value)


def _market(env: Mapping[str, str], network: str) -> Market:
    usual = Market.REAL if network == "mainnet" else Market.NONE
    try:
        market = Market(env.get("MARKET") or usual)
    except ValueError:
        raise OracleError(f"MARKET is {env['MARKET']!r}. Expected one of: {', '.join(Market)}.") from None
    if (market is Market.REAL) != (network == "mainnet") and market is not Market.NONE:
        allowed = "real or none" if network == "mainnet" else "synthetic or none"
        raise OracleError(f"MARKET is {market}. On {network} it must be {allowed}.")
    return market


def _credentials(env: Mapping[str, str]) -> Credentials:
    """Files are read when needed and again after a refusal, because the node writes a new cookie at every start."""
    if cookie := env.get("BITCOIND_COOKIE_FILE"):
        return CookieFile(Path(cookie))
    password_file = env.get("BITCOIND_RPC_PASSWORD_FILE")
    if not password_file:
        raise OracleError(
            "The node's password is missing.",
            "Set BITCOIND_RPC_USER and BITCOIND_RPC_PASSWORD_FILE, or BITCOIND_COOKIE_FILE.",
        )
    return PasswordFile(env.get("BITCOIND_RPC_USER", "oracle"), Path(password_file))


def _url(key: str, value: str, scheme: str) -> tuple[str, int]:
    try:
        url = urlsplit(value)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if not host or not port or url.scheme != scheme:
        raise OracleError(f"{key} is {value!r}. Expected {scheme}://HOST:PORT.")
    return host, port
