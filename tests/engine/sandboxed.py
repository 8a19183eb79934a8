"""The sandbox installed with tiny images in place of its own: every command works on it, no service does its job.

For tests and benches of what `manage` itself does: nothing is built, and all containers run in seconds.
"""

from __future__ import annotations

from typing import Any

from manage import config
from manage.catalog import load_catalog
from manage.images import host_settings, lock, recipe
from manage.images.lock import Locked
from manage.installation import identity
from manage.installation.layout import Layout
from manage.render import image_names
from manage.render.model import Image
from tests.engine import tiny


def install(api: Any, layout: Layout, project: str, port_base: int) -> None:
    """Write stack.yml, the identity and an image lock that names tiny images made from today's sources."""
    layout.dir.mkdir(parents=True, exist_ok=True)
    catalog = load_catalog()
    config.write_initial(
        layout.stack_file,
        name="bench",
        profiles=("sandbox",),
        network="sandbox",
        image_source="local",
        port_base=port_base,
        catalog=catalog,
    )
    identity.create(layout, project=project)
    recipes, certificates = recipe.load(), host_settings.certificates()
    locked = {}
    for name in image_names(catalog, config.load(layout.stack_file, catalog)):
        reference, digest = tiny.ensure(api, f"endless-{name}", endless=True)
        fingerprint = recipe.fingerprint(name, recipes, "local", certificates)
        locked[name] = Locked(Image(name, reference, digest, fingerprint), "local", digest)
    lock.write(layout, locked)
