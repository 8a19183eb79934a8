"""What one page of the dashboard is: an entry of the list in `manage.web.pages` and the folder of the same name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from importlib import import_module
from pathlib import Path

from flask import Blueprint

from manage.immutable import dataclass


@dataclass(frozen=True)
class Page:
    """A page. Its folder holds `routes.py` with a `blueprint` of the same name, templates, and `page.css` or `page.js`
    where it has a style or script of its own.
    """

    name: str
    """Folder, blueprint, and first part of the endpoints (`logs.page`)."""
    title: str
    """Label in the navigation, and document title where the page sets no other."""
    endpoint: str = ""
    """Where the navigation leads; "" keeps the page out of the navigation."""
    key: str = ""
    """Opens the page from anywhere when it is pressed after `g`; only for pages in the navigation."""
    help: str = ""
    """Line in the list of keyboard shortcuts; "" shows the title."""

    @property
    def blueprint(self) -> Blueprint:
        found: Blueprint = import_module(f"manage.web.pages.{self.name}.routes").blueprint
        return found

    @cached_property
    def folder(self) -> Path:
        return Path(str(import_module(f"manage.web.pages.{self.name}.routes").__file__)).parent

    def asset(self, file: str) -> str:
        """The asset's name of one of the page's own files, "" when the page has no such file."""
        return f"pages/{self.name}/{file}" if (self.folder / file).is_file() else ""


@dataclass(frozen=True)
class Shortcut:
    """Keys that are pressed one after the other, and what they do."""

    keys: str
    """As `data-shortcut` carries them: "g o", "/"."""
    help: str


SEARCH = Shortcut("/", "Search on this page")
HELP = Shortcut("?", "Show this list")


def navigation(pages: Iterable[Page]) -> tuple[Page, ...]:
    """The pages that the bar on top links to, in order."""
    return tuple(page for page in pages if page.endpoint)


def shortcuts(pages: Iterable[Page]) -> tuple[Shortcut, ...]:
    """Every keyboard shortcut, as the help lists them."""
    return (
        *(Shortcut(f"g {page.key}", page.help or page.title) for page in navigation(pages) if page.key),
        SEARCH,
        HELP,
    )
