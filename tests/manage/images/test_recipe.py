from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from manage.errors import NodeyardError
from manage.images import recipe
from manage.images.model import Recipe, reference
from manage.installation.layout import CHECKOUT


def of(checkout: Path, name: str = "clock", **options: object) -> str:
    return recipe.fingerprint(name, recipe.load(checkout), checkout=checkout, **options)  # type: ignore[arg-type]


def test_the_same_checkout_gives_the_same_fingerprint(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns("elsewhere"))

    assert of(checkout) == of(copy)


@pytest.mark.parametrize(
    "name",
    ["images/clock/Dockerfile", "images/clock/recipe.yml", "services/clock/__main__.py", "images/base/Dockerfile"],
)
def test_every_file_that_an_image_or_its_base_is_made_of_changes_its_fingerprint(checkout: Path, name: str) -> None:
    before = of(checkout)
    path = checkout / name
    path.write_text(path.read_text() + "# changed\n")

    assert of(checkout) != before


def test_a_new_file_in_an_input_folder_changes_the_fingerprint(checkout: Path) -> None:
    before = of(checkout)
    (checkout / "services/clock/new.py").write_text("")

    assert of(checkout) != before


def test_a_file_that_becomes_executable_changes_the_fingerprint(checkout: Path) -> None:
    before = of(checkout)
    (checkout / "services/clock/__main__.py").chmod(0o755)

    assert of(checkout) != before


def test_pythons_caches_and_the_umask_do_not_change_the_fingerprint(checkout: Path) -> None:
    before = of(checkout)
    (checkout / "services/clock/__pycache__").mkdir()
    (checkout / "services/clock/__pycache__/x.pyc").write_bytes(b"x")
    (checkout / "services/clock/__main__.py").chmod(0o600)

    assert of(checkout) == before


def test_the_hosts_certificates_change_every_image_that_stands_on_the_base(checkout: Path) -> None:
    assert of(checkout, certificates={"company.crt": b"PEM"}) != of(checkout, certificates={})


def test_an_upstream_base_is_another_image_than_a_local_one(checkout: Path) -> None:
    assert of(checkout, "base", source="upstream") != of(checkout, "base", source="local")


def test_the_tag_carries_twelve_digits_of_the_fingerprint_and_a_name_that_no_registry_is_asked_for() -> None:
    assert reference("tracker", "0123456789abcdef") == "localhost/nodeyard/tracker:0123456789ab"


def test_a_missing_input_is_named(checkout: Path) -> None:
    shutil.rmtree(checkout / "services/clock")

    with pytest.raises(NodeyardError, match="services/clock"):
        of(checkout)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"version": 1, "kind": "dockerfile", "bse": "base"}, "unknown key: bse"),
        ({"version": 2, "kind": "dockerfile"}, "version 2"),
        ({"version": 1, "kind": "podman"}, "dockerfile or root"),
    ],
)
def test_a_recipe_that_cannot_be_read_is_refused_with_its_file(document: dict[str, object], words: str) -> None:
    with pytest.raises(NodeyardError, match=rf"images/clock/recipe.yml.*{words}"):
        recipe.parse("clock", document, "images/clock")


def shipped() -> list[tuple[str, Recipe]]:
    return sorted(recipe.load().items())


@pytest.mark.parametrize(("name", "entry"), shipped(), ids=[name for name, _ in shipped()])
def test_every_shipped_recipe_stands_on_recipes_that_exist_down_to_a_root(name: str, entry: Recipe) -> None:
    recipes = recipe.load()
    seen = [name]
    while entry.base:
        seen.append(entry.base)
        entry = recipes[entry.base]

    assert entry.kind == "root", seen


@pytest.mark.parametrize(("name", "entry"), shipped(), ids=[name for name, _ in shipped()])
def test_every_shipped_dockerfile_takes_its_base_as_an_argument_and_carries_its_name(name: str, entry: Recipe) -> None:
    if entry.kind == "root":
        return
    text = (CHECKOUT / entry.folder / "Dockerfile").read_text()

    assert text.startswith("ARG BASE\nFROM ${BASE}")
    assert f"LABEL io.nodeyard.image={name}\n" in text
