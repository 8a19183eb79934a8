"""Labels of the objects that Nodeyard creates; every destructive operation is limited by them."""

LABEL_INSTALLATION = "io.nodeyard.installation"
"""On every container, network and volume: the installation's id. It never changes."""
LABEL_SERVICE = "io.nodeyard.service"
LABEL_SPEC = "io.nodeyard.spec"
"""On containers: the digest of everything they were created from (`manage.render.spec`)."""
MARKER_PREFIX = ".nodeyard-"


def chain_marker(service: str, installation: str) -> str:
    """Name of the file that identifies a chain folder: `.nodeyard-<service>-<installation id>`."""
    return f"{MARKER_PREFIX}{service}-{installation}"
