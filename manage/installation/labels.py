"""Labels that say what is ours; every destructive act is scoped by them."""

LABEL_INSTALLATION = "io.nodeyard.installation"
"""On every container, network and volume: the installation's id. It never changes."""
LABEL_SERVICE = "io.nodeyard.service"
LABEL_SPEC = "io.nodeyard.spec"
"""On containers: the digest of everything they were made from (`manage.render.spec`)."""
