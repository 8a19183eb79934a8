"""Recipes of images in `images/` and the services, and their fingerprints: an unchanged one is never built twice."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from manage import bounded_yaml
from manage.catalog import own_image
from manage.errors import NodeyardError
from manage.images.model import ImageSource, Programs, Recipe
from manage.installation.layout import CHECKOUT

Certificates = Mapping[str, bytes]
"""File name -> PEM of the host's own CA certificates."""

IMAGE = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
_LEFT_OUT = ("__pycache__",)
_LISTS = ("inputs", "include", "dpkg_options")
_KEYS = {"version", "kind", "base", "upstream_base", "ours", "host_certificates", "programs", "suite", *_LISTS}


def load(checkout: Path = CHECKOUT, services: Path | None = None) -> Mapping[str, Recipe]:
    """Every recipe by name: the checkout's, and those of the operator's `services`.

    Raises NodeyardError with the file of an invalid one.
    """
    found = {path.parent.name: path for path in checkout.glob("images/*/recipe.yml")}
    found |= _by_image(checkout / "profiles/services", ours=True)
    recipes = {
        name: parse(name, _read(path, ours=True), path.parent.relative_to(checkout).as_posix())
        for name, path in found.items()
    }
    for name, path in _by_image(services).items() if services else ():
        if name in recipes:
            raise NodeyardError(f"{path}: the image {name} is Nodeyard's.", "Give yours another name in service.yml.")
        own_image.require_valid(path.parent, name, checkout)
        recipes[name] = parse(name, _read(path), str(path.parent), operators=True)
    return dict(sorted(recipes.items()))


def _by_image(services: Path, *, ours: bool = False) -> dict[str, Path]:
    """Image -> its recipe, for services that have one."""
    return {image_of(path.parent.parent, ours=ours): path for path in sorted(services.glob("*/image/recipe.yml"))}


def image_of(service: Path, *, ours: bool = False) -> str:
    """The image that the service in this folder runs. Raises NodeyardError when its file does not say it."""
    path = service / "service.yml"
    document = _read(path, ours=ours)
    image = document.get("image") if isinstance(document, Mapping) else None
    if not isinstance(image, str) or not IMAGE.fullmatch(image):
        raise NodeyardError(f"{path}: image is not a name of lower-case letters, digits and -.", "Name the image.")
    return image


def parse(name: str, document: Mapping[str, Any], folder: str, *, operators: bool = False) -> Recipe:
    """One recipe document. Raises NodeyardError for an unknown key or an unsupported version."""
    where = f"{folder}/recipe.yml"
    if not isinstance(document, Mapping) or not all(isinstance(document.get(key, []), list) for key in _LISTS):
        raise NodeyardError(f"{where} must be a mapping, with lists under {', '.join(_LISTS)}.")
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        raise NodeyardError(f"{where} has an unknown key: {unknown[0]}.", f"Known keys: {', '.join(sorted(_KEYS))}.")
    if document.get("version") != 1:
        raise NodeyardError(f"{where} has version {document.get('version')}; this version of manage reads version 1.")
    if document.get("kind") not in ("dockerfile", "root"):
        raise NodeyardError(f"{where}: kind must be dockerfile or root.")
    programs = document.get("programs")
    return Recipe(
        name=name,
        kind=document["kind"],
        folder=folder,
        base=document.get("base", ""),
        upstream_base=document.get("upstream_base", ""),
        ours=document.get("ours", False) or operators,
        operators=operators,
        host_certificates=document.get("host_certificates", False),
        programs=Programs(str(programs["version"]), tuple(programs["names"])) if programs else None,
        suite=document.get("suite", ""),
        **{key: tuple(document.get(key, ())) for key in _LISTS},
    )


def files(recipe: Recipe, paths: Iterable[str], checkout: Path = CHECKOUT) -> Iterator[tuple[str, Path]]:
    """(path in the build context, file) of each of `paths` in a stable order; Python caches in folders are left out.

    The context has the paths of the checkout, except that the recipe's own folder is always `images/<name>`, so that
    moving it rebuilds nothing. Raises NodeyardError with the name of a missing input.
    """
    own = f"{recipe.context_folder}/"
    for name in paths:
        start = checkout / (f"{recipe.folder}/{name.removeprefix(own)}" if name.startswith(own) else name)
        if start.is_file():
            yield name, start
        elif start.is_dir():
            prefix = len(f"{checkout}/")
            yield from ((path[prefix:], Path(path)) for path in sorted(_below(start), key=lambda path: path.split("/")))
        else:
            raise NodeyardError(
                f"An image needs {name}, which the checkout does not have.", "Check that the checkout is complete."
            )


def _below(folder: Path) -> Iterator[str]:
    """The regular files below `folder`. Strings, because the manager's image has hundreds and every plan reads them."""
    for parent, folders, names in os.walk(folder):
        folders[:] = (name for name in folders if name not in _LEFT_OUT)
        yield from (path for name in names if os.path.isfile(path := f"{parent}/{name}"))  # noqa: PTH113


def fingerprint(
    name: str,
    recipes: Mapping[str, Recipe],
    source: ImageSource = "local",
    certificates: Certificates | None = None,
    checkout: Path = CHECKOUT,
    *,
    read: dict[str, list[list[str]]] | None = None,
) -> str:
    """sha256 hex over the recipe, its Dockerfile, the content of its inputs and the fingerprint of its base.

    Prebuilt programs are not part of it: they replace what the recipe would compile. `read` remembers the inputs that
    were read, for callers who ask for several images at one moment.
    """
    recipe = recipes[name]
    read = {} if read is None else read
    if source == "upstream" and recipe.upstream_base:
        base = recipe.upstream_base
    else:
        base = fingerprint(recipe.base, recipes, source, certificates, checkout, read=read) if recipe.base else ""
    lines = [["base", base], ["recipe", _digest(checkout / recipe.folder / "recipe.yml")]]
    for start in (*_own(recipe), *recipe.inputs):
        if start not in read:
            read[start] = [
                ["input", path, _mode(file), _digest(file)] for path, file in files(recipe, [start], checkout)
            ]
        lines += read[start]
    if recipe.host_certificates:
        lines += [
            ["certificate", file, hashlib.sha256(pem).hexdigest()] for file, pem in sorted((certificates or {}).items())
        ]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def compile_key(recipe: Recipe, checkout: Path = CHECKOUT) -> str:
    """sha256 hex over what a recipe's programs are compiled from; part of their file names in the cache."""
    paths = (f"{recipe.context_folder}/compile.Dockerfile", *recipe.inputs)
    return hashlib.sha256(
        json.dumps([[path, _digest(file)] for path, file in files(recipe, paths, checkout)]).encode()
    ).hexdigest()


def _own(recipe: Recipe) -> tuple[str, ...]:
    names = ["Dockerfile"] if recipe.kind == "dockerfile" else []
    if recipe.programs:
        names.append("compile.Dockerfile")
    return tuple(f"{recipe.context_folder}/{name}" for name in names)


def _read(path: Path, *, ours: bool = False) -> Any:
    try:
        return bounded_yaml.load(path.read_text(encoding="utf-8"), ours=ours)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise NodeyardError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _mode(path: Path) -> str:
    """Only whether it is executable: the other bits of a checkout depend on the umask."""
    return "x" if path.stat().st_mode & 0o100 else "-"
