"""An operator's own services: added as data, subject to the same rules, and never trusted beyond the render."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from manage import config as configuration
from manage.catalog import Catalog, load_catalog, scaffold
from manage.errors import NodeyardError
from manage.installation.layout import CHECKOUT, Layout
from manage.render import image_names, render_manager, render_stack
from manage.render.model import Image, Stack
from manage.render.service_check import problems
from tests.manage.render.conftest import DIRECTORY, INSTALLATION

OWN = CHECKOUT / "tests/data/own-services"
Change = Callable[[str, str, str], None]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An installation whose operator added a cache and Prometheus."""
    shutil.copytree(OWN, tmp_path / "services")
    return Layout(tmp_path)


@pytest.fixture
def change(layout: Layout) -> Change:
    """Replace text in a file of an own service; the text must be there."""

    def replace(file: str, old: str, new: str) -> None:
        path = layout.services_dir / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return replace


def rendered(layout: Layout) -> tuple[Stack, Stack]:
    catalog: Catalog = load_catalog(layout)
    config = configuration.parse("version: 1\n", "stack.yml", catalog)
    images = {name: Image(name, name, name) for name in image_names(catalog, config)}
    stack = render_stack(catalog, config, INSTALLATION, images, {}, DIRECTORY)
    return stack, render_manager(catalog, config, INSTALLATION, images, {}, DIRECTORY, stack)


@pytest.mark.promise(
    "Prometheus is added as a folder, without touching manage/, and finds everything that provides metrics", runs="ci"
)
def test_prometheus_finds_everything_that_provides_metrics_without_code_in_manage(layout: Layout) -> None:
    stack, _manager = rendered(layout)
    scraped = yaml.safe_load(stack.service("prometheus").files["prometheus.yml"])["scrape_configs"]
    targets = {job["job_name"]: (job["static_configs"][0]["targets"], job["metrics_path"]) for job in scraped}
    assert targets == {
        "tracker": (["tracker:8000"], "/metrics"),
        "oracle": (["oracle:8000"], "/metrics"),
        "watch": (["watch:9101"], "/metrics"),
    }
    sources = [path.read_text() for path in (CHECKOUT / "manage").rglob("*.py")]
    assert not any("redis-server" in text or "scrape_configs" in text for text in sources)


@pytest.mark.promise("A cache is added as a folder, and its users are given its address and wait for it", runs="ci")
def test_a_user_of_the_cache_receives_its_address_and_waits_for_it(layout: Layout) -> None:
    shutil.copytree(layout.services_dir / "redis", layout.services_dir / "shop")
    text = (layout.services_dir / "shop/service.yml").read_text()
    text = text.replace("name: redis", "name: shop").replace("10101", "10103").replace("group: data", "group: services")
    text = text.replace("provides:\n  cache: {port: redis, check: line}", "uses:\n  cache: {}")
    (layout.services_dir / "shop/service.yml").write_text(text)
    (layout.services_dir / "shop/files/redis.conf.j2").write_text("cache = {{ uses.cache.url }}\n")
    stack, manager = rendered(layout)
    assert stack.service("shop").files["redis.conf"] == b"cache = redis://redis:6379\n"
    watched = yaml.safe_load(manager.service("watch").files["watch.json"])["services"]
    needs = next(service["needs"] for service in watched if service["name"] == "shop")
    assert needs == [{"service": "redis", "check": "line"}]


def test_its_health_is_a_generic_driver_with_options(layout: Layout) -> None:
    _stack, manager = rendered(layout)
    watched = yaml.safe_load(manager.service("watch").files["watch.json"])["services"]
    redis = next(service for service in watched if service["name"] == "redis")
    assert redis["driver"] == "line"
    assert redis["options"] == {"port": "redis", "send": ["PING"], "expect": "\\+PONG", "secret": ""}


def test_it_has_the_hardening_preset_and_can_be_switched_off(layout: Layout) -> None:
    stack, _manager = rendered(layout)
    compose = stack.service("redis").compose
    assert compose["read_only"] is True
    assert compose["cap_drop"] == ["ALL"]
    assert compose["user"] == "10101:10101"
    catalog = load_catalog(layout)
    config = configuration.parse("version: 1\nservices: {redis: {enabled: false}}\n", "stack.yml", catalog)
    assert "redis" not in config.services
    assert "prometheus" in config.services


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
        {"user": "10014:10014"},
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
        ("redis/service.yml", "uid: 10101", "uid: 10014", "uid: 10014 belongs to"),
        ("redis/service.yml", "networks: [data]", "networks: [host]", "unknown network 'host'"),
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


def test_a_name_that_is_shipped_is_refused(layout: Layout) -> None:
    (layout.services_dir / "redis").rename(layout.services_dir / "kaspad")
    with pytest.raises(NodeyardError, match="a service kaspad is shipped with Nodeyard"):
        rendered(layout)


@pytest.mark.promise("No Python in the folder of an own service is loaded", runs="ci")
def test_python_in_its_folder_is_never_loaded(layout: Layout) -> None:
    for name in ("__init__.py", "probe.py", "conftest.py"):
        (layout.services_dir / "redis" / name).write_text("raise SystemExit('loaded')\n")
    rendered(layout)


@pytest.mark.promise(
    "`manage services check` says in sentences what a service lacks, without root or Docker", runs="ci"
)
def test_check_reports_in_sentences_what_is_missing(layout: Layout) -> None:
    assert list(problems(layout, "redis")) == []
    (layout.services_dir / "redis/README.md").unlink()
    (layout.services_dir / "redis/compose.yml.j2").unlink()
    shutil.rmtree(layout.services_dir / "redis/image")
    found = "\n".join(problems(layout, "redis"))
    assert "README.md, the page that says what it is" in found
    assert "compose.yml.j2, the template that says how it is started" in found
    assert "image: unknown image 'redis'" in found
    assert "made by image/recipe.yml with a Dockerfile" in found


@pytest.mark.promise("The examples in docs/own-services.md are valid", runs="ci")
def test_the_examples_of_the_documentation_are_complete(layout: Layout) -> None:
    shutil.copytree(layout.services_dir / "redis", layout.services_dir / "shop")
    file = layout.services_dir / "shop/service.yml"
    document = yaml.safe_load(file.read_text())
    document |= {"name": "shop", "uid": 10103, "group": "services", "networks": ["front", "data"]}
    document["ports"]["http"] = {"number": 8000, "scheme": "http"}
    blocks = re.findall(
        r"^```yaml\n(.*?)^```$", (CHECKOUT / "docs/own-services.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(blocks) == 2
    for block in blocks:
        document |= yaml.safe_load(block)
    file.write_text(yaml.safe_dump(document))
    assert list(problems(layout, "shop")) == []


def test_the_documentation_shows_the_image_of_the_example() -> None:
    page = (CHECKOUT / "docs/own-services.md").read_text()
    assert (OWN / "redis/image/Dockerfile").read_text() in page
    for line in (OWN / "redis/image/recipe.yml").read_text().splitlines():
        assert re.search(rf"^    {line}\b", page, re.MULTILINE)


def test_a_new_service_is_complete(layout: Layout) -> None:
    scaffold.write(layout.services_dir, "shop")
    assert list(problems(layout, "shop")) == []


@pytest.mark.parametrize(
    ("recipe", "dockerfile", "words"),
    [
        (
            "base: base\n",
            "ARG BASE\nFROM ${BASE}\n",
            ["recipe.yml: the version of the format is missing", "recipe.yml: an image of yours is built from"],
        ),
        ("version: 1\nkind: root\nbase: base\n", "ARG BASE\nFROM ${BASE}\n", ["recipe.yml:2: an image of yours"]),
        ("version: 1\nkind: dockerfile\n", "FROM base\n", ["Dockerfile:1: base is an image of Nodeyard"]),
        ("version: 1\nkind: dockerfile\nbase: bass\n", "ARG BASE\nFROM ${BASE}\n", ["recipe.yml:3: Nodeyard has no"]),
        ("version: 1\nkind: dockerfile\nbase: base\n", "\nFROM $BASE\n", ["Dockerfile:2: BASE has no value here"]),
        ("version: 1\nkind: dockerfile\n", "ARG BASE\nFROM ${BASE}\n", ["Dockerfile:2: BASE is empty"]),
        ("version: 1\nkind: dockerfile\nbase: base\n", "FROM debian\n", []),
        ("version: 1\nkind: dockerfile\nbase: base\n", "RUN x\n", ["Dockerfile has no FROM"]),
        ("version: 1\nkind: dockerfile\nbase: base\n", None, ["Dockerfile cannot be read"]),
        ("version: 1\nkind: [\n", "ARG BASE\nFROM ${BASE}\n", ["recipe.yml:3 is not valid YAML"]),
        (
            "version: 1\nkind: dockerfile\nbase: base\ninputs: [images/redis/absent]\nlable: x\n",
            "ARG BASE\nFROM ${BASE}\n",
            ["recipe.yml:5: the file has an unknown key: lable", "recipe.yml:4: there is no"],
        ),
    ],
)
def test_check_reports_every_problem_of_the_image(
    layout: Layout, recipe: str, dockerfile: str | None, words: list[str]
) -> None:
    folder = layout.services_dir / "redis/image"
    (folder / "recipe.yml").write_text(recipe)
    if dockerfile is None:
        (folder / "Dockerfile").unlink()
    else:
        (folder / "Dockerfile").write_text(dockerfile)
    found = list(problems(layout, "redis"))
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


def test_check_reports_an_upstream_file_without_an_image(layout: Layout) -> None:
    (layout.services_dir / "prometheus/image/upstream.yml").write_text("version: 1\n")
    (found,) = problems(layout, "prometheus")
    assert "upstream.yml: it names no image" in found


def test_check_says_once_what_is_wrong_on_every_network(layout: Layout, change: Change) -> None:
    change("redis/compose.yml.j2", "command: [", "command: [5, ")
    (found,) = problems(layout, "redis")
    assert found.startswith("On mainnet, testnet, private, sandbox: ")
    assert "command[0] is the number 5" in found


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
