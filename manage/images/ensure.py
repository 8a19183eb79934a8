"""The images that a stack needs: missing ones are built or pulled, several at a time, and the result is locked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping

from manage.engine.client import Api, connect
from manage.errors import NodeyardError
from manage.events import Progress
from manage.host import builds
from manage.images import freshness, host_settings, lock, operators, parallel, pull, recipe, store, unpinned
from manage.images.environment import BuildEnvironment
from manage.images.inventory import LONGEST_SILENCE_S, Inventory
from manage.images.model import ImageSource
from manage.images.operators import Confirm
from manage.images.unpinned import Trust
from manage.installation.layout import Layout
from manage.render.model import Image


def images_of(
    layout: Layout, progress: Progress, confirm: Confirm = operators.refuse, trust: Trust = unpinned.refuse
) -> Mapping[str, Image]:
    """`images` for everything that the installation's stack.yml asks for, from the source that it names."""
    from manage import config, render
    from manage.catalog import load_catalog

    catalog = load_catalog(layout)
    stack = config.load(layout.stack_file, catalog)
    return images(
        render.image_names(catalog, stack), layout, progress, stack.image_source, confirm=confirm, trust=trust
    )


def images(
    names: Iterable[str],
    layout: Layout,
    progress: Progress,
    source: ImageSource = "local",
    *,
    confirm: Confirm = operators.refuse,
    trust: Trust = unpinned.refuse,
) -> Mapping[str, Image]:
    """Build or pull every image of `names` that is missing, and lock all of them in `images.json`.

    An image whose recipe did not change is kept. Images of our own are always built here. `confirm` is asked before a
    Dockerfile of the operator's own services is built, `trust` before an image is pulled whose digest nobody recorded.
    Raises NodeyardError with the name of an image that the source does not have, or with a failed build's last lines.
    """
    recipes = recipe.load(services=layout.services_dir)
    own = {name for name, entry in recipes.items() if entry.ours}
    pulled = (
        {}
        if source == "local"
        else {name: ref for name, ref in pull.upstream(services=layout.services_dir).items() if name not in own}
    )
    bases = {} if source == "local" else pull.bases(recipes, pulled)
    names = tuple(dict.fromkeys(names))
    require_known(names, recipes if source == "local" else own | pulled.keys(), source)
    earlier = lock.entries(layout)
    freshness.require_same_source(earlier, names, recipes, source)
    if new := operators.unbuilt(layout, names, earlier, source):
        confirm(new)
    locked = dict(earlier)
    with connect(timeout_s=LONGEST_SILENCE_S) as api, _building(api):
        environment = BuildEnvironment(api, recipes, layout, source, host_settings.certificates(), progress)
        inventory = Inventory(environment, {**bases, **pulled}, earlier)

        def finished(name: str, entry: lock.Locked) -> None:
            if name in (*names, *bases) and locked.get(name) != entry:
                locked[name] = entry
                lock.write(layout, locked)

        missing = inventory.missing(names)
        inventory.pin(missing, trust)
        for name in names:
            if name not in missing:
                finished(name, inventory.locked(name, api))
        workers = len(os.sched_getaffinity(0))
        parallel.run(missing, inventory.make, finished, progress, workers=workers, cancelled=environment.cancelled)
    return {name: locked[name].image for name in names}


@contextlib.contextmanager
def _building(api: Api) -> Iterator[None]:
    """Others may build on this machine at the same time; the last one removes the stages of all."""
    try:
        with builds.build_lock():
            yield
    finally:
        with builds.purge_lock() as alone:
            if alone:
                store.remove_stages(api)


def require_known(names: Iterable[str], known: Iterable[str], source: ImageSource) -> None:
    """Raise NodeyardError for the first image that this source does not have."""
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
