"""Renders any configuration as an installation would, without touching the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from manage import config as configuration
from manage.catalog import Catalog, load_catalog
from manage.installation.layout import CHECKOUT, Layout
from manage.render import image_names, render_manager, render_stack
from manage.render.model import Image, Installation, Stack

DIRECTORY = Path("/srv/yard")
INSTALLATION = Installation("0123abcd", "yard")

SANDBOX = "profiles: [sandbox]\n"
NODES = "profiles: [bitcoin, core]\nnetwork: private\n"
MAINNET = "profiles: [bitcoin, core]\nnetwork: mainnet\nimages: {source: upstream}\n"

Render = Callable[..., tuple[Stack, Stack]]
OWN = CHECKOUT / "tests/data/own-services"
Change = Callable[[str, str, str], None]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def render(catalog: Catalog) -> Render:
    """(stack, manager) of a stack.yml without its version line."""

    def both(text: str, generations: Mapping[str, int] | None = None, **changed: Image) -> tuple[Stack, Stack]:
        config = configuration.parse(f"version: 1\n{text}", "stack.yml", catalog)
        images = {
            name: Image(name, f"localhost/nodeyard/{name}:0", f"sha256:{name}") for name in image_names(catalog, config)
        } | changed
        inputs = (catalog, config, INSTALLATION, images, generations or {}, DIRECTORY)
        stack = render_stack(*inputs)
        return stack, render_manager(*inputs, stack)

    return both


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An installation whose operator added a cache and Prometheus."""
    shutil.copytree(OWN, tmp_path / "services")
    return Layout(tmp_path)


@pytest.fixture
def change(layout: Layout) -> Change:
    """Replace text in a file of an own service; the text must be there."""

    def replace(file: str, old: str, new: str) -> None:
        path = layout.services_dir / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return replace


def rendered(layout: Layout) -> tuple[Stack, Stack]:
    catalog: Catalog = load_catalog(layout)
    config = configuration.parse("version: 1\n", "stack.yml", catalog)
    images = {name: Image(name, name, name) for name in image_names(catalog, config)}
    stack = render_stack(catalog, config, INSTALLATION, images, {}, DIRECTORY)
    return stack, render_manager(catalog, config, INSTALLATION, images, {}, DIRECTORY, stack)
