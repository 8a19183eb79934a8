"""Recipes of images in `images/` and the services, and their fingerprints: an unchanged one is never built twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from manage import bounded_yaml, untrusted
from manage.catalog import images as catalog_images
from manage.catalog import own_image
from manage.errors import NodeyardError
from manage.images.digests import Digests
from manage.images.model import ImageSource, Programs, Recipe
from manage.installation.layout import CHECKOUT

Certificates = Mapping[str, bytes]
"""File name -> PEM of the host's own CA certificates."""

_LEFT_OUT = ("__pycache__",)
_LISTS = ("inputs", "include", "dpkg_options")
_KEYS = {"version", "kind", "base", "upstream_base", "ours", "host_certificates", "programs", "suite", *_LISTS}


def load(
    checkout: Path = CHECKOUT, services: Path | None = None, images: Mapping[Path, str] | None = None
) -> Mapping[str, Recipe]:
    """Every recipe by name: the checkout's, and those of the operator's `services`.

    `images` are the images of service folders that the caller has read already. Raises NodeyardError with the file of
    an invalid recipe.
    """
    recipes = {
        name: parse(name, _read(path, ours=True), path.parent.relative_to(checkout).as_posix())
        for name, path in catalog_images.recipes(checkout, images or {}).items()
    }
    shipped = frozenset(recipes)
    if services:
        for name, path in of_operators(services, "recipe.yml", shipped, shipped, images or {}):
            recipes[name] = parse(name, _read(path), str(path.parent), operators=True)
    return dict(sorted(recipes.items()))


def of_operators(
    services: Path, file: str, taken: Collection[str], bases: Collection[str], images: Mapping[Path, str]
) -> Iterator[tuple[str, Path]]:
    """(image, path) of each `file` in the folders `image/` of the operator's services.

    Raises NodeyardError for an image of a `taken` name and for every problem of a folder; an image can be built on
    `bases`.
    """
    for path in catalog_images.image_files(services, file):
        name = catalog_images.image_of(path.parent.parent, images)
        if name in taken:
            raise NodeyardError(f"{path}: the image {name} is Nodeyard's.", "Give yours another name in service.yml.")
        own_image.require_valid(path.parent, name, bases)
        yield name, path


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
    for name in paths:
        yield from ((context, Path(path)) for context, path, _found in _found(recipe, name, checkout))


def _found(recipe: Recipe, name: str, checkout: Path) -> Iterator[tuple[str, str, os.stat_result]]:
    """(path in the build context, file, what the file system says of it) of one of the paths of `files`.

    Strings, because the manager's image has hundreds of files and every plan looks at them.
    """
    own = f"{recipe.context_folder}/"
    start = str(checkout / (f"{recipe.folder}/{name.removeprefix(own)}" if name.startswith(own) else name))
    try:
        found = os.stat(start)  # noqa: PTH116
    except OSError:
        found = None
    if found is not None and stat.S_ISREG(found.st_mode):
        yield name, start, found
    elif found is not None and stat.S_ISDIR(found.st_mode):
        prefix = len(f"{checkout}/")
        below = sorted(_below(start), key=lambda entry: entry[0].split("/"))
        yield from ((path[prefix:], path, found) for path, found in below)
    else:
        raise NodeyardError(
            f"An image needs {name}, which the checkout does not have.", "Check that the checkout is complete."
        )


def _below(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """The regular files below `folder`, as `os.walk` finds them, with one request to the file system for each."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir():
            if entry.name not in _LEFT_OUT and not entry.is_symlink():
                yield from _below(entry.path)
        else:
            with contextlib.suppress(OSError):  # a link that leads nowhere
                found = entry.stat()
                if stat.S_ISREG(found.st_mode):
                    yield entry.path, found


def fingerprint(
    name: str,
    recipes: Mapping[str, Recipe],
    source: ImageSource = "local",
    certificates: Certificates | None = None,
    checkout: Path = CHECKOUT,
    *,
    digests: Digests | None = None,
) -> str:
    """sha256 hex over the recipe, its Dockerfile, the content of its inputs and the fingerprint of its base.

    Prebuilt programs are not part of it: they replace what the recipe would compile. `digests` remembers the inputs
    that were read, for callers who ask for several images at one moment.
    """
    recipe = recipes[name]
    digests = Digests() if digests is None else digests
    if source == "upstream" and recipe.upstream_base:
        base = recipe.upstream_base
    else:
        base = fingerprint(recipe.base, recipes, source, certificates, checkout, digests=digests) if recipe.base else ""
    document = str(checkout / recipe.folder / "recipe.yml")
    lines = [["base", base], ["recipe", digests.of(document, os.stat(document))]]  # noqa: PTH116
    for start in (*_own(recipe), *recipe.inputs):
        if start not in digests.lines:
            digests.lines[start] = [
                ["input", path, _mode(found), digests.of(file, found)]
                for path, file, found in _found(recipe, start, checkout)
            ]
        lines += digests.lines[start]
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
        return bounded_yaml.load(untrusted.text(path), ours=ours)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", "") or " ".join(str(error).split())
        raise NodeyardError(f"{path} cannot be read: {reason}.") from error


def _digest(path: Path) -> str:
    with path.open("rb") as stream:  # a regular file, see `files`
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _mode(found: os.stat_result) -> str:
    """Only whether it is executable: the other bits of a checkout depend on the umask."""
    return "x" if found.st_mode & 0o100 else "-"
