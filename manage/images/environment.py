"""What every image build needs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import field

from manage.engine.client import Api
from manage.events import Progress
from manage.images.model import ImageSource, Recipe
from manage.images.recipe import Certificates
from manage.immutable import dataclass
from manage.installation.layout import Layout


@dataclass(frozen=True)
class BuildEnvironment:
    """The engine, the recipes, and what the host contributes to images."""

    api: Api
    recipes: Mapping[str, Recipe]
    layout: Layout
    source: ImageSource
    certificates: Certificates
    progress: Progress
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Set when the person interrupts the command: a build then stops at its next line of output."""
