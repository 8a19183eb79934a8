"""Which images the engine has, and how the missing ones are made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from manage import words
from manage.engine.client import Api, connect
from manage.events import Event, Progress
from manage.images import build, lock, pull, recipe, store, unpinned
from manage.images.environment import BuildEnvironment
from manage.images.model import Recipe, reference
from manage.render.model import Image

LONGEST_SILENCE_S = 3600
"""A compiler may print nothing for many minutes."""


class Inventory:
    """Which images the engine has, and how the others are made."""

    def __init__(
        self, environment: BuildEnvironment, pulled: Mapping[str, str], earlier: Mapping[str, lock.Locked]
    ) -> None:
        """`pulled`: image, or `upstream_base` of a recipe -> the reference to pull."""
        self._environment = environment
        self._pulled = dict(pulled)
        self._earlier = earlier
        self._present = store.local_images(environment.api)
        self._fingerprints: dict[str, str] = {}

    def missing(self, names: Iterable[str]) -> Mapping[str, str]:
        """Every image to make or pull, bases of `names` included -> the base it needs first, "" for none."""
        found: dict[str, str] = {}
        for name in names:
            needed = name
            while needed and needed not in found and self._is_missing(needed):
                found[needed] = "" if needed in self._pulled else self._base(self._environment.recipes[needed])
                needed = found[needed]
        return found

    def _is_missing(self, name: str) -> bool:
        if name in self._pulled:
            return not pull.is_current(self._earlier.get(name), self._environment.api)
        return self._tag(name) not in self._present

    def pin(self, missing: Mapping[str, str], trust: unpinned.Trust) -> None:
        """Give every image a digest that is pulled for `missing`; `trust` is asked about those without one."""
        wanted = {name: self._pulled[name] for name in (*missing, *missing.values()) if name in self._pulled}
        self._pulled |= unpinned.pin(wanted, self._earlier, self._environment.api, trust)

    def locked(self, name: str, api: Api) -> lock.Locked:
        """The lock's entry of an image that the engine has."""
        earlier = self._earlier.get(name)
        if name in self._pulled and earlier:
            return earlier
        tag = self._tag(name)
        engine_id = self._present.get(tag) or store.engine_id(api, tag)
        if earlier and earlier.image.reference == tag and earlier.engine_id == engine_id:
            return earlier
        return lock.Locked(Image(name, tag, store.config_digest(api, tag), self._fingerprint(name)), "local", engine_id)

    def make(self, name: str, progress: Progress) -> lock.Locked:
        """Build or pull one image on a connection of its own; its base exists already."""
        with connect(timeout_s=LONGEST_SILENCE_S) as api:
            environment = replace(self._environment, api=api, progress=progress)
            if name in self._pulled:
                return pull.locked(name, self._pulled[name], self._earlier.get(name), api, progress)
            entry = environment.recipes[name]
            started = time.monotonic()
            progress(Event("step", name, f"Building image {name}"))
            job = build.Job(entry, self._tag(name), self._fingerprint(name), self._base_reference(entry))
            build.make(job, environment)
            took = words.duration(time.monotonic() - started)
            progress(Event("done", name, f"Image {name} built in {took}"))
            return self.locked(name, api)

    def _base(self, entry: Recipe) -> str:
        """The recipe or the pulled image that it is built on; "" for a root."""
        return entry.upstream_base if self._pulls_base(entry) else entry.base

    def _base_reference(self, entry: Recipe) -> str:
        if self._pulls_base(entry):
            return self._pulled[entry.upstream_base]
        return self._tag(entry.base) if entry.base else ""

    def _pulls_base(self, entry: Recipe) -> bool:
        return self._environment.source == "upstream" and bool(entry.upstream_base)

    def _tag(self, name: str) -> str:
        return reference(name, self._fingerprint(name))

    def _fingerprint(self, name: str) -> str:
        if name not in self._fingerprints:
            known = self._environment
            self._fingerprints[name] = recipe.fingerprint(name, known.recipes, known.source, known.certificates)
        return self._fingerprints[name]
