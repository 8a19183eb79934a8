"""What every step of making images needs at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from manage.engine.client import Api
from manage.events import Progress
from manage.images.model import ImageSource, Recipe
from manage.images.recipe import Certificates
from manage.installation.layout import Layout


@dataclass(frozen=True)
class BuildEnvironment:
    """One run: the engine, the recipes, and what of the host goes into images."""

    api: Api
    recipes: Mapping[str, Recipe]
    layout: Layout
    source: ImageSource
    certificates: Certificates
    progress: Progress
