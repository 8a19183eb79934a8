"""Programs of chain nodes: taken prebuilt, from the cache, or compiled from their source package."""

from __future__ import annotations

import io
import os
import platform
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from manage.engine.client import Api
from manage.errors import NodeyardError
from manage.images import context, host_settings, store
from manage.images.environment import BuildEnvironment
from manage.images.model import LABEL_STAGE, REPOSITORY, Programs, Recipe
from manage.images.recipe import compile_key
from manage.installation.layout import Layout

CACHE_VARIABLE = "NODEYARD_IMAGE_CACHE"


def find(recipe: Recipe, programs: Programs, layout: Layout) -> Mapping[str, Path] | None:
    """Every program of the recipe as a file, prebuilt or compiled earlier; None when one of them must be compiled."""
    found: dict[str, Path] = {}
    for program in programs.names:
        names = (_prebuilt(program, programs), _compiled(program, programs, recipe))
        candidates = [folder / name for folder in _folders(layout) for name in names]
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is None:
            return None
        found[program] = path
    return found


def compile_all(
    recipe: Recipe, programs: Programs, base: str, environment: BuildEnvironment, write: Callable[[str], None]
) -> Mapping[str, Path]:
    """Compile in a container made of `base`, keep the programs in the cache and remove the rest.

    `write` gets each line of the compiler. Raises NodeyardError when the cache cannot be written, and `BuildFailed`
    when the compilation fails.
    """
    api = environment.api
    folder = _writable_folder(environment.layout)
    reference = f"{REPOSITORY}/{recipe.name}-compile:{compile_key(recipe)[:12]}"
    with context.pack(recipe, "compile.Dockerfile") as archive:
        for line in store.build(api, archive, reference, {**host_settings.build_arguments(), "BASE": base}, {}):
            write(line)
    try:
        container = api.create_container(reference, command=["none"], labels={LABEL_STAGE: recipe.name})["Id"]
        try:
            return {
                program: _copy_out(api, container, program, folder / _compiled(program, programs, recipe))
                for program in programs.names
            }
        finally:
            api.remove_container(container)
    finally:
        api.remove_image(reference)


def _prebuilt(program: str, programs: Programs) -> str:
    return f"{program}-{programs.version}-{platform.machine()}"


def _compiled(program: str, programs: Programs, recipe: Recipe) -> str:
    return f"{_prebuilt(program, programs)}-{compile_key(recipe)[:12]}"


def _folders(layout: Layout) -> tuple[Path, ...]:
    named = os.environ.get(CACHE_VARIABLE)
    return (Path(named), layout.cache_dir) if named else (layout.cache_dir,)


def _writable_folder(layout: Layout) -> Path:
    """The first cache folder that can be written, found before the minutes of compiling."""
    for folder in _folders(layout):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return folder
    raise NodeyardError(
        f"The cache folder {_folders(layout)[-1]} cannot be written.",
        f"Set {CACHE_VARIABLE} to a folder that can be written.",
    )


def _copy_out(api: Api, container: str, program: str, target: Path) -> Path:
    """Copy `/out/<program>` out of the container."""
    chunks, _stat = api.get_archive(container, f"/out/{program}")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        fresh = target.with_name(f"{target.name}.new")
        fresh.write_bytes(store.read_member(archive, program))
    fresh.chmod(0o755)
    fresh.replace(target)
    return target
