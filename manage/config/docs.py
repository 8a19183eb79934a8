"""docs/config.md, made from the schema. Run: `python -m manage.config.docs --write` (or `--check`)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable

from manage.catalog import Catalog, load_catalog
from manage.config.schema import Entry, describe
from manage.installation.layout import CHECKOUT

PAGE = CHECKOUT / "docs" / "config.md"
HEAD = """\
<!-- Made by `python -m manage.config.docs --write`; a test holds it to the code. -->
# stack.yml

The one file that says what a host runs. It lies in the installation's folder (`--dir`). Every key has a default; a key
that is not below is an error, never ignored. `manage config check` names every fault at once, `manage config explain`
says what each key does, `manage plan` what a change would do.

```yaml
version: 1
name: home
network: sandbox
profiles: [sandbox]
images:
  source: local
ports:
  base: 8600
services:
  proxy:
    rate_limit: 50
```

*Host only* keys can be set on the host, not from the dashboard. *One-way* ones cannot be taken back; the sentence says
what is lost.
"""


def page(catalog: Catalog) -> str:
    """The whole page."""
    entries = describe(catalog)
    parts = [HEAD, "\n## The stack\n", *_items(e for e in entries if not e.path.startswith("services."))]
    for name in catalog.names:
        parts += [f"\n## services.{name}\n", f"\n{catalog.service(name, 'sandbox').summary}\n"]
        parts += _items(e for e in entries if e.path.startswith(f"services.{name}."))
    return "".join(parts)


def _items(entries: Iterable[Entry]) -> list[str]:
    return ["\n", *(f"- `{entry.path}` ({_traits(entry)}): {_help(entry)}\n" for entry in entries)]


def _help(entry: Entry) -> str:
    one_way = f" One-way: {entry.setting.one_way}" if entry.setting.one_way else ""
    return entry.help + one_way


def _traits(entry: Entry) -> str:
    setting = entry.setting
    traits = [setting.type, f"default {_default(entry.default)}"]
    if setting.choices:
        traits.append(f"one of {', '.join(setting.choices)}")
    if setting.minimum is not None and setting.type != "size":
        traits.append(f"at least {setting.minimum:g}")
    if setting.maximum is not None and setting.type != "size":
        traits.append(f"at most {setting.maximum:g}")
    if setting.type != "boolean":
        traits.append(f"for example {_default(setting.example)}")
    if setting.host_only:
        traits.append("host only")
    return ", ".join(traits)


def _default(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"`{json.dumps(default)}` on {network}" for network, default in value.items())
    return f"`{json.dumps(value)}`"


def main() -> int:
    parser = argparse.ArgumentParser(description="Make docs/config.md from the schema.")
    parser.add_argument("--write", action="store_true", help="write the page; without it, only check it")
    made = page(load_catalog())
    if parser.parse_args().write:
        PAGE.write_text(made, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
        sys.stderr.write("docs/config.md is out of date; run: python -m manage.config.docs --write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
