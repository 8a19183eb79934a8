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
        ("data",),
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
        ("chain",),
        384 * MB,
        256,
        {
            "/etc/nodeyard": "ro",
            "/run/control": "rw",
            "/run/secrets/bitcoind_rpcauth": "ro",
            "/var/lib/bitcoind": "rw",
        },
    ),
    "kaspad": Promise(70013, ("chain",), 256 * MB, 512, {"/run/control": "rw", "/var/lib/kaspad": "rw"}),
    "proxy": Promise(70011, ("front",), 96 * MB, 64, {"/etc/nodeyard": "ro"}, port=1),
    "tracker": Promise(
        70014,
        ("chain", "data", "front"),
        256 * MB,
        128,
        {"/run/secrets/tracker_db_password": "ro", "/run/secrets/tracker_token": "ro"},
    ),
    "oracle": Promise(
        70015,
        ("chain", "data", "front"),
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
        ("chain", "data", "front"),
        256 * MB,
        64,
        {
            "/etc/nodeyard": "ro",
            "/run/secrets/bitcoind_rpc_watch": "ro",
            "/run/secrets/watch_db_password": "ro",
            "DIR/engine": "ro",
            "DIR/watch": "rw",
        },
    ),
    "dashboard": Promise(
        70022, ("front",), 256 * MB, 64, {"DIR/run/agent": "ro", "DIR/watch": "ro"}, port=0, groups=("70020",)
    ),
}
