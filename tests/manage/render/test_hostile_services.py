"""An own service that was written to do harm: what it asks for is refused with a sentence, and manage goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from manage.catalog import load_catalog
from manage.errors import NodeyardError
from manage.installation.layout import Layout
from tests.manage.render.conftest import rendered

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def edit(layout: Layout) -> Edit:
    """Set keys of the cache's service.yml."""

    def change(keys: dict[str, Any]) -> None:
        path = layout.services_dir / "redis/service.yml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **keys}))

    return change


def refusal(layout: Layout) -> str:
    with pytest.raises(NodeyardError) as caught:
        rendered(layout)
    return caught.value.message


@pytest.mark.promise("An own service cannot take the secret of another service", runs="ci")
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"secrets": [{"name": "tracker_token"}]}, "the secret tracker_token belongs to tracker"),
        ({"secrets": [{"name": "postgres_password"}]}, "the secret postgres_password belongs to timescaledb"),
        ({"uses": {"database": {"database": "oracle"}}}, "the secret oracle_db_password belongs to oracle"),
        ({"uses": {"database": {"database": "postgres"}}}, "does not match"),
        ({"uses": {"database": {"grants": ["pg_read_server_files"]}}}, "does not match"),
        (
            {"health": {"driver": "line", "options": {"port": "redis", "expect": "x", "secret": "watch_db_password"}}},
            "unknown secret 'watch_db_password'",
        ),
    ],
)
def test_the_secret_of_another_service_is_refused(layout: Layout, edit: Edit, keys: dict[str, Any], words: str) -> None:
    edit(keys)
    assert words in refusal(layout)


@pytest.mark.parametrize("name", ["timescaledb_watch", "host", "localhost"])
def test_a_name_that_means_something_else_is_refused(layout: Layout, name: str) -> None:
    folder = layout.services_dir / name
    (layout.services_dir / "redis").rename(folder)
    (folder / "service.yml").write_text((folder / "service.yml").read_text().replace("name: redis", f"name: {name}"))
    assert "name: " in refusal(layout)


@pytest.mark.promise("Relations of the operator replace none of Nodeyard's and name no other's secret", runs="ci")
@pytest.mark.parametrize(
    ("relation", "words"),
    [
        ("database: {meaning: m}", "the relation database is Nodeyard's"),
        ("mine: {meaning: m, secret: {name: tracker_token}}", "it names no user"),
        ("mine: {meaning: m, secret: {name: '{service.__class__}'}}", "may hold {service}"),
        ("mine: {meaning: m, secret: {name: '{service}/../x'}}", "otherwise lower-case letters"),
        ("mine: {meaning: m, uses: {a: {type: text, meaning: m, pattern: (a+)+}}}", "repeats a group"),
        ("mine: {meaning: m, uses: {a: {type: text, meaning: m, default: '{b}'}}}", "otherwise no braces"),
    ],
)
def test_a_hostile_relation_is_refused(layout: Layout, relation: str, words: str) -> None:
    (layout.services_dir / "relations.yml").write_text(f"version: 1\nrelations:\n  {relation}\n")
    assert words in refusal(layout)


@pytest.mark.promise("An own service mounts neither another's volume nor a folder of the installation", runs="ci")
@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("volumes: [{type: volume, source: timescaledb_data, target: /x}]", "volumes are listed in service.yml"),
        ("volumes: [{type: bind, source: DIR/secrets, target: /x}]", "folder is not mounted"),
        ("volumes: [{type: bind, source: DIR/run/agent, target: /x}]", "folder is not mounted"),
        ("volumes: [5]", "volumes are listed in service.yml"),
        ("pids_limit: -1", "changes pids_limit"),
        ("ulimits: {nofile: {soft: -1, hard: -1}}", "changes ulimits"),
        ("logging: {driver: syslog}", "changes logging"),
        ("environment: {A: '${HOME}'}", "environment.A has a single $"),
        ("environment: [A=b]", "environment is not a mapping"),
        ("environment: {A: 2001-01-01}", "quote it"),
        ("environment: {A: .nan}", "quote it"),
        ("environment: {A: &a [x], B: *a}", "an alias is not allowed"),
        ("command: 5", "command is not a list"),
    ],
)
def test_a_template_that_reaches_for_more_is_refused(layout: Layout, part: str, words: str) -> None:
    compose = layout.services_dir / "redis/compose.yml.j2"
    part = part.replace("DIR", "{{ dir }}").replace("{{ dir }}/", "/srv/yard/")
    compose.write_text('{% extends "service.yml.j2" %}\n{% block mounts %}\n' + part + "\n{% endblock %}\n")
    assert words in refusal(layout)


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 33)


@pytest.mark.promise("Links, pipes and oversized files in the folder of an own service are not read", runs="ci")
@pytest.mark.parametrize("make", [_link, os.mkfifo, _large])
@pytest.mark.parametrize("file", ["service.yml", "compose.yml.j2", "files/leak", "README.md"])
def test_what_is_no_plain_file_is_refused(layout: Layout, make: Callable[[Path], None], file: str) -> None:
    path = layout.services_dir / "redis" / file
    path.unlink(missing_ok=True)
    make(path)
    with pytest.raises(NodeyardError, match=r"a link, a pipe or a device|is too large at"):
        load_catalog(layout)


@pytest.mark.promise("YAML that is nested without end is refused and crashes nothing", runs="ci")
@pytest.mark.parametrize("text", [b"[" * 900_000, b"- " * 400_000, b"a: " + b"{b: " * 100_000, b"? [a]\n: 5\n"])
def test_deep_yaml_is_refused(layout: Layout, text: bytes) -> None:
    (layout.services_dir / "redis/service.yml").write_bytes(text)
    with pytest.raises(NodeyardError, match=r"nested too deeply|nesting depth|must be plain text"):
        load_catalog(layout)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"ports": {"redis": {"number": 99999999, "scheme": "redis"}}}, "from 1 to 65535"),
        ({"ports": {"redis": {"number": 6379, "scheme": "redis", "publish": "loopback", "offset": 10**9}}}, "to 535"),
        ({"resources": {"memory": "0", "pids": -1, "disk": "1m"}}, "it must be from 4m"),
        ({"resources": {"memory": "64m", "pids": 1, "disk": "1m", "cpus": float("nan")}}, "from 0 to 4096"),
        ({"uid": 16**6000}, "the number is too large"),
        ({"summary": "\x1b[2J"}, "control character"),
        ({"volumes": {"d": {"path": "/run/secrets", "holds": "history"}}}, "outside of /run/secrets"),
        (
            {"settings": {"k": {"type": "string", "default": "", "example": "", "help": "h", "pattern": "(a+)+"}}},
            "repeats a group",
        ),
        (
            {"settings": {"enabled": {"type": "string", "default": "", "example": "", "help": "h"}}},
            "no key that every service has",
        ),
    ],
)
def test_a_value_out_of_bounds_is_refused(layout: Layout, edit: Edit, keys: dict[str, Any], words: str) -> None:
    if "uid" in keys:
        path = layout.services_dir / "redis/service.yml"
        path.write_text(path.read_text().replace("uid: 70101", "uid: 0x" + "f" * 6000))
    else:
        edit(keys)
    assert words in refusal(layout)


def test_a_file_that_is_no_text_is_mounted_and_json_that_is_none_is_refused(layout: Layout) -> None:
    (layout.services_dir / "redis/files/key.bin").write_bytes(b"\xff\xfe")
    assert rendered(layout)[0].service("redis").files["key.bin"] == b"\xff\xfe"
    (layout.services_dir / "redis/files/a.json").write_bytes(b"{")
    assert "files/a.json is not JSON" in refusal(layout)


@pytest.mark.promise("A template of an own service that never ends is stopped", runs="ci")
@pytest.mark.parametrize(
    "text",
    [
        "{% set r = range(1000) %}" + "{% for a in r %}" * 6 + "{% endfor %}" * 6,
        "{% macro f(n) %}{{ f(n - 1) ~ f(n - 1) if n else '' }}{% endmacro %}{{ f(60) }}",
        "{{ 'a' * 10 ** 10 }}",
        "{{ 'a'|center(10 ** 10) }}",
        "{{ 'a' * 3000000 }}",
    ],
)
def test_a_template_without_end_is_stopped(layout: Layout, text: str) -> None:
    (layout.services_dir / "redis/files/redis.conf.j2").write_text(text)
    assert "cannot be rendered" in refusal(layout)


@pytest.mark.promise("No reason allows an own service to mount the installation's folder", runs="ci")
@pytest.mark.parametrize("source", ["/srv/yard/secrets", "/srv/yard", "/srv", "/", "/tmp/../srv/yard", "../secrets"])
def test_no_reason_allows_the_folder_of_the_installation(layout: Layout, edit: Edit, source: str) -> None:
    edit({"exceptions": {"bind": "because"}})
    compose = layout.services_dir / "redis/compose.yml.j2"
    head = '{% extends "service.yml.j2" %}\n{% block mounts %}\n'
    mount = "  - {type: bind, target: /x, source: "
    compose.write_text(f"{head}{mount}{source}}}\n{{% endblock %}}\n")
    assert "the installation's folder is not mounted" in refusal(layout)
    compose.write_text(f"{head}{mount}/media/music}}\n{{% endblock %}}\n")
    assert any(mount["source"] == "/media/music" for mount in rendered(layout)[0].service("redis").compose["volumes"])
