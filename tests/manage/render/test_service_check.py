"""`manage services check` names every problem of an own service."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml

from manage.catalog import scaffold
from manage.installation.layout import CHECKOUT, Layout
from manage.render.service_check import problems
from tests.manage.render.conftest import OWN, Change


@pytest.mark.promise(
    "`manage services check` says in sentences what a service lacks, without root or Docker", runs="ci"
)
def test_check_reports_in_sentences_what_is_missing(layout: Layout) -> None:
    assert list(problems(layout, "redis")) == []
    (layout.services_dir / "redis/README.md").unlink()
    (layout.services_dir / "redis/compose.yml.j2").unlink()
    shutil.rmtree(layout.services_dir / "redis/image")
    found = "\n".join(problems(layout, "redis"))
    assert "README.md, the page that says what it is" in found
    assert "compose.yml.j2, the template that says how it is started" in found
    assert "image: unknown image 'redis'" in found
    assert "made by image/recipe.yml with a Dockerfile" in found


@pytest.mark.promise("The examples in docs/own-services.md are valid", runs="ci")
def test_the_examples_of_the_documentation_are_complete(layout: Layout) -> None:
    shutil.copytree(layout.services_dir / "redis", layout.services_dir / "shop")
    file = layout.services_dir / "shop/service.yml"
    document = yaml.safe_load(file.read_text())
    document |= {"name": "shop", "uid": 70103, "group": "services", "networks": ["front", "data"]}
    document["ports"]["http"] = {"number": 8000, "scheme": "http"}
    blocks = re.findall(
        r"^```yaml\n(.*?)^```$", (CHECKOUT / "docs/own-services.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(blocks) == 2
    for block in blocks:
        document |= yaml.safe_load(block)
    file.write_text(yaml.safe_dump(document))
    assert list(problems(layout, "shop")) == []


def test_the_documentation_shows_the_image_of_the_example() -> None:
    page = (CHECKOUT / "docs/own-services.md").read_text()
    assert (OWN / "redis/image/Dockerfile").read_text() in page
    for line in (OWN / "redis/image/recipe.yml").read_text().splitlines():
        assert re.search(rf"^    {line}\b", page, re.MULTILINE)


def test_a_new_service_is_complete(layout: Layout) -> None:
    scaffold.write(layout.services_dir, "shop")
    assert list(problems(layout, "shop")) == []


@pytest.mark.parametrize(
    ("recipe", "dockerfile", "words"),
    [
        (
            "base: base\n",
            "ARG BASE\nFROM ${BASE}\n",
            ["recipe.yml: the version of the format is missing", "recipe.yml: an image of yours is built from"],
        ),
        ("version: 1\nkind: root\nbase: base\n", "ARG BASE\nFROM ${BASE}\n", ["recipe.yml:2: an image of yours"]),
        ("version: 1\nkind: dockerfile\n", "FROM base\n", ["Dockerfile:1: base is an image of Nodeyard"]),
        ("version: 1\nkind: dockerfile\nbase: bass\n", "ARG BASE\nFROM ${BASE}\n", ["recipe.yml:3: Nodeyard has no"]),
        ("version: 1\nkind: dockerfile\nbase: base\n", "\nFROM $BASE\n", ["Dockerfile:2: BASE has no value here"]),
        ("version: 1\nkind: dockerfile\n", "ARG BASE\nFROM ${BASE}\n", ["Dockerfile:2: BASE is empty"]),
        ("version: 1\nkind: dockerfile\nbase: base\n", "FROM debian\n", []),
        ("version: 1\nkind: dockerfile\nbase: base\n", "RUN x\n", ["Dockerfile has no FROM"]),
        ("version: 1\nkind: dockerfile\nbase: base\n", None, ["Dockerfile cannot be read"]),
        ("version: 1\nkind: [\n", "ARG BASE\nFROM ${BASE}\n", ["recipe.yml:3 is not valid YAML"]),
        (
            "version: 1\nkind: dockerfile\nbase: base\ninputs: [images/redis/absent]\nlable: x\n",
            "ARG BASE\nFROM ${BASE}\n",
            ["recipe.yml:5: the file has an unknown key: lable", "recipe.yml:4: there is no"],
        ),
    ],
)
def test_check_reports_every_problem_of_the_image(
    layout: Layout, recipe: str, dockerfile: str | None, words: list[str]
) -> None:
    folder = layout.services_dir / "redis/image"
    (folder / "recipe.yml").write_text(recipe)
    if dockerfile is None:
        (folder / "Dockerfile").unlink()
    else:
        (folder / "Dockerfile").write_text(dockerfile)
    found = list(problems(layout, "redis"))
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


def test_check_reports_an_upstream_file_without_an_image(layout: Layout) -> None:
    (layout.services_dir / "prometheus/image/upstream.yml").write_text("version: 1\n")
    (found,) = problems(layout, "prometheus")
    assert "upstream.yml: it names no image" in found


def test_check_says_once_what_is_wrong_on_every_network(layout: Layout, change: Change) -> None:
    change("redis/compose.yml.j2", "command: [", "command: [5, ")
    (found,) = problems(layout, "redis")
    assert found.startswith("On mainnet, testnet, private, sandbox: ")
    assert "command[0] is the number 5" in found
