"""One tenant of the database can take neither the connections of the others nor a database that is not its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from manage.installation.layout import CHECKOUT
from tests.manage.render.conftest import SANDBOX, Render, catalog, render
from tests.tracker.cluster import Cluster

FILES = CHECKOUT / "profiles/services/timescaledb/files"
LIMIT = 3
__all__ = ["catalog", "render"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with Cluster() as cluster:
        revoke = next(line for line in (FILES / "entrypoint.sh").read_text().splitlines() if "REVOKE ALL" in line)
        with cluster.connect("postgres") as connection:
            connection.execute(revoke.split('"')[1])
        for tenant in ("shop", "blog"):
            variables = {"role": tenant, "database": f"{tenant}_sandbox", "limit": LIMIT, "grants": ""}
            psql(cluster, *(f"--set={name}={value}" for name, value in variables.items()))
            with cluster.connect("postgres") as connection:
                connection.execute(f"ALTER ROLE {tenant} PASSWORD 'secret'")
        yield cluster


def psql(cluster: Cluster, *options: str) -> None:
    command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *options, f"--file={FILES / 'role.sql'}"]
    password = {"PGPASSWORD": cluster.password_file.read_text(), "PATH": "/usr/bin:/bin"}
    subprocess.run([*command, cluster.url("postgres")], env=password, check=True, capture_output=True)


def enter(cluster: Cluster, role: str, database: str) -> psycopg.Connection:
    return psycopg.connect(
        f"postgresql://{role}@127.0.0.1:{cluster.port}/{database}", password="secret", autocommit=True
    )


@pytest.mark.promise("A database tenant that opens every connection it can leaves those of the others free", runs="ci")
def test_a_tenant_has_only_its_share_of_the_connections(cluster: Cluster) -> None:
    with ExitStack() as held:
        for _ in range(LIMIT):
            held.enter_context(enter(cluster, "shop", "shop_sandbox"))
        with pytest.raises(psycopg.OperationalError, match='too many connections for role "shop"'):
            enter(cluster, "shop", "shop_sandbox")
        enter(cluster, "blog", "blog_sandbox").close()


@pytest.mark.parametrize("database", ["template1", "postgres", "blog_sandbox"])
def test_a_tenant_enters_no_database_but_its_own(cluster: Cluster, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        enter(cluster, "shop", database)


def test_all_shares_together_leave_the_reserve(render: Render) -> None:
    files = render(SANDBOX)[0].service("timescaledb").files
    lines = [line.split() for line in files["roles.txt"].decode().splitlines() if line]
    assert {line[0] for line in lines} == {"oracle", "tracker", "watch"}
    assert sum(int(line[2]) for line in lines) + 4 + 3 <= 100
    assert [line[3:] for line in lines if line[0] == "watch"] == [["pg_monitor", "pg_use_reserved_connections"]]
    assert b"reserved_connections = 4\n" in files["postgresql.conf"]
