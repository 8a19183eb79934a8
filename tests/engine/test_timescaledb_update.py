"""A newer TimescaleDB in the image: the database concerned is refused, the others are served, the update is a step.

The newer version is made from the real one in a layer of its own: control file, scripts and library under another
version of the same length, and the library of the present version removed, as in an image that has one version only.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from manage.apply import data_updates, files
from manage.engine import facts
from manage.engine.client import connect
from manage.images import ensure
from manage.installation.layout import Layout
from manage.render.model import Image
from tests.engine import test_templates, tiny
from tests.engine.test_templates import RunningStack, until

NEWER = """\
FROM {reference}
USER root
RUN set -eu; cd /usr/share/postgresql/17/extension; libs=/usr/lib/postgresql/17/lib; \\
    old=$(sed -n "s/^default_version = '\\(.*\\)'/\\1/p" timescaledb.control); new=${{old%?}}9; \\
    sed -i "s/$old/$new/" timescaledb.control; \\
    sed "s/timescaledb-$old/timescaledb-$new/g" "timescaledb--$old.sql" > "timescaledb--$new.sql"; \\
    echo "UPDATE pg_proc SET probin = '\\$libdir/timescaledb-$new' WHERE probin = '\\$libdir/timescaledb-$old';" \\
        > "timescaledb--$old--$new.sql"; \\
    sed "s/$old/$new/g" "$libs/timescaledb-$old.so" > "$libs/timescaledb-$new.so"; rm "$libs/timescaledb-$old.so"
USER 70010:70010
LABEL {label}=engine
"""
VERSION = "select extversion from pg_extension where extname = 'timescaledb'"
STATE = "select datname, datallowconn, shobj_description(oid, 'pg_database') from pg_database where datname = '{name}'"


@pytest.fixture(scope="module")
def present(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Image:
    layout = Layout(tmp_path_factory.mktemp("images"))
    return dict(ensure.images(("timescaledb",), layout, lambda _event: None))["timescaledb"]


@pytest.fixture(scope="module")
def newer(engine: Any, present: Image) -> Iterator[Image]:
    reference = f"{tiny.REPOSITORY}:timescaledb-newer"
    text = NEWER.format(reference=present.reference, label=tiny.TEST_LABEL)
    said = list(engine.build(fileobj=io.BytesIO(text.encode()), tag=reference, rm=True, decode=True))
    assert not [line for line in said if "error" in line], said[-3:]
    yield Image("timescaledb", reference, engine.inspect_image(reference)["Id"])
    engine.remove_image(reference, force=True)


@pytest.fixture
def running(
    present: Image, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningStack]:
    monkeypatch.setattr(test_templates, "SERVICES", ("timescaledb",))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    found = RunningStack(tmp_path_factory.mktemp("update"), port, {"timescaledb": present})
    yield found
    found.remove()


def run_image(running: RunningStack, image: Image) -> None:
    """Replace the database's container by one of this image, and wait until it serves the oracle."""
    spec = running.stack.service("timescaledb")
    text = running.stack.compose_yaml.replace(spec.image.reference, image.reference)
    running.stack = replace(
        running.stack,
        compose_yaml=text,
        revision=image.config_digest.removeprefix("sha256:"),
        services=tuple(replace(s, image=image) if s.name == spec.name else s for s in running.stack.services),
    )
    files.write(running.layout, running.stack)
    running.compose("up", "--detach", "--no-deps", "timescaledb")
    until(lambda: served(running, "oracle"))


def served(running: RunningStack, role: str) -> bool:
    code, _ = running.sql("select 1", role=role, database=f"{role}_sandbox", password=running.password(role))
    return code == 0


def update(running: RunningStack) -> None:
    with connect() as api:
        found = facts.containers(api, running.installation)
        data_updates.apply(api, next(c for c in found if c.service == "timescaledb"), "timescaledb")


@pytest.mark.promise(
    "A newer TimescaleDB in the image refuses the databases concerned with a sentence and serves the others", runs="ci"
)
def test_a_newer_extension_waits_for_consent_and_an_older_one_is_refused(
    running: RunningStack, present: Image, newer: Image
) -> None:
    running.wait_for_tcp()
    old = running.sql(VERSION, database="tracker_sandbox")[1]
    new = f"{old[:-1]}9"
    fill = "create table h (at timestamptz not null, v int); select create_hypertable('h', 'at'); "
    fill += "insert into h select now() - n * interval '1 day', n from generate_series(1, 40) n"
    assert running.sql(fill, database="tracker_sandbox")[0] == 0

    run_image(running, newer)
    container = running.container("timescaledb")
    assert (container.status, container.attrs["RestartCount"]) == ("running", 0)
    sentence = (
        f"is not served: its TimescaleDB is {old}, and this image has {new}. The next manage up offers the update."
    )
    assert f"Nodeyard: the database tracker_sandbox {sentence}" in container.logs().decode()
    password = running.password("tracker")
    code, said = running.sql("select 1", role="tracker", database="tracker_sandbox", password=password)
    assert code != 0
    assert 'database "tracker_sandbox" is not currently accepting connections' in said
    state = STATE.format(name="tracker_sandbox")
    assert running.sql(state)[1] == f"tracker_sandbox|f|TimescaleDB {old} {new} update"
    assert running.sql(VERSION, database="oracle_sandbox")[1] == new  # without hypertables nothing depends on it
    assert served(running, "watch")

    container.restart(timeout=30)  # refusing is no endless loop, and it repeats
    until(lambda: served(running, "oracle"))
    assert not served(running, "tracker")

    update(running)
    assert served(running, "tracker")
    assert running.sql(VERSION, database="tracker_sandbox")[1] == new
    assert running.sql("select count(*), sum(v) from h", database="tracker_sandbox")[1] == "40|820"
    assert running.sql(state)[1] == "tracker_sandbox|t|"
    update(running)  # nothing waits: nothing happens

    run_image(running, present)  # the image before: there is no way back
    assert not served(running, "tracker")
    said = running.container("timescaledb").logs().decode()
    assert "Use an image with that version, or restore a backup." in said
    assert running.sql(state)[1] == f"tracker_sandbox|f|TimescaleDB {new} {old} none"
    update(running)
    assert not served(running, "tracker")


def test_a_database_that_cannot_be_opened_does_not_keep_the_others_away(running: RunningStack) -> None:
    running.wait_for_tcp()
    assert (
        running.sql("alter table _timescaledb_config.bgw_job rename to elsewhere", database="tracker_sandbox")[0] == 0
    )
    running.container("timescaledb").restart(timeout=30)
    until(lambda: served(running, "oracle"))
    assert not served(running, "tracker")
    assert "Nodeyard: the database tracker_sandbox is not served: see the error above." in (
        running.container("timescaledb").logs().decode()
    )
