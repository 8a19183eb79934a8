"""What each container of a running sandbox may be: the preset, and the deviations that are promised."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024**2


@dataclass(frozen=True)
class Promise:
    """What one container may be; all that is not said here is the preset's."""

    uid: int
    networks: tuple[str, ...]
    memory: int
    pids: int
    mounts: dict[str, str]
    """Where -> "ro" or "rw"; below the installation's own folder as `DIR/...`."""
    port: int | None = None
    """Offset of the one loopback port it publishes."""
    powers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tmpfs: tuple[str, ...] = ("/tmp",)


PROMISES = {
    "timescaledb": Promise(
        70010,
        ("timescaledb-sql",),
        768 * MB,
        256,
        {
            "/etc/nodeyard": "ro",
            "/etc/passwd": "ro",
            "/run/secrets/oracle_db_password": "ro",
            "/run/secrets/postgres_password": "ro",
            "/run/secrets/tracker_db_password": "ro",
            "/run/secrets/watch_db_password": "ro",
            "/var/lib/postgresql/data": "rw",
        },
        tmpfs=("/run/postgresql", "/tmp"),
    ),
    "bitcoind": Promise(
        70012,
        ("bitcoind-rpc", "bitcoind-zmq"),
        384 * MB,
        256,
        {
            "/etc/nodeyard": "ro",
            "/run/control": "rw",
            "/run/nodeyard": "ro",
            "/run/secrets/bitcoind_rpcauth": "ro",
            "/var/lib/bitcoind": "rw",
        },
    ),
    "kaspad": Promise(70013, ("kaspad-wrpc-json",), 256 * MB, 512, {"/run/control": "rw", "/var/lib/kaspad": "rw"}),
    "proxy": Promise(
        70011,
        ("oracle-http", "proxy-door", "proxy-http", "tracker-http"),
        96 * MB,
        64,
        {"/etc/nodeyard": "ro"},
        port=1,
    ),
    "tracker": Promise(
        70014,
        ("kaspad-wrpc-json", "timescaledb-sql", "tracker-http"),
        256 * MB,
        128,
        {"/run/secrets/tracker_db_password": "ro", "/run/secrets/tracker_token": "ro"},
    ),
    "oracle": Promise(
        70015,
        ("bitcoind-rpc", "bitcoind-zmq", "oracle-http", "timescaledb-sql"),
        256 * MB,
        64,
        {"/run/secrets/bitcoind_rpc_oracle": "ro", "/run/secrets/oracle_db_password": "ro"},
    ),
    "agent": Promise(
        0,
        ("none",),
        384 * MB,
        256,
        {"DIR": "rw", "/var/run/docker.sock": "rw"},
        powers=("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"),
        groups=("70020",),
    ),
    "watch": Promise(
        70021,
        (
            *("bitcoind-rpc", "bitcoind-zmq", "dashboard-http", "kaspad-wrpc-json", "oracle-http", "proxy-http"),
            *("timescaledb-sql", "tracker-http", "watch-metrics"),
        ),
        256 * MB,
        64,
        {
            "/run/secrets/bitcoind_rpc_watch": "ro",
            "/run/secrets/watch_db_password": "ro",
            "DIR/engine": "ro",
            "DIR/watch": "rw",
        },
    ),
    "dashboard": Promise(
        70022,
        ("dashboard-door", "dashboard-http"),
        256 * MB,
        64,
        {"DIR/run/agent": "ro", "DIR/watch": "ro"},
        port=0,
        groups=("70020",),
    ),
}
