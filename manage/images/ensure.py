"""The images that a stack needs: what is missing is built or pulled, in order, and what came of it is locked."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping

from manage import words
from manage.engine.client import Api, connect
from manage.errors import NodeyardError
from manage.events import Event, Progress
from manage.host import builds
from manage.images import hostside, lock, pull, recipe, stale, store
from manage.images.build import Job, make
from manage.images.model import ImageSource, Recipe, reference
from manage.images.workshop import Workshop
from manage.installation.layout import Layout
from manage.render.model import Image

_LONGEST_SILENCE_S = 3600
"""A compiler may be silent for many minutes."""


def ensure_for(layout: Layout, progress: Progress) -> Mapping[str, Image]:
    """`ensure` for everything that the installation's stack.yml asks for, from the source that it names."""
    from manage import config, render
    from manage.catalog import load_catalog

    catalog = load_catalog(layout)
    stack = config.load(layout.stack_file, catalog)
    return ensure(render.image_names(catalog, stack), layout, progress, stack.image_source)


def ensure(
    names: Iterable[str], layout: Layout, progress: Progress, source: ImageSource = "local"
) -> Mapping[str, Image]:
    """Have every image of `names`, built here or pulled, and lock them in `images.json`.

    Nothing is done for an image whose recipe did not change. An image of our own is always built here. NodeyardError
    names an image that the source cannot give, or shows the last lines of a failed build.
    """
    recipes = recipe.load()
    own = {name for name, entry in recipes.items() if entry.ours}
    pulled = {} if source == "local" else {name: ref for name, ref in pull.upstream().items() if name not in own}
    names = tuple(dict.fromkeys(names))
    refuse_unknown(names, recipes if source == "local" else own | pulled.keys(), source)
    earlier = lock.entries(layout)
    stale.require_source(earlier, names, recipes, source)
    locked = dict(earlier)
    with connect(timeout_s=_LONGEST_SILENCE_S) as api, _building(api):
        builder = _Builder(Workshop(api, recipes, layout, source, hostside.certificates(), progress))
        for name in names:
            if name in pulled:
                locked[name] = pull.locked(name, pulled[name], earlier.get(name), api, progress)
            else:
                locked[name] = builder.locked(name, earlier.get(name))
            if locked[name] != earlier.get(name):
                lock.write(layout, locked)
    return {name: locked[name].image for name in names}


@contextlib.contextmanager
def _building(api: Api) -> Iterator[None]:
    """Others may build on this machine, too; who ends last clears up after all."""
    try:
        with builds.build_lock():
            yield
    finally:
        with builds.purge_lock() as alone:
            if alone:
                store.drop_stages(api)


def refuse_unknown(names: Iterable[str], known: Iterable[str], source: ImageSource) -> None:
    """NodeyardError for the first image that this source cannot give."""
    for name in names:
        if name in known:
            continue
        if source == "local":
            raise NodeyardError(
                f"The image {name} cannot be built on this host: images/ has no recipe for it.",
                "Set `images.source: upstream` in stack.yml where a registry can be reached, or leave the service out.",
            )
        raise NodeyardError(
            f"The image {name} cannot be pulled: {pull.UPSTREAM_FILE} has no entry for it.",
            "Set `images.source: local` in stack.yml, or leave the service out.",
        )


class _Builder:
    """Which of our images the engine has, and how the others are made."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._there = dict(store.ours(workshop.api))
        self._fingerprints: dict[str, str] = {}

    def locked(self, name: str, earlier: lock.Locked | None) -> lock.Locked:
        """The lock's entry for a local image, which is built first if it is not there."""
        tag = self._provide(name)
        if earlier and earlier.image.reference == tag and earlier.engine_id == self._there[tag]:
            return earlier
        image = Image(name, tag, store.config_digest(self._workshop.api, tag), self._fingerprint(name))
        return lock.Locked(image, "local", self._there[tag])

    def _fingerprint(self, name: str) -> str:
        if name not in self._fingerprints:
            shop = self._workshop
            self._fingerprints[name] = recipe.fingerprint(name, shop.recipes, shop.source, shop.certificates)
        return self._fingerprints[name]

    def _provide(self, name: str) -> str:
        """The tag of `name`, made with all it stands on unless it is there."""
        tag = reference(name, self._fingerprint(name))
        if tag not in self._there:
            entry = self._workshop.recipes[name]
            base = self._base(entry)
            started = time.monotonic()
            self._workshop.progress(Event("step", name, f"Building image {name}"))
            make(Job(entry, tag, self._fingerprint(name), base), self._workshop)
            took = words.duration(time.monotonic() - started)
            self._workshop.progress(Event("done", name, f"Image {name} built in {took}"))
            self._there[tag] = store.engine_id(self._workshop.api, tag)
        return tag

    def _base(self, entry: Recipe) -> str:
        if self._workshop.source == "upstream" and entry.upstream_base:
            pull.fetch(entry.name, entry.upstream_base, self._workshop.progress)
            return entry.upstream_base
        return self._provide(entry.base) if entry.base else ""
