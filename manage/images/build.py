"""Build one image and keep what the builder said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from manage.errors import NodeyardError
from manage.images import context, hostside, programs, root, store
from manage.images.log import Log
from manage.images.model import LABEL_RECIPE, Recipe
from manage.images.workshop import Workshop
from manage.installation.layout import CHECKOUT


@dataclass(frozen=True)
class Job:
    """One image to make."""

    recipe: Recipe
    tag: str
    fingerprint: str
    base: str
    """Reference of the image to build on, "" for a root."""


def make(job: Job, workshop: Workshop, checkout: Path = CHECKOUT) -> None:
    """Build one image; NodeyardError with the last lines of its output."""
    name = job.recipe.name
    with Log(workshop.layout.log_dir / f"image-{name}.log", name, workshop.progress) as log:
        try:
            if job.recipe.kind == "root":
                root.make(job.recipe, job.tag, job.fingerprint, log.say)
            else:
                _build(job, workshop, log, checkout)
        except store.BuildFailed as error:
            raise NodeyardError(
                f"Building image {name} failed: {error}.", f"{log.ending()}\nThe whole log: {log.path}"
            ) from error


def _build(job: Job, workshop: Workshop, log: Log, checkout: Path) -> None:
    files: Mapping[str, Path] = {}
    if job.recipe.programs:
        files = programs.find(job.recipe, job.recipe.programs, workshop.layout) or programs.compile_all(
            job.recipe, job.recipe.programs, job.base, workshop, log.say
        )
    arguments = {**hostside.build_arguments(), "BASE": job.base}
    with context.pack(job.recipe, certificates=workshop.certificates, programs=files, checkout=checkout) as archive:
        for line in store.build(workshop.api, archive, job.tag, arguments, {LABEL_RECIPE: job.fingerprint}):
            log.say(line)
