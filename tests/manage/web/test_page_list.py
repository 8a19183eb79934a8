"""One list drives everything: a page is a folder and a line of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from manage.installation.layout import Layout
from manage.web import pages
from manage.web.app import create_app
from manage.web.pages import PAGES
from manage.web.pages.page import Page, navigation, shortcuts
from tests.manage.web.conftest import HERE, sources
from tests.stage.agents import Agent, Clock

BACKUPS = Page("backups", "Backups", endpoint="backups.page", key="b", help="Backups of this stack")
FILES = {
    "__init__.py": "",
    "routes.py": """
from flask import Blueprint, render_template

blueprint = Blueprint("backups", __name__)


@blueprint.get("/backups")
def page():
    return render_template("backups/page.html")
""",
    "page.html": '{% extends "base.html" %}{% block main %}<h1>No backup yet.</h1>{% endblock %}',
    "page.css": "h1 { color: var(--soft) }",
    "page.js": 'import { startLive } from "../../live.js";',
    "secret.txt": "not an asset",
}


@pytest.fixture
def app(layout: Layout, agent: Agent, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The dashboard with one more page: a folder, and a line in the list."""
    folder = tmp_path / "pages" / "backups"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(pages, "__path__", [*pages.__path__, str(folder.parent)])
    app = create_app(layout, clock, pages=(*PAGES, BACKUPS), address=HERE)
    sources(app).refresh()
    yield app
    for module in ("manage.web.pages.backups", "manage.web.pages.backups.routes"):
        monkeypatch.delitem(sys.modules, module)


@pytest.mark.promise("A page of the dashboard is one folder and one line in the list", runs="ci")
def test_a_folder_and_a_line_make_a_page(app: Flask, agent: Agent) -> None:
    client = app.test_client()
    assert client.get("/backups").location == "/login?next=/backups"  # guarded without a word of its own
    user = agent.sessions.user("vera")
    assert user
    client.set_cookie("nodeyard_session", agent.sessions.open(user))
    text = client.get("/backups").text
    assert "<h1>No backup yet.</h1>" in text
    assert "<title>Backups · Nodeyard</title>" in text
    assert '<a href="/backups" data-shortcut="g b" aria-current=page>Backups</a>' in text
    assert "<dt><kbd>g</kbd> <kbd>b</kbd> </dt><dd>Backups of this stack</dd>" in text
    assert '<a href="/backups" data-shortcut="g b">Backups</a>' in client.get("/password").text
    for file, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
        link = re.search(rf'"(/static/pages/backups/{re.escape(file)}\?v=\w+)"', text)
        assert link, file
        with client.get(link[1]) as answer:
            assert answer.get_data(as_text=True) == FILES[file]
            assert answer.mimetype == kind
            assert answer.cache_control.max_age == 365 * 24 * 3600


@pytest.mark.parametrize(
    "name",
    ["pages/backups/routes.py", "pages/backups/page.html", "pages/backups/secret.txt", "../app.py", "x.css"],
)
def test_nothing_else_of_a_folder_is_served(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/static/{name}").status_code == 404


def test_a_module_that_another_imports_is_asked_for_again_and_costs_nothing_while_it_is_the_same(app: Flask) -> None:
    client = app.test_client()
    with client.get("/static/live.js") as first:
        assert first.cache_control.no_cache and not first.cache_control.max_age
        etag = first.headers["ETag"]
    with client.get("/static/live.js", headers={"If-None-Match": etag}) as again:
        assert (again.status_code, again.data) == (304, b"")
    with client.get("/static/live.js?v=of-another-version") as old:
        assert not old.cache_control.max_age


def test_every_folder_is_in_the_list_and_has_what_a_page_has() -> None:
    root = Path(pages.__file__).parent
    assert {page.name for page in PAGES} == {path.name for path in root.iterdir() if (path / "__init__.py").exists()}
    for page in PAGES:
        assert page.blueprint.name == page.name
        assert {"routes.py", "view.py", "page.html"} <= {path.name for path in page.folder.iterdir()}, page.name


def test_no_two_pages_share_a_name_or_a_key() -> None:
    keys = [shortcut.keys for shortcut in shortcuts(PAGES)]
    assert len(set(keys)) == len(keys)
    assert len({page.name for page in PAGES}) == len(PAGES)


def test_the_navigation_has_a_key_for_every_page() -> None:
    assert [(page.title, page.key) for page in navigation(PAGES)][:2] == [("Overview", "o"), ("Logs", "l")]
    assert all(page.key for page in navigation(PAGES))
    assert all(page.key == "" for page in PAGES if not page.endpoint)


def test_view_models_are_pure() -> None:
    """They know nothing of requests, files, sockets or the time."""
    root = Path(pages.__file__).parent
    impure = re.compile(r"^(from|import) (flask|os|time|socket|pathlib|requests|manage\.web\.(guard|sources))\b", re.M)
    for path in root.glob("*/*.py"):
        if path.name != "routes.py":
            assert not impure.search(path.read_text()), path
