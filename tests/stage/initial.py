"""An installation as `manage init` leaves it."""

from __future__ import annotations

from manage.catalog import Catalog, load_catalog
from manage.config import write_initial
from manage.installation import identity
from manage.installation.layout import Layout


def initialise(layout: Layout, catalog: Catalog | None = None) -> None:
    """Write the identity and the stack.yml of a sandbox with local images."""
    identity.create(layout)
    write_initial(
        layout.stack_file,
        name="home",
        profiles=("sandbox",),
        network="sandbox",
        image_source="local",
        port_base=8600,
        catalog=catalog or load_catalog(),
    )
