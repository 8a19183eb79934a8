"""docs/services/NAME.md: the README.md that lies in each service's folder."""

from __future__ import annotations

import os.path
import re
from pathlib import Path

HEAD = "<!-- Generated from {source} by `python -m manage.docs --write`. Change that file, then run it again. -->\n"
FOLDER = "docs/services"


def pages(checkout: Path) -> dict[str, bytes]:
    """Path below the checkout -> page, for each service that has a README.md."""
    made = {}
    for file in sorted((checkout / "profiles" / "services").glob("*/README.md")):
        source = file.relative_to(checkout)
        text = HEAD.format(source=source) + moved(file.read_text(encoding="utf-8"), str(source.parent))
        made[f"{FOLDER}/{file.parent.name}.md"] = text.encode()
    return made


def moved(text: str, folder: str) -> str:
    """`text` with the relative links of a page in `folder` changed so that they work in docs/services."""

    def link(found: re.Match[str]) -> str:
        return f"]({os.path.relpath(os.path.join(folder, found[1]), FOLDER)}"  # noqa: PTH118 (a path in a link)

    return re.sub(r"\]\((?![a-z]+:|#|/)([^)#\s]+)", link, text)
