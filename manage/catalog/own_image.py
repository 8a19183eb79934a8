"""Problems of the folder `image/` of an operator's service, all at once, before anything is built or pulled."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from manage import untrusted
from manage.catalog import document
from manage.catalog.document import Document
from manage.errors import NodeyardError

KEYS = ("version", "kind", "base", "upstream_base", "inputs", "ours")
NODEYARDS_KEYS = ("programs", "host_certificates", "suite", "include", "dpkg_options")
"""Keys of the recipes of Nodeyard's own images."""
ARG = re.compile(r"ARG\s+BASE\b", re.IGNORECASE)
FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
BASE = ("$BASE", "${BASE}")


def problems(folder: Path, image: str, bases: Collection[str]) -> Iterator[str]:
    """A sentence for each problem of `folder`, which makes `image`; it can be built on the images `bases`."""
    recipe, upstream = folder / "recipe.yml", folder / "upstream.yml"
    try:
        if recipe.is_file():
            read = document.read(recipe, str(recipe))
            yield from _recipe(read, folder, image, bases)
            base = read.value.get("base") if isinstance(read.value, dict) else None
            yield from _dockerfile(folder / "Dockerfile", str(base or ""), bases)
        if upstream.is_file():
            yield from _upstream(document.read(upstream, str(upstream)))
    except NodeyardError as error:
        yield error.message


def require_valid(folder: Path, image: str, bases: Collection[str]) -> None:
    """Raise NodeyardError with every problem of `folder`; see `problems`."""
    if found := list(problems(folder, image, bases)):
        raise NodeyardError("\n  ".join(("An image of yours cannot be made:", *found)), "See docs/own-services.md.")


def _recipe(read: Document, folder: Path, image: str, bases: Collection[str]) -> Iterator[str]:
    recipe = read.value
    if not isinstance(recipe, dict) or not isinstance(recipe.get("inputs", []), list):
        yield f"{read.file} must be a mapping, with lists under inputs."
        return

    def at(key: str) -> str:
        return f"{read.file}:{read.line((key,))}" if key in recipe else read.file

    if recipe.get("version") != 1:
        yield f"{at('version')}: the version of the format is missing or not 1: write version: 1."
    if recipe.get("kind") != "dockerfile":
        yield f"{at('kind')}: an image of yours is built from a Dockerfile: write kind: dockerfile."
    if "base" in recipe and recipe["base"] not in bases:
        yield f"{at('base')}: Nodeyard has no image {recipe['base']!r}: write base: base."
    for key in recipe:
        if key in NODEYARDS_KEYS:
            yield f"{at(key)}: {key} is for Nodeyard's own images only. Do this in a stage of your Dockerfile."
        elif key not in KEYS:
            yield f"{at(key)}: the file has an unknown key: {key}. Known keys: {', '.join(KEYS[:-1])}."
    context = f"images/{image}/"
    for entry in map(str, recipe.get("inputs", [])):
        if not entry.startswith(context) or ".." in entry:
            yield f"{at('inputs')}: {entry} is outside of its folder. Inputs are written {context}FILE."
        elif not (folder / entry.removeprefix(context)).exists():
            yield f"{at('inputs')}: there is no {folder / entry.removeprefix(context)}."
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            yield f"{read.file}: {path} is outside of its folder, because it is a link. Put the file itself there."


def _dockerfile(path: Path, base: str, bases: Collection[str]) -> Iterator[str]:
    """Problems of the lines ARG and FROM: `base` reaches the build as the argument BASE only."""
    try:
        lines = untrusted.text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        yield f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}."
        return
    is_declared, images, stages = False, list[str](), set[str]()
    for number, line in enumerate(lines, start=1):
        is_declared |= bool(ARG.match(line.strip())) and not images
        found = FROM.match(line.strip())
        if not found or (number > 1 and lines[number - 2].endswith("\\")):
            continue
        images.append(image := found[1])
        if image in BASE and not is_declared:
            yield f"{path}:{number}: BASE has no value here: write ARG BASE above the first FROM."
        if image in BASE and not base:
            yield f"{path}:{number}: BASE is empty: write base: base in recipe.yml."
        if image in bases and image not in stages:
            yield (
                f"{path}:{number}: {image} is an image of Nodeyard, which no registry has: "
                f"write base: {image} in recipe.yml, and ARG BASE and FROM ${{BASE}} here."
            )
        stages.add(found[2])
    if not images:
        yield f"{path} has no FROM: begin it with ARG BASE and FROM ${{BASE}}."


def _upstream(read: Document) -> Iterator[str]:
    if not isinstance(read.value, dict) or not isinstance(read.value.get("reference"), str):
        yield f"{read.file}: it names no image: write reference: REPOSITORY:TAG."
