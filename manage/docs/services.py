"""docs/services/NAME.md: the README.md that lies in each service's folder."""

from __future__ import annotations

from pathlib import Path

HEAD = "<!-- Generated from {source} by `python -m manage.docs --write`. Change that file, then run it again. -->\n"


def pages(checkout: Path) -> dict[str, bytes]:
    """Path below the checkout -> page, for each service that has a README.md."""
    made = {}
    for file in sorted((checkout / "profiles" / "services").glob("*/README.md")):
        source = file.relative_to(checkout)
        text = HEAD.format(source=source) + file.read_text(encoding="utf-8")
        made[f"docs/services/{file.parent.name}.md"] = text.encode()
    return made
