"""What every step of making images needs at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from manage.apply.events import Progress
from manage.engine.client import Api
from manage.host.layout import Layout
from manage.images.model import ImageSource, Recipe
from manage.images.recipe import Certificates


@dataclass(frozen=True)
class Workshop:
    """One run: the engine, the recipes, and what of the host goes into images."""

    api: Api
    recipes: Mapping[str, Recipe]
    layout: Layout
    source: ImageSource
    certificates: Certificates
    progress: Progress
