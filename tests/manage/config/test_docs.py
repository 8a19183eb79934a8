"""docs/config.md and help come from the schema."""

from __future__ import annotations

from manage import config
from manage.catalog import Catalog


def test_every_key_has_a_help_text(catalog: Catalog) -> None:
    for entry in config.describe(catalog):
        assert entry.help.endswith("."), entry.path


def test_a_default_that_differs_by_network_is_shown_for_each(catalog: Catalog) -> None:
    entries = {entry.path: entry for entry in config.describe(catalog)}
    assert entries["services.kaspad.memory"].default["mainnet"] == "16g"
    assert entries["services.proxy.rate_limit"].default == 20


def test_keys_with_effects_beyond_the_stack_are_host_only(catalog: Catalog) -> None:
    host_only = {entry.path for entry in config.describe(catalog) if entry.host_only}
    assert {"images.source", "storage.chain_dirs.kaspad", "services.kaspad.extra_args"} <= host_only
    assert "services.proxy.rate_limit" not in host_only
