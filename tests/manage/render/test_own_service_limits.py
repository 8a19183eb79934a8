"""What an own service may not: reach what is behind a value, ask for more power, change what Nodeyard sets."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from manage.errors import NodeyardError
from manage.installation.layout import Layout
from tests.manage.render.conftest import Change, rendered


@pytest.mark.promise("The template of an own service cannot reach what is behind a value", runs="ci")
@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__.__mro__[1].__subclasses__()",
        "service.__init__.__globals__",
        "service.port.__func__.__globals__",
        "bind.__globals__",
        "database_url.__closure__",
        "cycler.__init__.__globals__.os.popen('id').read()",
        "'{0.__class__}'.format(service)",
        "settings.update({'a': 1})",
        "uses.clear()",
        "range(10 ** 9)",
        "service.directory.parent.read_text()",
        "self._TemplateReference__context.environment",
    ],
)
def test_a_template_cannot_reach_what_is_behind_a_value(layout: Layout, change: Change, expression: str) -> None:
    change("redis/compose.yml.j2", "entrypoint: [redis-server]", "entrypoint: [{{ " + expression + " }}]")
    with pytest.raises(NodeyardError, match=r"compose\.yml\.j2.* cannot be rendered"):
        rendered(layout)


def test_its_files_cannot_reach_it_either(layout: Layout, change: Change) -> None:
    change("redis/files/redis.conf.j2", 'save ""', "{{ service.__class__.__init__.__globals__ }}")
    with pytest.raises(NodeyardError, match=r"redis\.conf\.j2 cannot be rendered"):
        rendered(layout)


@pytest.mark.promise("An own service that asks for more power than the hardening preset is refused", runs="ci")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("privileged: true", "it has privileged"),
        ("build: .", "it has build"),
        ("env_file: /etc/shadow", "it has env_file"),
        ('group_add: ["0"]', "it has group_add"),
        ("volumes: [{type: bind, source: /etc, target: /host}]", "it mounts /etc of the host"),
        ('volumes: ["/etc:/host"]', "it mounts /etc:/host of the host"),
        (
            "volumes: [{type: bind, source: /srv/yard/../../etc, target: /host}]",
            "the installation's folder is not mounted",
        ),
        ("volumes: [{type: bind, source: /run/docker.sock, target: /x}]", "it mounts Docker's socket"),
    ],
)
def test_a_template_that_asks_for_more_power_is_refused(layout: Layout, change: Change, line: str, words: str) -> None:
    key = line.partition(":")[0]
    path = layout.services_dir / "redis/compose.yml.j2"
    if key == "volumes":
        # The skeleton writes the key itself, so a hostile template brings a whole document of its own.
        skeleton = rendered(layout)[0].service("redis").compose
        path.write_text(yaml.safe_dump({**skeleton, **yaml.safe_load(line)}))
    else:
        change("redis/compose.yml.j2", "entrypoint: [redis-server]", f"entrypoint: [redis-server]\n{line}")
    with pytest.raises(NodeyardError) as caught:
        rendered(layout)
    assert words in caught.value.message


@pytest.mark.promise("An own service cannot change its user, image, networks, ports, secrets or labels", runs="ci")
@pytest.mark.parametrize(
    "changed",
    [
        {"secrets": [{"source": "tracker_tracker_token_g1", "target": "x"}]},
        {"networks": {"chain": {"aliases": ["kaspad"]}}},
        {"labels": {"io.nodeyard.installation": "another"}},
        {"ports": [{"target": 6379, "published": "6379", "host_ip": "0.0.0.0", "protocol": "tcp", "mode": "ingress"}]},
        {"user": "70014:70014"},
        {"image": "stranger/image"},
    ],
)
def test_a_template_cannot_change_what_nodeyard_sets(layout: Layout, changed: dict[str, Any]) -> None:
    skeleton = rendered(layout)[0].service("redis").compose
    (layout.services_dir / "redis/compose.yml.j2").write_text(yaml.safe_dump({**skeleton, **changed}))
    with pytest.raises(NodeyardError, match=f"changes {next(iter(changed))}, which Nodeyard sets"):
        rendered(layout)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "redis/service.yml",
            "rollback: safe",
            "exceptions: {socket: I want it}\nrollback: safe",
            "would own the host",
        ),
        ("prometheus/service.yml", "publish: loopback", "publish: public:open", "no setting 'open' whose default is"),
        ("redis/service.yml", "group: data", "group: manager", "only Nodeyard's own services belong to the manager"),
        ("redis/service.yml", "uid: 70101", "uid: 70014", "uid: 70014 belongs to"),
        ("redis/service.yml", "group: data", "networks: [host]\ngroup: data", "unknown network 'host'"),
        ("redis/service.yml", "title: Cache", 'title: "\'; }"', "a title has at most 40 characters"),
        ("redis/service.yml", 'expect: "\\\\+PONG"', 'expect: "(a+)+$"', "repeats a group"),
        ("prometheus/service.yml", "offset: 10", "offset: 5", "offsets below 10 belong to Nodeyard"),
        ("prometheus/service.yml", "uses:", "uses:\n  route: {path: '/x { } /'}", "does not match"),
    ],
)
def test_a_service_file_that_breaks_a_rule_is_refused(
    layout: Layout, change: Change, file: str, old: str, new: str, words: str
) -> None:
    change(file, old, new)
    with pytest.raises(NodeyardError) as caught:
        rendered(layout)
    assert words in caught.value.message


@pytest.mark.promise("No Python in the folder of an own service is loaded", runs="ci")
def test_python_in_its_folder_is_never_loaded(layout: Layout) -> None:
    for name in ("__init__.py", "probe.py", "conftest.py"):
        (layout.services_dir / "redis" / name).write_text("raise SystemExit('loaded')\n")
    rendered(layout)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('command: ["redis-server", "--port", 6379]', "command[2] is the number 6379; put it in quotes"),
        ("entrypoint: [redis-server, yes]", "entrypoint[1] is true; put it in quotes"),
        ("command: [~]", "command[0] is empty; put it in quotes"),
        ("healthcheck: {test: [CMD, 5]}", "healthcheck.test[1] is the number 5; put it in quotes"),
        ("environment: {PORTS: [1]}", "environment.PORTS is a list; put it in quotes"),
        ("working_dir: 5", "working_dir is the number 5; put it in quotes"),
    ],
)
def test_a_value_that_compose_takes_as_text_only_is_named(layout: Layout, lines: str, words: str) -> None:
    skeleton = rendered(layout)[0].service("redis").compose
    (layout.services_dir / "redis/compose.yml.j2").write_text(yaml.safe_dump({**skeleton, **yaml.safe_load(lines)}))
    with pytest.raises(NodeyardError) as caught:
        rendered(layout)
    assert "redis/compose.yml.j2 renders" in caught.value.message
    assert words in caught.value.message
