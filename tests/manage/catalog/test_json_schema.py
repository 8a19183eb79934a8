"""The JSON Schemas for editors accept what the checks accept, and refuse what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from manage.catalog import Catalog, load_catalog
from manage.catalog.json_schema import service_schema, stack_schema
from manage.config.schema import keys
from manage.installation.layout import CHECKOUT

SERVICES = sorted(
    (*CHECKOUT.glob("profiles/services/*/service.yml"), *CHECKOUT.glob("tests/data/own-services/*/*.yml"))
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.parent.name)
def test_every_service_file_fits_its_schema(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    assert [error.message for error in Draft202012Validator(service_schema()).iter_errors(document)] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"uid": "70011"},
        {"lable": 1},
        {"group": "servces"},
        {"resources": {"memory": "lots", "pids": 1, "disk": "1m"}},
        {"ports": {"http": {"number": 80}}},
        {"settings": {"x": {"type": "integer", "default": 1, "help": "It does."}}},
    ],
)
def test_a_service_file_with_a_fault_does_not_fit(changed: dict[str, Any]) -> None:
    document = yaml.safe_load((CHECKOUT / "profiles/services/proxy/service.yml").read_text())
    assert not Draft202012Validator(service_schema()).is_valid(document | changed)


@pytest.mark.promise("`manage config schema` gives a JSON Schema that editors can use", runs="ci")
def test_the_examples_of_every_setting_fit_the_schema_of_stack_yml(catalog: Catalog) -> None:
    for network in ("mainnet", "sandbox"):
        settings = keys(catalog, network)
        schema = Draft202012Validator(stack_schema(settings))
        document: dict[str, Any] = {}
        for path, setting in settings.items():
            node = document
            *sections, leaf = path.split(".")
            for name in sections:
                node = node.setdefault(name, {})
            node[leaf] = setting.example
        assert [error.message for error in schema.iter_errors(document)] == []


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nnam: home\n",
        "version: 1\nnetwork: moon\n",
        "version: 1\nservices: {proxy: {rate_limit: 0}}\n",
        "version: 1\nservices: {proxy: {rate_limit: '5'}}\n",
        "name: home\n",
    ],
)
def test_a_stack_yml_with_a_fault_does_not_fit(text: str, catalog: Catalog) -> None:
    schema = Draft202012Validator(stack_schema(keys(catalog, "sandbox")))
    assert not schema.is_valid(yaml.safe_load(text))
