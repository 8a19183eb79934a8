"""What people and machines read: refusals, the description of the API."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from serving.refusals import Refused
from tracker.api import require_address
from tracker.docs_page import page
from tracker.error_handlers import validation_sentence
from tracker.networks import NETWORKS
from tracker.schemas import NewAddress

ADDRESS = "kaspasim:qp8n2k7uklxq4aegau7vawtptkgxsja4kt99lpv6krctwpq8tpc656wlktmzx"


def sentences(body: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        NewAddress.model_validate(body)
    return [validation_sentence({**fault, "loc": ("body", *fault["loc"])}) for fault in raised.value.errors()]


def test_a_misspelt_key_is_named_with_what_was_meant() -> None:
    assert sentences({"chain": "kaspa", "address": ADDRESS, "lable": "x"}) == [
        "Unknown key 'lable'. Did you mean 'label'? Known keys: chain, address, label."
    ]


def test_a_missing_address_is_named() -> None:
    assert sentences({"chain": "kaspa"}) == ["'address' is missing."]


def test_an_unknown_chain_is_named() -> None:
    assert sentences({"chain": "dogecoin", "address": ADDRESS}) == [
        "Unknown chain 'dogecoin'. This tracker supports kaspa."
    ]


def test_a_label_with_a_line_break_is_refused() -> None:
    assert sentences({"chain": "kaspa", "address": ADDRESS, "label": "a\nb"}) == [
        "'label' must be one line of text without control characters."
    ]


def test_an_address_of_another_network_is_refused_with_the_right_prefix() -> None:
    with pytest.raises(Refused, match="Addresses on mainnet begin with kaspa:"):
        require_address(ADDRESS, NETWORKS["mainnet"])


@pytest.mark.parametrize("address", ["", "kaspasim:", ADDRESS[:-1], ADDRESS[:-1] + "y", ADDRESS.upper(), "bcrt1qxyz"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="not a Kaspa address") as raised:
        require_address(address, NETWORKS["sandbox"])
    assert raised.value.status == 422


def test_the_page_of_the_api_escapes_and_lists_what_it_is_given() -> None:
    openapi = {
        "info": {"title": "T <b>"},
        "paths": {"/x": {"get": {"description": "Reads <x>.", "responses": {"200": {"description": "ok"}}}}},
    }
    shown = page(openapi, "/tracker")
    assert "T &lt;b&gt;" in shown
    assert "<b>GET</b> /tracker/x" in shown
    assert "Reads &lt;x&gt;." in shown
    assert 'href="/tracker/openapi.json"' in shown
