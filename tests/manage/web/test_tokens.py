"""Design tokens: one file, with an equal copy where it cannot be imported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
SOURCE = CHECKOUT / "manage/web/static/tokens.css"
SERVICE_PAGES = sorted((CHECKOUT / "services").glob("*/web/page"))
STYLES = sorted({*(CHECKOUT / "manage/web").rglob("*.css"), *(CHECKOUT / "services").rglob("*.css")})


def test_the_oracle_has_a_page() -> None:
    assert "oracle" in {folder.parents[1].name for folder in SERVICE_PAGES}


@pytest.mark.promise("Dashboard and service pages share the same design tokens", runs="ci")
@pytest.mark.parametrize("folder", SERVICE_PAGES, ids=lambda folder: folder.parents[1].name)
def test_every_page_of_a_service_has_the_same_tokens(folder: Path) -> None:
    copy = folder / "tokens.css"
    assert copy.read_bytes() == SOURCE.read_bytes(), (
        f"Run: cp {SOURCE.relative_to(CHECKOUT)} {copy.relative_to(CHECKOUT)}"
    )
    assert 'href="page/tokens.css"' in (folder / "index.html").read_text()


@pytest.mark.parametrize("path", STYLES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_colours_stand_in_the_tokens_only_and_every_token_exists(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    if path.name != "tokens.css":
        assert not re.findall(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\(", text)
    own = {"--tone", "--tint"}  # set by a verdict, used by its parts
    defined = set(re.findall(r"(--[a-z-]+):", SOURCE.read_text())) | own
    assert set(re.findall(r"var\((--[a-z-]+)", text)) <= defined
