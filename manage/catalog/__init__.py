"""What can be deployed: profiles, services, relations and rules as data, strictly checked."""

from manage.catalog.catalog import Catalog, load_catalog

__all__ = ["Catalog", "load_catalog"]
