"""The documents match the code."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def test_every_room_of_manage_is_in_the_architectures_table() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (CHECKOUT / "manage").glob("*/__init__.py")}
    missing = {room for room in rooms if f"`{room}`" not in text}
    assert not missing, f"docs/architecture.md does not mention {missing}"


def test_links_between_documents_lead_somewhere() -> None:
    for page in [CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which does not exist"
