"""Build one image and keep the builder's output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from manage.errors import NodeyardError
from manage.images import context, host_settings, programs, root, store
from manage.images.environment import BuildEnvironment
from manage.images.log import Log
from manage.images.model import LABEL_IMAGE, LABEL_RECIPE, Recipe
from manage.immutable import dataclass
from manage.installation.layout import CHECKOUT


@dataclass(frozen=True)
class Job:
    """One image to make."""

    recipe: Recipe
    tag: str
    fingerprint: str
    base: str
    """Reference of the image to build on, "" for a root."""


def make(job: Job, environment: BuildEnvironment, checkout: Path = CHECKOUT) -> None:
    """Build one image. Raises NodeyardError with the last lines of its output."""
    name = job.recipe.name
    path = environment.layout.log_dir / f"image-{name}.log"
    with Log(path, name, environment.progress, environment.cancelled) as log:
        try:
            if job.recipe.kind == "root":
                root.make(job.recipe, job.tag, job.fingerprint, log.write)
            else:
                _build(job, environment, log, checkout)
        except store.BuildFailed as error:
            raise NodeyardError(
                f"Building image {name} failed: {error}.", f"{log.last_lines()}\nThe whole log: {log.path}"
            ) from error


def _build(job: Job, environment: BuildEnvironment, log: Log, checkout: Path) -> None:
    files: Mapping[str, Path] = {}
    if job.recipe.programs:
        files = programs.find(job.recipe, job.recipe.programs, environment.layout) or programs.compile_all(
            job.recipe, job.recipe.programs, job.base, environment, log.write
        )
    arguments = {**host_settings.build_arguments(), "BASE": job.base}
    with context.pack(job.recipe, certificates=environment.certificates, programs=files, checkout=checkout) as archive:
        for line in store.build(environment.api, archive, job.tag, arguments, _labels(job)):
            log.write(line)


def _labels(job: Job) -> dict[str, str]:
    """Labels that say whose the image is; our own Dockerfiles name the image themselves."""
    named = {LABEL_IMAGE: job.recipe.name} if job.recipe.operators else {}
    return {LABEL_RECIPE: job.fingerprint, **named}
