"""A PostgreSQL of our own: a throw-away cluster on a free loopback port, run by an unprivileged user."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from tests.stage.ports import free_port

DEADLINE_S = 30.0


class Cluster:
    """`with Cluster() as cluster:` starts one, on `disk`. Debian's package `postgresql` brings the binaries."""

    def __init__(self, disk: Path | None = None) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise RuntimeError("these tests need PostgreSQL: apt-get install postgresql")
        self._bin = found[-1].parent
        self._user = "postgres" if os.geteuid() == 0 else None  # initdb refuses to run as root
        self._folder = Path(tempfile.mkdtemp(prefix="nodeyard-tracker-pg-", dir=disk))
        self.password_file = self._folder / "password"
        self.port = free_port()
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Cluster:
        self.password_file.write_text(secrets.token_hex(16))
        if self._user:
            entry = pwd.getpwnam(self._user)
            for path in (self._folder, self.password_file):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        subprocess.run(
            [
                *(self._bin / "initdb", "-D", self._folder / "data", "-U", "tracker"),
                *("--pwfile", self.password_file, "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"),
            ],
            user=self._user,
            cwd=self._folder,
            check=True,
            capture_output=True,
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *(self._bin / "postgres", "-D", self._folder / "data", "-p", str(self.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"),
                ],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.connect("postgres").close()
                return
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Immediate shutdown: connections break, as in a crash."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # postgres: "immediate shutdown"
            self._server.wait(timeout=DEADLINE_S)
            self._server = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Every process of the server stopped: TCP is still accepted, nothing is answered, as with `docker pause`."""
        assert self._server is not None
        processes = [psutil.Process(self._server.pid), *psutil.Process(self._server.pid).children(recursive=True)]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in reversed(processes):
                process.resume()

    def connect(self, database: str) -> psycopg.Connection:
        """A connection of the test's own, each statement its own transaction."""
        return psycopg.connect(
            self.url(database), password=self.password_file.read_text(), autocommit=True, connect_timeout=5
        )

    def new_database(self) -> str:
        """The name of an empty database."""
        name = f"tracker_{secrets.token_hex(4)}"
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def url(self, database: str) -> str:
        """Without the password."""
        return f"postgresql://tracker@127.0.0.1:{self.port}/{database}"
