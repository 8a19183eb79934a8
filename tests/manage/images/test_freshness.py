"""What a plan knows of images without an engine: their sources changed, or the operator named another source."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage.errors import NodeyardError
from manage.images import freshness, host_settings, lock, recipe
from manage.images.model import ImageSource
from manage.installation.layout import Layout
from manage.render.model import Image


def locked(name: str, source: ImageSource, fingerprint: str = "") -> lock.Locked:
    return lock.Locked(Image(name, f"{name}:1", "sha256:aa", fingerprint), source, "sha256:aa")


@pytest.fixture
def layout(checkout: Path, tmp_path: Path) -> Layout:
    """`clock` as it was built from the checkout."""
    made = Layout(tmp_path / "state")
    built = recipe.fingerprint("clock", recipe.load(checkout), "local", host_settings.certificates(), checkout)
    lock.write(made, {"clock": locked("clock", "local", built)})
    return made


def outdated(layout: Layout, checkout: Path, *names: str) -> tuple[str, ...]:
    return freshness.outdated(names, recipe.load(checkout), lock.entries(layout), "local", checkout)


def test_an_image_of_unchanged_sources_is_as_wanted(layout: Layout, checkout: Path) -> None:
    assert outdated(layout, checkout, "clock", "never-built") == ()


@pytest.mark.parametrize("name", ["services/clock/__main__.py", "images/clock/Dockerfile", "images/base/Dockerfile"])
def test_an_image_whose_sources_changed_is_named(layout: Layout, checkout: Path, name: str) -> None:
    with (checkout / name).open("a") as file:
        file.write("# tock\n")
    assert outdated(layout, checkout, "clock") == ("clock",)


@pytest.mark.parametrize(("began", "wanted"), [("local", "upstream"), ("upstream", "local")])
def test_another_source_under_the_same_data_is_refused_with_the_way_back(
    checkout: Path, began: ImageSource, wanted: ImageSource
) -> None:
    entries = {"timescaledb": locked("timescaledb", began)}
    with pytest.raises(NodeyardError, match=f"began with {began}") as refused:
        freshness.require_same_source(entries, entries, recipe.load(checkout), wanted)
    assert f"manage config set images.source {began}" in refused.value.hint


def test_our_own_images_are_built_here_whatever_the_source(checkout: Path) -> None:
    entries = {"clock": locked("clock", "local"), "timescaledb": locked("timescaledb", "upstream")}
    freshness.require_same_source(entries, entries, recipe.load(checkout), "upstream")
