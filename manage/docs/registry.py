"""Every generated document, one line each."""

from __future__ import annotations

from collections.abc import Mapping

from manage.catalog import docs as catalog
from manage.catalog import load_catalog
from manage.cli import docs as cli
from manage.config import docs as config
from manage.docs import architecture, proof, services
from manage.docs.files import Document, page
from manage.installation.layout import CHECKOUT
from manage.render import reference


def _below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": content for path, content in files.items()}


DOCUMENTS = (
    page("docs/cli.md", cli.document),
    page("docs/config.md", lambda: config.page(load_catalog())),
    page("docs/service-files.md", catalog.service_files_page),
    page("docs/drivers.md", catalog.drivers_page),
    page("docs/proof.md", lambda: proof.page(CHECKOUT)),
    page("docs/architecture.md", lambda: architecture.page(CHECKOUT, load_catalog())),
    Document("docs/services/", lambda: services.pages(CHECKOUT)),
    Document("compose/", lambda: _below("compose", reference.rendered(load_catalog()))),
)
