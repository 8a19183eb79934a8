"""The database driver against a real PostgreSQL."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.manage.watch.process import Watch, service
from tests.tracker.cluster import Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running, running.connect("postgres") as connection:
        connection.execute("CREATE ROLE watch LOGIN PASSWORD 'seen' IN ROLE pg_monitor")
        connection.execute("CREATE DATABASE watch_private OWNER watch")
        yield running


def watched(cluster: Cluster) -> list[dict[str, Any]]:
    database = service(
        "timescaledb", title="Database", port_sql=cluster.port, scheme="postgresql", thresholds={"max_silence_s": 5}
    )
    return [database, service("tracker", database="tracker_private", port_http=1, needs=[NEED])]


NEED = {"service": "timescaledb", "check": "ready"}


def test_it_is_ready_once_every_database_and_role_exists(tmp_path: Path, cluster: Cluster) -> None:
    watch = Watch(tmp_path, watched(cluster))
    watch.secret("watch_db_password", "seen")
    with watch:
        lacking = watch.until_verdict("timescaledb", "degraded")
        assert lacking.reason.startswith("missing: tracker_private")
        assert watch.status("tracker").reason == "for timescaledb: not ready yet"
        with cluster.connect("postgres") as connection:
            connection.execute("CREATE DATABASE tracker_private OWNER tracker")
        ready = watch.until_verdict("timescaledb", "healthy")
        assert " of 100 connections, oldest transaction " in ready.reason
        facts = {fact.name: fact.value for fact in ready.facts}
        assert facts["size"] > 1_000_000
        assert facts["edition"] == "", "plain PostgreSQL has no TimescaleDB licence"
        with cluster.paused():
            assert "silent for" in watch.until_verdict("timescaledb", "down", within_s=15).reason
        watch.until_verdict("timescaledb", "healthy", within_s=20)
        cluster.stop()
        assert "silent for" in watch.until_verdict("timescaledb", "down", within_s=15).reason
        cluster.start()
        watch.until_verdict("timescaledb", "healthy", within_s=20)


def test_a_wrong_password_is_reported_in_the_servers_words(tmp_path: Path, cluster: Cluster) -> None:
    watch = Watch(tmp_path, watched(cluster))
    watch.secret("watch_db_password", "wrong")
    with watch:
        assert "password authentication failed" in watch.until_verdict("timescaledb", "down").reason


def test_a_refused_connection_is_reported_without_a_question(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    database = service("timescaledb", title="Database", port_sql=port, scheme="postgresql")
    watch = Watch(tmp_path, [database])
    watch.secret("watch_db_password", "seen")
    with watch:
        reason = watch.until_verdict("timescaledb", "down").reason
        assert "Connection refused" in reason
        assert "?" not in reason
