"""The render of a whole project: names, labels, order, and the same bytes for the same inputs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import yaml

from manage import config as configuration
from manage.catalog import Catalog
from manage.errors import NodeyardError
from manage.installation.layout import CHECKOUT
from manage.render import image_names, render_stack, secret_uses
from manage.render.model import Image
from tests.manage.render.conftest import DIRECTORY, INSTALLATION, MAINNET, NODES, SANDBOX, Render

ALL = (SANDBOX, NODES, MAINNET)


@pytest.mark.parametrize("text", ALL)
def test_the_same_inputs_give_the_same_bytes(text: str, render: Render) -> None:
    assert render(text) == render(text)


@pytest.mark.promise("The same inputs render to the same bytes", runs="ci")
def test_another_process_gives_the_same_bytes_whatever_its_hash_seed() -> None:
    program = (
        "from tests.manage.render.conftest import *\n"
        "stack, manager = render.__wrapped__(load_catalog())(SANDBOX)\n"
        "print(stack.revision, manager.revision)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


@pytest.mark.parametrize("text", ALL)
def test_the_file_is_the_services_as_parsed_back_with_their_spec_label(text: str, render: Render) -> None:
    for stack in render(text):
        document = yaml.safe_load(stack.compose_yaml)
        assert document["name"] == stack.project
        assert list(document["services"]) == sorted(spec.name for spec in stack.services)
        for spec in stack.services:
            service = document["services"][spec.name]
            assert service["labels"].pop("io.nodeyard.spec") == spec.spec_digest
            assert service == spec.compose
            assert service["labels"] == {"io.nodeyard.installation": "0123abcd", "io.nodeyard.service": spec.name}


def test_services_are_in_start_order(render: Render) -> None:
    stack, manager = render(SANDBOX)
    names = [spec.name for spec in stack.services]
    assert names.index("timescaledb") < names.index("kaspad") < names.index("tracker")
    assert stack.project == "yard"
    assert manager.project == "yard-manager"
    assert {spec.name for spec in manager.services} == {"agent", "watch", "dashboard"}


@pytest.mark.promise(
    "Volume names contain the project and the network; containers and networks carry the installation id",
    runs="ci",
)
def test_networks_and_volumes_are_external_and_have_the_documented_names(render: Render) -> None:
    stack, manager = render(SANDBOX)
    assert {network.name for network in stack.networks} >= {"yard_bitcoind-rpc", "yard_tracker-http", "yard_proxy-door"}
    assert {network.name for network in manager.networks} >= {"yard_dashboard-door", "yard_watch-metrics"}
    assert {volume.name for volume in stack.volumes} >= {"yard_sandbox_timescaledb_data", "yard_sandbox_kaspad_appdir"}
    document = yaml.safe_load(stack.compose_yaml)
    for entry in (*document["networks"].values(), *document["volumes"].values()):
        assert entry["external"] is True


def test_managed_services_have_no_healthcheck_no_depends_on_and_no_global_name(render: Render) -> None:
    for text in ALL:
        for stack in render(text):
            for spec in stack.services:
                assert not {"healthcheck", "depends_on", "container_name", "hostname"} & set(spec.compose)
                assert spec.compose["pull_policy"] == "never"


def test_the_folder_of_configuration_files_is_named_after_their_content(render: Render) -> None:
    (one, _), (same, _), (other, _) = (
        render(f"{SANDBOX}services: {{proxy: {{rate_limit: {n}}}}}") for n in (20, 20, 10)
    )
    assert one.service("proxy").files_dir == same.service("proxy").files_dir
    assert one.service("proxy").files_dir != other.service("proxy").files_dir
    assert one.service("proxy").files_dir.startswith(f"{DIRECTORY}/files/proxy-")
    assert one.service("kaspad").files_dir == ""
    mounts = one.service("proxy").compose["volumes"]
    assert [m["source"] for m in mounts if m["target"] == "/etc/nodeyard"] == [one.service("proxy").files_dir]


def test_another_secret_generation_changes_the_mount_and_the_spec_of_its_consumers_alone(render: Render) -> None:
    (before, _), (after, _) = render(SANDBOX), render(SANDBOX, {"tracker_db_password": 2})
    changed = {spec.name for spec in after.services if spec.spec_digest != before.service(spec.name).spec_digest}
    assert changed == {"tracker", "timescaledb"}
    assert {"source": "tracker_tracker_db_password_g2", "target": "tracker_db_password"} in (
        after.service("tracker").compose["secrets"]
    )
    assert f"{DIRECTORY}/run/secrets/tracker/tracker_db_password_g2" in after.compose_yaml


def test_an_image_with_other_content_changes_the_digest_even_under_the_same_name(render: Render) -> None:
    (before, _) = render(SANDBOX)
    (after, _) = render(SANDBOX, nginx=Image("nginx", "localhost/nodeyard/nginx:0", "sha256:rebuilt"))
    changed = {spec.name for spec in after.services if spec.spec_digest != before.service(spec.name).spec_digest}
    assert changed == {"proxy"}


def test_the_error_for_an_image_that_is_not_locked_says_how_to_build_it(catalog: Catalog) -> None:
    config = configuration.parse("version: 1\n", "stack.yml", catalog)
    with pytest.raises(NodeyardError, match="timescaledb needs the image timescaledb") as caught:
        render_stack(catalog, config, INSTALLATION, {}, {}, DIRECTORY)
    assert "manage images build" in caught.value.hint


def test_the_image_list_comes_from_the_render(catalog: Catalog) -> None:
    sandbox = configuration.parse("version: 1\n", "stack.yml", catalog)
    nodes = configuration.parse(f"version: 1\n{NODES}", "stack.yml", catalog)
    assert set(image_names(catalog, sandbox)) >= {"timescaledb", "nginx", "sandbox", "tracker", "manager"}
    assert set(image_names(catalog, nodes)) == {"bitcoind", "kaspad", "manager"}


def test_each_consumer_has_its_own_copy_of_a_secret_and_the_host_its_rpc_password(catalog: Catalog) -> None:
    config = configuration.parse("version: 1\n", "stack.yml", catalog)
    uses = {
        (use.service, use.name): (use.uid, use.kind) for use in secret_uses(catalog, config, "0", {"bitcoind": 1000})
    }
    assert uses["tracker", "tracker_db_password"] == (70014, "password")
    assert uses["timescaledb", "tracker_db_password"] == (70010, "password")
    assert uses["timescaledb", "watch_db_password"] == (70010, "password")
    assert uses["bitcoind", "bitcoind_rpcauth"] == (1000, "rpcauth")
    assert uses["watch", "bitcoind_rpc_watch"] == (70021, "password")
    assert uses["host", "bitcoind_rpc_host"] == (0, "password")
    assert ("bitcoind", "bitcoind_rpc_host") not in uses


def test_secrets_without_a_consumer_in_the_stack_are_not_created(catalog: Catalog) -> None:
    config = configuration.parse("version: 1\nprofiles: [core]\nnetwork: private\n", "stack.yml", catalog)
    assert secret_uses(catalog, config, "0") == ()


def test_an_adopted_chain_folder_replaces_the_volume_and_keeps_its_owner(catalog: Catalog) -> None:
    text = f"version: 1\n{NODES}storage: {{chain_dirs: {{kaspad: /mnt/kaspa}}}}\n"
    config = configuration.parse(text, "stack.yml", catalog)
    images = {name: Image(name, name, name) for name in image_names(catalog, config)}
    stack = render_stack(catalog, config, INSTALLATION, images, {}, DIRECTORY, {"kaspad": 1000})
    spec = stack.service("kaspad")
    assert [m["source"] for m in spec.compose["volumes"] if m["target"] == "/var/lib/kaspad"] == ["/mnt/kaspa"]
    assert spec.compose["user"] == "1000:1000"
    assert spec.compose["entrypoint"][-2:] == ["/var/lib/kaspad/.nodeyard-kaspad-0123abcd", "kaspad"]
    assert [volume.service for volume in stack.volumes] == ["bitcoind"]


def test_ports_are_published_only_as_catalog_and_operator_say(render: Render) -> None:
    def published(text: str) -> dict[str, list[tuple[str, str]]]:
        return {
            spec.name: [(port["host_ip"], port["published"]) for port in spec.compose["ports"]]
            for stack in render(text)
            for spec in stack.services
            if "ports" in spec.compose
        }

    assert published(SANDBOX) == {"proxy": [("127.0.0.1", "8601")], "dashboard": [("127.0.0.1", "8600")]}
    assert published(f"{MAINNET}ports: {{bind: 10.0.0.5, base: 9000}}\nservices: {{kaspad: {{listen: true}}}}\n") == {
        "kaspad": [("0.0.0.0", "16111")],
        "dashboard": [("10.0.0.5", "9000")],
    }
