"""Every generated document is fresh, and the generator finds what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage.docs.architecture import replace
from manage.docs.files import Document, outdated, page, write
from manage.docs.registry import DOCUMENTS
from manage.docs.services import moved, pages
from manage.installation.layout import CHECKOUT


@pytest.mark.promise("docs/cli.md is generated from the commands' own help", runs="ci", case="docs/cli.md")
@pytest.mark.promise("docs/config.md is generated from the schema", runs="ci", case="docs/config.md")
@pytest.mark.promise("docs/proof.md is generated from the markers on the tests", runs="ci", case="docs/proof.md")
@pytest.mark.promise("The table of user ids is what the services declare", runs="ci", case="docs/architecture.md")
@pytest.mark.promise(
    "The reference files in `compose/` are what the templates render to",
    runs="ci",
    case="compose/",
)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.path)
def test_a_generated_document_is_fresh(document: Document) -> None:
    assert not outdated(CHECKOUT, document, document.make()), "run: python -m manage.docs --write"


def test_a_changed_a_missing_and_a_leftover_file_are_out_of_date(tmp_path: Path) -> None:
    folder = Document("made/", lambda: {"made/changed": b"new", "made/missing": b"here", "made/same": b"same"})
    write(tmp_path, {"made/changed": b"old", "made/same": b"same", "made/leftover": b"gone"})
    changed = outdated(tmp_path, folder, folder.make())
    assert changed == {"made/changed": b"new", "made/missing": b"here", "made/leftover": None}
    write(tmp_path, changed)
    assert not outdated(tmp_path, folder, folder.make())
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["changed", "missing", "same"]


def test_a_page_owns_its_file_only(tmp_path: Path) -> None:
    write(tmp_path, {"docs/by-hand.md": b"stays"})
    made = page("docs/page.md", lambda: "text")
    assert outdated(tmp_path, made, made.make()) == {"docs/page.md": b"text"}


def test_only_the_text_between_the_markers_is_replaced() -> None:
    text = "before\n<!-- generated: ids -->\nold\n<!-- end -->\nafter\n<!-- generated: rooms -->\nkept\n<!-- end -->\n"
    assert replace(text, "ids", "new\n") == text.replace("old\n", "\nnew\n\n")
    with pytest.raises(ValueError, match="no markers '<!-- generated: other -->'"):
        replace(text, "other", "new")


def test_a_services_readme_is_its_page_and_a_service_without_one_has_none(tmp_path: Path) -> None:
    write(tmp_path, {"profiles/services/clock/README.md": b"# Clock\n", "profiles/services/bell/service.yml": b""})
    [(path, content)] = pages(tmp_path).items()
    assert path == "docs/services/clock.md"
    assert content.decode().splitlines()[-1] == "# Clock"
    assert "profiles/services/clock/README.md" in content.decode()


def test_links_of_a_readme_lead_to_the_same_files_from_its_page() -> None:
    text = "[one](service.yml) [two](../../../docs/cli.md#up) [web](http://x.test/a) [here](#usage)"
    assert moved(text, "profiles/services/clock") == (
        "[one](../../profiles/services/clock/service.yml) [two](../cli.md#up) [web](http://x.test/a) [here](#usage)"
    )
