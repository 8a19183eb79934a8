"""docs/config.md and help come from the schema, so they cannot be out of date."""

from __future__ import annotations

from manage import config
from manage.catalog import Catalog


def test_every_key_says_what_it_is_for(catalog: Catalog) -> None:
    for entry in config.describe(catalog):
        assert entry.help.endswith("."), entry.path


def test_a_default_that_differs_by_network_is_shown_for_each(catalog: Catalog) -> None:
    entries = {entry.path: entry for entry in config.describe(catalog)}
    assert entries["services.kaspad.memory"].default["mainnet"] == "16g"
    assert entries["services.proxy.rate_limit"].default == 20


def test_what_reaches_beyond_the_stack_is_for_the_host_only(catalog: Catalog) -> None:
    host_only = {entry.path for entry in config.describe(catalog) if entry.host_only}
    assert {"images.source", "storage.chain_dirs.kaspad", "services.kaspad.extra_args"} <= host_only
    assert "services.proxy.rate_limit" not in host_only
