"""The contract check: addresses of other services are right, or the render fails and says why."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from manage import config as configuration
from manage.catalog import Catalog, load_catalog
from manage.errors import NodeyardError
from manage.render import contract, image_names, render_stack, wiring
from manage.render.contract import RenderedService
from manage.render.model import Image
from tests.manage.render.conftest import DIRECTORY, INSTALLATION


def rendered_service(
    catalog: Catalog, name: str, text: str = "", arguments: str = "", documents: tuple[object, ...] = ()
) -> RenderedService:
    return RenderedService(catalog.service(name, "sandbox"), arguments, f"{arguments}\n{text}", documents)


@pytest.fixture
def kaspad(catalog: Catalog) -> RenderedService:
    return rendered_service(catalog, "kaspad", arguments="kaspad --utxoindex --rpclisten-json=0.0.0.0:18510")


def problem(
    consumer: RenderedService, *providers: RenderedService, remotes: tuple[str, ...] = (), stack_yml: str = ""
) -> str:
    everyone = {each.service.name: each for each in (consumer, *providers)}
    catalog = load_catalog()
    config = configuration.parse(f"version: 1\n{stack_yml}", "stack.yml", catalog)
    try:
        contract.require_reachable([consumer], everyone, remotes, wiring.service_graph(catalog, config))
    except NodeyardError as error:
        return error.message
    return ""


def test_the_address_of_a_service_that_listens_there_is_accepted(catalog: Catalog, kaspad: RenderedService) -> None:
    assert problem(rendered_service(catalog, "tracker", "ws://kaspad:18510"), kaspad) == ""
    assert problem(rendered_service(catalog, "tracker", "ws://wrpc-json.kaspad:18510"), kaspad) == ""


@pytest.mark.promise("Every address in a render leads to a service that listens there with its flag", runs="ci")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ws://kaspd:18510", "there is no service kaspd"),
        ("ws://rpc.kaspad:18510", "there is no service rpc.kaspad"),
        ("ws://wrpc-json.kaspad.org:18510", "there is no service wrpc-json.kaspad.org"),
        ("ws://kaspad:18110", "kaspad does not listen on 18110; it listens on 18510, 16511"),
        ("http://kaspad:18510", "kaspad speaks ws on 18510"),
        ("postgresql://tracker@timescaledb:5432/x", "there is no service timescaledb"),
        ("upstream kaspad:17110;", "kaspad does not listen on 17110"),
    ],
)
def test_an_address_that_leads_nowhere_is_reported_with_the_reason(
    text: str, words: str, catalog: Catalog, kaspad: RenderedService
) -> None:
    assert words in problem(rendered_service(catalog, "tracker", text), kaspad)


def test_a_provider_started_without_the_flag_that_opens_the_port_is_a_problem(catalog: Catalog) -> None:
    silent = rendered_service(catalog, "kaspad", arguments="kaspad --utxoindex")
    assert "kaspad is started without --rpclisten-json" in problem(
        rendered_service(catalog, "tracker", "ws://kaspad:18510"), silent
    )


def test_services_without_a_common_network_cannot_connect(catalog: Catalog, kaspad: RenderedService) -> None:
    assert "they share no network" in problem(rendered_service(catalog, "proxy", "ws://kaspad:18510"), kaspad)


def test_a_remote_that_the_operator_named_needs_no_service_of_ours(catalog: Catalog, kaspad: RenderedService) -> None:
    consumer = rendered_service(catalog, "tracker", "--addpeer=node.example.org:16111")
    assert "there is no service node.example.org" in problem(consumer, kaspad)
    outbound = "services: {tracker: {outbound: true}}\n"
    assert problem(consumer, kaspad, remotes=("node.example.org:16111",), stack_yml=outbound) == ""
    assert problem(consumer, kaspad, remotes=("--connect=node.example.org:16111",), stack_yml=outbound) == ""


def test_a_remote_of_a_service_without_a_way_out_is_named_before_anything_changes(
    catalog: Catalog, kaspad: RenderedService
) -> None:
    consumer = rendered_service(catalog, "tracker", "--addpeer=node.example.org:16111")
    assert "tracker may not connect to the outside; set services.tracker.outbound to true" in problem(
        consumer, kaspad, remotes=("node.example.org:16111",)
    )


def test_hosts_in_a_json_document_are_addresses_too(catalog: Catalog, kaspad: RenderedService) -> None:
    document = {"services": [{"ports": {"rpc": {"host": "kaspad", "port": 1234, "scheme": "ws"}}}]}
    assert "kaspad does not listen on 1234" in problem(
        rendered_service(catalog, "watch", documents=(document,)), kaspad
    )


@pytest.mark.parametrize(
    "text",
    [
        "zmqpubrawtx=tcp://0.0.0.0:28332",
        "resolver 127.0.0.11 valid=5s;",
        "zone=client:10m rate=20r/s",
        "postgres:x:70010:70010::/var/lib/postgresql:/bin/sh",
        "rpcwhitelist=watch:uptime",
        "2026-11-21T10:15:00Z",
    ],
)
def test_text_without_an_address_of_another_service_is_ignored(text: str, catalog: Catalog) -> None:
    assert problem(rendered_service(catalog, "tracker", text)) == ""


def test_the_operators_texts_are_all_values_of_all_settings() -> None:
    texts = contract.operator_texts({"kaspad": {"peers": ["a:1", "b"], "listen": True}, "proxy": {"rate_limit": 3}})
    assert texts == ("a:1", "b", "True", "3")


def test_all_broken_contracts_are_reported_at_once(catalog: Catalog, kaspad: RenderedService) -> None:
    message = problem(replace(rendered_service(catalog, "tracker", "ws://a:18510 ws://b:18510")), kaspad)
    assert "tracker -> ws://a:18510" in message
    assert "tracker -> ws://b:18510" in message


def test_the_render_itself_stops_when_a_service_is_not_started_as_its_consumers_expect(catalog: Catalog) -> None:
    source = catalog.sources["kaspad"]
    value = copy.deepcopy(source.document.value)
    value["ports"]["wrpc_json"]["flag"] = "--rpclisten-borsh"
    kaspad = replace(source, document=source.document.with_value(value))
    changed = replace(load_catalog(), sources={**catalog.sources, "kaspad": kaspad})
    config = configuration.parse("version: 1\n", "stack.yml", changed)
    images = {name: Image(name, name, name) for name in image_names(changed, config)}
    with pytest.raises(
        NodeyardError, match=r"tracker -> ws://wrpc-json\.kaspad:18510: kaspad is started without --rpclisten-borsh"
    ):
        render_stack(changed, config, INSTALLATION, images, {}, DIRECTORY)


def test_a_secret_that_the_service_does_not_mount_is_named(catalog: Catalog) -> None:
    text = "TOKEN_FILE=/run/secrets/tracker_tokn"
    mounted = replace(rendered_service(catalog, "tracker", text), secrets=("tracker_token",))
    assert "reads /run/secrets/tracker_tokn: unknown secret 'tracker_tokn'. Did you mean 'tracker_token'?" in problem(
        mounted
    )
    assert problem(replace(mounted, text="/run/secrets/tracker_token")) == ""
