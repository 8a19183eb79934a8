"""The generic sql driver against a real PostgreSQL, in the real process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.manage.watch.process import Watch, service
from tests.tracker.cluster import Cluster

ROWS = {"check": "rows", "query": "select count(*) from blocks;", "at_least": 2, "reason": "only {value} blocks"}


def rule(check: str, query: str) -> dict[str, Any]:
    return {"check": check, "query": query, "equals": 1, "reason": "{value}"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running, running.connect("postgres") as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'seen'")
        connection.execute("CREATE DATABASE indexer_private OWNER reader")
        yield running


def watched(tmp_path: Path, cluster: Cluster, *rules: dict[str, Any]) -> Watch:
    options = {"user": "reader", "secret": "reader_password", "rules": list(rules)}
    indexer = service(
        "indexer",
        driver="sql",
        port_sql=cluster.port,
        scheme="postgresql",
        database="indexer_private",
        options=options,
        thresholds={"max_silence_s": 4},
        startup_s=0.5,
    )
    watch = Watch(tmp_path, [indexer])
    watch.secret("reader_password", "seen")
    return watch


def test_a_rule_follows_what_its_query_returns(tmp_path: Path, cluster: Cluster) -> None:
    with cluster.connect("indexer_private") as connection:
        connection.execute("DROP TABLE IF EXISTS blocks")
    with watched(tmp_path, cluster, ROWS) as watch:
        missing = watch.until_verdict("indexer", "degraded")
        assert missing.reason.startswith('rows: relation "blocks" does not exist')
        with cluster.connect("indexer_private") as connection:
            connection.execute("CREATE TABLE blocks (n int); INSERT INTO blocks VALUES (1)")
            connection.execute("GRANT SELECT ON blocks TO reader")
        watch.until(lambda: watch.status("indexer").reason.startswith("only 1 blocks"), "the count")
        assert watch.status("indexer").checks == {"sql": True, "rows": False}
        with cluster.connect("indexer_private") as connection:
            connection.execute("INSERT INTO blocks VALUES (2)")
        assert watch.until_verdict("indexer", "healthy").checks == {"sql": True, "rows": True}
        with cluster.paused():
            assert "silent for" in watch.until_verdict("indexer", "down", within_s=15).reason
        watch.until_verdict("indexer", "healthy")


def test_queries_change_nothing_and_what_they_return_is_bounded(tmp_path: Path, cluster: Cluster) -> None:
    rules = {
        "write": ("create table intruder (n int)", "syntax error"),
        "two": ("select 1) as measured; create table intruder (n int); select (1", "multiple commands"),
        "none": ("select 1 where false", "the query returns no row"),
        "many": ("select generate_series(1, 100000000)", "the query returns several rows"),
        "wide": ("select 1 as a, 2 as b", "the query returns several columns"),
        "long": ("select repeat('x', 5000)", "the query returns too long a value"),
        "array": ("select array[1]", "neither a number"),
        "percent": ("select 100 % 99", ""),
    }
    with watched(tmp_path, cluster, *(rule(check, query) for check, (query, _) in rules.items())) as watch:
        status = watch.until_verdict("indexer", "degraded")
        faults = {fact.name: fact.value for fact in status.facts}
        for check, (_, words) in rules.items():
            if words:
                assert words in faults[f"{check}_fault"], check
        assert status.checks["percent"] is True
    with cluster.connect("indexer_private") as connection:
        assert connection.execute("select to_regclass('intruder')").fetchone() == (None,)


def test_a_faulty_rule_stops_watch_with_a_sentence(
    tmp_path: Path, cluster: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    watch = watched(tmp_path, cluster, {**ROWS, "reason": "too few"})
    with pytest.raises(AssertionError, match="watch has ended"), watch:
        pass
    assert "indexer: health.options.rules[0].reason must be the words for a failed check" in capfd.readouterr().err
