"""`manage config`: show, explain, check, change."""

from __future__ import annotations

import json

import click

from manage.cli import completion, output
from manage.cli.options import Verbs, require_root, with_dir, with_json
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation.layout import Layout


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage config show
  manage config explain services.proxy
  manage config set services.proxy.rate_limit 50
  manage config unset services.proxy.rate_limit
  manage config check
  manage config schema > stack.schema.json      for an editor""",
)
def command() -> None:
    """Show, explain, check or change the configuration (stack.yml)."""


@command.command()
@with_dir
@with_json
def show(layout: Layout, as_json: bool) -> None:
    """Show the current configuration, with defaults filled in."""
    from manage import config
    from manage.catalog import load_catalog

    values = config.flatten(config.load(layout.stack_file, load_catalog(layout)))
    if as_json:
        output.emit(values)
    else:
        output.table([(key, json.dumps(value, ensure_ascii=False)) for key, value in values.items()])


@command.command()
@click.argument("key", default="", shell_complete=completion.keys)
@with_dir
@with_json
def explain(key: str, layout: Layout, as_json: bool) -> None:
    """Explain every key that begins with KEY: its meaning, its default, and the effect of a change."""
    from manage import config
    from manage.catalog import load_catalog

    entries = config.describe(load_catalog(layout))
    found = [entry for entry in entries if entry.path == key or entry.path.startswith(f"{key}." if key else "")]
    if not found:
        near = [entry.path for entry in entries if key in entry.path]
        hint = f"Did you mean {near[0]}?" if near else "All keys: manage config explain"
        raise NodeyardError(f"There is no key {key!r}.", hint, exit_code=EXIT_USAGE)
    if as_json:
        output.emit(
            [
                {
                    "key": e.path,
                    "type": e.type,
                    "default": e.default,
                    "example": e.setting.example,
                    "effect": e.effect,
                    "help": e.help,
                }
                for e in found
            ]
        )
        return
    for entry in found:
        output.say(output.tone(entry.path, "strong"))
        facts = f"{entry.type}, default {json.dumps(entry.default)}; effect of a change: {entry.effect}"
        output.table([(entry.help,), (facts,), (f"for example: {json.dumps(entry.setting.example)}",)])


@command.command()
@with_dir
def check(layout: Layout) -> None:
    """Check stack.yml and report every error with its line; changes nothing."""
    from manage import config
    from manage.catalog import load_catalog

    config.load(layout.stack_file, load_catalog(layout))
    output.say(f"{layout.stack_file} is valid.")


@command.command("set", context_settings={"ignore_unknown_options": True})  # a value may begin with a dash
@click.argument("key", shell_complete=completion.keys)
@click.argument("value", shell_complete=completion.values)
@with_dir
def set_key(key: str, value: str, layout: Layout) -> None:
    """Set KEY to VALUE (YAML) in stack.yml, after checking it; comments are kept. Apply it with `manage up`."""
    require_root("Changing the configuration")
    from manage import config
    from manage.catalog import load_catalog

    config.set_value(layout.stack_file, key, value, load_catalog(layout))
    output.say(f"{key} is set. See what changes: manage plan")


@command.command()
@click.argument("key", shell_complete=completion.keys)
@with_dir
def unset(key: str, layout: Layout) -> None:
    """Remove KEY, a value or a whole section, from stack.yml; comments are kept, and its default applies again."""
    require_root("Changing the configuration")
    from manage import config
    from manage.catalog import load_catalog

    config.unset_value(layout.stack_file, key, load_catalog(layout))
    output.say(f"{key} is removed. See what changes: manage plan")


@command.command()
@with_dir
def schema(layout: Layout) -> None:
    """Print the JSON Schema of stack.yml for an editor; it applies to the network that stack.yml names."""
    from manage import config
    from manage.catalog import load_catalog
    from manage.catalog.json_schema import stack_schema
    from manage.config.schema import keys

    catalog = load_catalog(layout)
    network = config.load(layout.stack_file, catalog).network if layout.stack_file.is_file() else "sandbox"
    output.emit(stack_schema(keys(catalog, network)))
