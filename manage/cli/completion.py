"""`manage completion SHELL`, and the completions of services, keys and their values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from manage.cli import output
from manage.errors import NodeyardError
from manage.installation.layout import DEFAULT_DIR, Layout

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_MANAGE_COMPLETE"
"""The environment variable with which the shell asks click for completions of `manage` (click, shell completion)."""


@click.command(
    epilog="""\b
Examples:
  manage completion bash > /etc/bash_completion.d/manage
  manage completion zsh > "${fpath[1]}/_manage"
  manage completion fish > ~/.config/fish/completions/manage.fish"""
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script of a shell: verbs, options, services, keys and the values of a choice."""
    from click.shell_completion import get_completion_class

    from manage.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise NodeyardError(f"There is no completion for {shell}.")
    output.verbatim(kind(cli, {}, "manage", VARIABLE).source())


def services(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Services of the installation's stack, including the manager's."""
    from manage import config
    from manage.catalog import load_catalog

    layout = _layout(context)
    try:
        catalog = load_catalog(layout)
        if layout.stack_file.is_file():
            return _items(config.load(layout.stack_file, catalog).settings, begun)
        return _items(catalog.names, begun)
    except NodeyardError:
        return []


def catalog_services(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Every service in the catalog, shipped and own."""
    from manage.catalog import load_catalog

    try:
        return _items(load_catalog(_layout(context)).names, begun)
    except NodeyardError:
        return []


def profiles(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from manage.catalog import load_catalog

    return _items(load_catalog().profiles, begun)


def keys(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Keys of stack.yml, with their help."""
    found = _settings(context)
    return [_item(key, help=text) for key, (text, _values) in found.items() if key.startswith(begun)]


def values(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Values that the preceding key accepts."""
    return _items(_settings(context).get(context.params.get("key", ""), ("", []))[1], begun)


def _settings(context: click.Context) -> dict[str, tuple[str, list[str]]]:
    """Key -> (help, accepted values)."""
    from manage.catalog import load_catalog
    from manage.config.schema import keys as all_keys

    try:
        found = all_keys(load_catalog(_layout(context)), "mainnet")
    except NodeyardError:
        return {}
    return {
        key: (setting.help, ["true", "false"] if setting.type == "boolean" else list(setting.choices))
        for key, setting in found.items()
    }


def _layout(context: click.Context) -> Layout:
    chosen = context.params.get("layout") or (context.find_root().params or {}).get("directory")
    if isinstance(chosen, Layout):
        return chosen
    return Layout(Path(chosen).absolute() if chosen else DEFAULT_DIR)


def _items(names: Iterable[str], begun: str) -> list[CompletionItem]:
    return [_item(name) for name in names if name.startswith(begun)]


def _item(value: str, help: str = "") -> CompletionItem:
    from click.shell_completion import CompletionItem

    return CompletionItem(value, help=help or None)
