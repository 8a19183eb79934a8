"""The documents are held to the code, and the code to its documents."""

from __future__ import annotations

from pathlib import Path

from manage.catalog import load_catalog
from manage.cli import docs as cli_docs

CHECKOUT = Path(__file__).resolve().parents[2]


def test_cli_md_is_what_the_commands_say_of_themselves() -> None:
    assert cli_docs.TARGET.read_text(encoding="utf-8") == cli_docs.document(), "run: python -m manage.cli.docs"


def test_every_service_is_in_the_architectures_table_of_ids() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name, entry in load_catalog().entries.items():
        assert f"| {name} | {entry['uid']} |" in text, f"docs/architecture.md has no row '| {name} | {entry['uid']} |'"


def test_every_room_of_manage_is_in_the_architectures_table() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (CHECKOUT / "manage").glob("*/__init__.py")}
    missing = {room for room in rooms if f"`{room}`" not in text}
    assert not missing, f"docs/architecture.md says nothing of {missing}"


def test_links_between_documents_lead_somewhere() -> None:
    import re

    for page in [CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"
