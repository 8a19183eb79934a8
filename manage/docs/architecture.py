"""The generated parts of docs/architecture.md: the text between two markers. The rest is written by hand."""

from __future__ import annotations

import re
from pathlib import Path

from manage.catalog import Catalog
from manage.docs import ids, links, rooms


def page(checkout: Path, catalog: Catalog) -> str:
    text = (checkout / "docs" / "architecture.md").read_text(encoding="utf-8")
    imports = rooms.imports(checkout / "manage")
    text = replace(text, "ids", ids.users(catalog))
    text = replace(text, "ports", ids.ports(catalog))
    text = replace(text, "links", links.table())
    text = replace(text, "rooms", rooms.table(checkout / "manage", imports))
    return replace(text, "arrows", rooms.picture(imports))


def replace(text: str, name: str, content: str) -> str:
    """Put `content` between `<!-- generated: NAME -->` and `<!-- end -->`; ValueError if the markers are missing."""
    pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
    if not re.search(pattern, text, re.DOTALL):
        raise ValueError(f"docs/architecture.md has no markers '<!-- generated: {name} -->' and '<!-- end -->'.")
    return re.sub(pattern, lambda found: f"{found[1]}\n{content}\n{found[2]}", text, count=1, flags=re.DOTALL)
