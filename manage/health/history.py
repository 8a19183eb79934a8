"""The history: verdicts as spans of time and numeric facts by the minute, in an SQLite file that only watch opens.

Times are unix seconds. Not thread-safe: watch gives it a thread of its own. Other processes ask over `watch.sock`: a
WAL database can be read by another uid only while its writer runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from manage.health.model import ServiceStatus
from manage.immutable import dataclass

SCHEMA_VERSION = 1
KEEP_VERDICTS_S = 400 * 86400.0
KEEP_POINTS_S = 30 * 86400.0
POINT_S = 60
"""A series stores one value in this time."""
MAX_GAP_S = 30.0
"""A gap between two spans up to this long is closed: the time that a restart of watch takes."""
BUCKETS = 96
"""How many values of a series an answer contains at most: one each quarter of an hour for a day."""

SCHEMA = """
create table spans (
    id integer primary key, service text not null, verdict text not null, reason text not null,
    since real not null,       -- when the verdict began, possibly before a restart of watch
    begun real not null, ended real not null
);
create index spans_by_time on spans (service, ended);
create table series (id integer primary key, service text not null, fact text not null, unique (service, fact));
create table points (series integer not null, minute integer not null, value real not null,
    primary key (series, minute)) without rowid;
"""


@dataclass(frozen=True)
class LastVerdict:
    """The newest known verdict of a service."""

    verdict: str
    since: float


class History:
    def __init__(self, path: Path) -> None:
        """Open or create the file. A broken one or one of a newer schema is renamed to `<name>.old` and replaced.

        Raises sqlite3.OperationalError if the disk is full or read-only: then the file is as good as before.
        """
        self._database = self._open(path)
        self._open_spans: dict[str, tuple[int, str]] = {}
        self._series: dict[tuple[str, str], int] = {}

    def _open(self, path: Path) -> sqlite3.Connection:
        try:
            return _prepared(path)
        except sqlite3.OperationalError:
            raise
        except (sqlite3.DatabaseError, _Newer):
            path.replace(path.with_name(f"{path.name}.old"))
            for rest in ("-wal", "-shm"):
                path.with_name(path.name + rest).unlink(missing_ok=True)
            return _prepared(path)

    def last(self) -> dict[str, LastVerdict]:
        rows = self._database.execute(
            "select service, verdict, since from spans where id in (select max(id) from spans group by service)"
        )
        return {service: LastVerdict(verdict, since) for service, verdict, since in rows}

    def record(self, services: Iterable[ServiceStatus], at: float) -> None:
        """Extend each service's span to `at`, or begin a new one where the verdict has changed."""
        begun: dict[str, tuple[int, str]] = {}
        with self._database:
            for status in services:
                number, verdict = self._open_spans.get(status.name, (0, ""))
                self._database.execute("update spans set ended = ? where id = ?", (at, number))
                if verdict == status.verdict:
                    continue
                row = self._database.execute(
                    "insert into spans (service, verdict, reason, since, begun, ended) values (?, ?, ?, ?, ?, ?)",
                    (status.name, status.verdict, status.reason, status.since, at, at),
                )
                begun[status.name] = (int(row.lastrowid or 0), status.verdict)
        self._open_spans.update(begun)  # only now: a full disk takes the new rows back

    def record_points(self, values: Mapping[tuple[str, str], float], at: float) -> None:
        """One value for each (service, fact) at the minute of `at`."""
        minute = int(at // POINT_S)
        try:
            with self._database:
                self._database.executemany(
                    "insert or replace into points values (?, ?, ?)",
                    [(self._series_id(*name), minute, value) for name, value in values.items()],
                )
        except sqlite3.Error:
            self._series.clear()  # new ones were taken back
            raise

    def strips(self, hours: float, now: float) -> dict[str, list[tuple[float, float, str]]]:
        """Each service's spans (from, to, verdict) of the last `hours`, oldest first; time without watch is a gap."""
        begin = now - hours * 3600
        strips: dict[str, list[tuple[float, float, str]]] = {}
        rows = self._database.execute(
            "select service, verdict, begun, ended from spans where ended >= ? order by service, begun", (begin,)
        )
        for service, verdict, begun, ended in rows:
            strip = strips.setdefault(service, [])
            if strip and strip[-1][2] == verdict and begun - strip[-1][1] <= MAX_GAP_S:
                strip[-1] = (strip[-1][0], ended, verdict)
                continue
            if strip and begun - strip[-1][1] <= MAX_GAP_S:
                strip[-1] = (strip[-1][0], begun, strip[-1][2])
            strip.append((max(begun, begin), ended, verdict))
        return strips

    def series(self, hours: float, now: float, service: str = "") -> dict[str, dict[str, list[tuple[float, float]]]]:
        """`{service: {fact: [(at, mean)]}}` of the last `hours` in about `BUCKETS` steps, for one service or all."""
        step = max(1, round(hours * 3600 / POINT_S / BUCKETS))
        rows = self._database.execute(
            "select service, fact, minute / :step * :step, avg(value) from points join series on series = id"
            " where minute >= :begin and (:service = '' or service = :service) group by 1, 2, 3 order by 1, 2, 3",
            {"step": step, "begin": int((now - hours * 3600) // POINT_S), "service": service},
        )
        found: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for name, fact, minute, mean in rows:
            found.setdefault(name, {}).setdefault(fact, []).append((float(minute * POINT_S), mean))
        return found

    def changes(self, service: str, limit: int = 20) -> list[tuple[float, str, str]]:
        """The service's last verdicts (since, verdict, reason at its beginning), newest first."""
        rows = self._database.execute(
            "select since, verdict, reason from spans where service = ? order by id desc limit ?", (service, limit)
        )
        return [(since, verdict, reason) for since, verdict, reason in rows]

    def prune(self, now: float) -> None:
        """Delete what has been kept long enough."""
        with self._database:
            self._database.execute("delete from spans where ended < ?", (now - KEEP_VERDICTS_S,))
            self._database.execute("delete from points where minute < ?", (int((now - KEEP_POINTS_S) // POINT_S),))

    def close(self) -> None:
        self._database.close()

    def _series_id(self, service: str, fact: str) -> int:
        known = self._series.get((service, fact))
        if known is None:
            self._database.execute("insert or ignore into series (service, fact) values (?, ?)", (service, fact))
            row: Sequence[int] = self._database.execute(
                "select id from series where service = ? and fact = ?", (service, fact)
            ).fetchone()
            known = self._series[(service, fact)] = row[0]
        return known


class _Newer(Exception):
    """The database has a schema of a newer version."""


def _prepared(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    try:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        version = database.execute("pragma user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise _Newer
        if version == 0:
            database.executescript(f"begin; {SCHEMA} pragma user_version = {SCHEMA_VERSION}; commit;")
        return database
    except BaseException:
        database.close()
        raise
